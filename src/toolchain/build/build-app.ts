/** From the path of an application to a bootable image, which is kept: the second time nothing is compiled, linked or even loaded for it. */
import { resolve } from 'node:path'
import { ProgramError } from '../asc/error.ts'
import { kernelFolder } from '../asc/sources.ts'
import { findLinkMode, linkModes } from '../entry/link-mode.ts'
import { LinkError } from '../link/options.ts'
import { areUnchanged, hashFolders, hashText, keep, load, toolchainHash } from './cache.ts'

export interface BuildOptions {
  /** How the application reaches the kernel, one of `linkModes`; `direct` by default. */
  readonly link?: string
  /** Told what is being done, in a few words. */
  readonly onProgress?: (text: string) => void
  /** Whether to look into the cache and to fill it; true by default. */
  readonly cache?: boolean
  /** Whether the image has a multiboot header besides the PVH note; true by default. */
  readonly multiboot?: boolean
}

export interface BuiltApp {
  /** The ELF image. */
  readonly image: Uint8Array
  /** Whether nothing had to be compiled. */
  readonly cached: boolean
}

/** An image and the user's files that it was made from: path → SHA-256. */
interface KeptImage {
  readonly image: Uint8Array
  readonly read: ReadonlyMap<string, string>
}

/**
 * Compiles the application at `path` and links it with the kernel.
 *
 * @throws RangeError when there is no such link mode
 * @throws ProgramError when the application does not compile, has no `main`, or uses what the kernel does not offer
 */
export async function buildApp(path: string, options: BuildOptions = {}): Promise<BuiltApp> {
  const name = options.link ?? 'direct'
  const mode = findLinkMode(name)
  if (!mode) throw new RangeError(`${name}: no such link mode; there are ${linkModes.join(', ')}`)
  const absolute = resolve(path)
  const hashes = [toolchainHash(), hashFolders([kernelFolder])]
  const key = hashText('image', absolute, name, String(options.multiboot !== false), ...hashes)
  const kept = options.cache === false ? undefined : load<KeptImage>(key)
  if (kept && areUnchanged(kept.read)) return { image: kept.image, cached: true }
  // The compilers take longer to load than a machine to start.
  const { makeApp } = await import('./make-app.ts')
  try {
    const { image, cached, read } = await makeApp(absolute, mode, name, options)
    if (options.cache !== false) keep(key, { image, read } satisfies KeptImage)
    return { image, cached }
  } catch (error) {
    if (error instanceof LinkError) throw new ProgramError([{ file: path, message: error.message }])
    throw error
  }
}
