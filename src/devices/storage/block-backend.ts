/**
 * What lies behind a disk: bytes, read and written in place. Synchronous: while a backend waits for its medium, the guest's time stands still,
 * so that a run is repeatable however slow the host is. (A backend in a worker may wait for work done elsewhere with `Atomics.wait`.)
 */
import type { Stateful } from '../device.ts'

/** Bytes of one sector; the size of a backend is a multiple of it. */
export const SECTOR_BYTES = 512

export interface BlockBackend extends Stateful<unknown> {
  /** A multiple of SECTOR_BYTES. */
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  /** Fills `target` from byte `offset` on. Throws a BlockError when the medium fails, and when the range is not wholly inside. */
  read(offset: number, target: Uint8Array): void
  /** Throws a BlockError as `read` does, and on a read-only medium. */
  write(offset: number, source: Uint8Array): void
  /** What was written is on the medium afterwards. */
  flush(): void
  /** The bytes are not needed any more: they read as zero, or as they were. */
  discard?(offset: number, length: number): void
  close(): void
}

/** The medium cannot do what was asked; devices answer it with their own error status. */
export class BlockError extends Error {
  override name = 'BlockError'
}

/** Whether sectors `sector` … `sector + count` exist. */
export function hasSectors(backend: BlockBackend, sector: number, count: number): boolean {
  return sector + count <= backend.sizeBytes / SECTOR_BYTES
}

/** Throws unless `length` bytes from `offset` on lie inside the medium. */
export function checkRange(backend: BlockBackend, offset: number, length: number): void {
  if (!(offset >= 0 && offset + length <= backend.sizeBytes))
    throw new BlockError(`bytes ${offset} … ${offset + length} of a medium of ${backend.sizeBytes} bytes`)
}
