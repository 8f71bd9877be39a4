import type { ObjectFile } from '../object.ts'

export interface LinkOptions {
  /** Objects of the kernel's part, mapped where they lie in physical memory. */
  readonly kernel: readonly ObjectFile[]
  /** Objects of the application's part, mapped in the application's window; none when it is part of the kernel. */
  readonly application?: readonly ObjectFile[]
  /** The entry for PVH loaders. */
  readonly pvhEntry: string
  /** The entry for multiboot loaders; without it the image has no multiboot header. */
  readonly multibootEntry?: string
  /** Name of a source file in an object → its absolute path, for debuggers. */
  readonly locate?: (file: string) => string
}

/** Something about the objects does not fit together. The message lists everything that is wrong. */
export class LinkError extends Error {
  override name = 'LinkError'
}
