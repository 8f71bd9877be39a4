/** From the path of an application to a bootable image. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { calls } from '../../kernel/api/calls.ts'
import { compileGuest, type GuestProgram } from '../asc/compile.ts'
import { ProgramError } from '../asc/error.ts'
import { kernelFolder, locateSource } from '../asc/sources.ts'
import { compile } from '../compiler/index.ts'
import { entryCode } from '../entry/index.ts'
import { findLinkMode, linkModes, type LinkMode } from '../entry/link-mode.ts'
import { link } from '../link/link.ts'
import { LinkError } from '../link/options.ts'
import type { ObjectFile } from '../object.ts'
import { hashFolders, hashText, keep, load, toolchainHash } from './cache.ts'
import { withPrefix, withStaticMemory } from './prefix.ts'
import { findUnresolved } from './unresolved.ts'
import { applicationProgram, kernelProgram, wholeProgram } from './programs.ts'

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

/** An object and the files that it was made from. */
interface Compiled {
  readonly object: ObjectFile
  /** Path → SHA-256. */
  readonly read: ReadonlyMap<string, string>
}

async function compileProgram(program: GuestProgram, name: string): Promise<Compiled> {
  const { wasm, sourceMap, staticEnd } = await compileGuest(program)
  const object = compile(wasm, { name, sourceMap, tableBase: program.tableBase })
  if (!program.hasInitialisers && object.symbols.some((symbol) => symbol.name === `${name}.start`))
    throw new Error(`${name}: a module variable has an initialiser that needs code`)
  const unresolved = findUnresolved(object, (file) => program.sources.display(file), program.path ?? name)
  if (unresolved.length > 0) throw new ProgramError(unresolved)
  const reserved = withStaticMemory(object, program.memoryBase, staticEnd)
  return { object: withPrefix(reserved, name), read: program.sources.read }
}

/** The kernel for `mode`, from the cache if its sources and the toolchain are as they were. */
async function buildKernel(mode: LinkMode, options: BuildOptions): Promise<{ object: ObjectFile; cached: boolean }> {
  const isChecked = mode.way !== 'direct'
  const key = hashText('kernel', isChecked ? 'checked' : 'direct', toolchainHash(), hashFolders([kernelFolder]))
  const known = options.cache === false ? undefined : load<ObjectFile>(key)
  if (known) return { object: known, cached: true }
  options.onProgress?.('compiling the kernel (once)')
  const { object } = await compileProgram(kernelProgram(isChecked, kernelFolder), 'kernel')
  if (options.cache !== false) keep(key, object)
  return { object, cached: false }
}

const hashFile = (path: string): string | undefined =>
  existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined

/** The user's program, alone or with the kernel: from the cache if every file that it was made from is as it was. */
async function buildProgram(
  path: string,
  mode: LinkMode,
  options: BuildOptions,
): Promise<{ object: ObjectFile; cached: boolean }> {
  const whole = mode.way === 'lto'
  const key = hashText(whole ? 'whole' : 'application', path, toolchainHash())
  const known = options.cache === false ? undefined : load<Compiled>(key)
  if (known && [...known.read].every(([file, hash]) => hashFile(file) === hash))
    return { object: known.object, cached: true }
  options.onProgress?.(`compiling ${basename(path)}${whole ? ' together with the kernel' : ''}`)
  const folder = dirname(path)
  const program = whole ? wholeProgram(path, folder) : applicationProgram(path, folder)
  const compiled = await compileProgram(program, whole ? 'kernel' : 'application')
  if (options.cache !== false) keep(key, compiled)
  return { object: compiled.object, cached: false }
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
  const program = await buildProgram(absolute, mode, options)
  const kernel = mode.way === 'lto' ? undefined : await buildKernel(mode, options)
  options.onProgress?.(`linking (${name})`)
  const entry = entryCode(mode, calls)
  const inKernel = kernel?.object ?? program.object
  try {
    const image = link({
      kernel: [inKernel, entry.kernel],
      application: kernel && entry.application ? [program.object, entry.application] : [],
      pvhEntry: 'boot.pvh',
      ...(options.multiboot === false ? {} : { multibootEntry: 'boot.multiboot' }),
      locate: (file) => locateSource(file, dirname(absolute)),
    })
    return { image, cached: program.cached && (kernel?.cached ?? true) }
  } catch (error) {
    if (error instanceof LinkError) throw new ProgramError([{ file: path, message: error.message }])
    throw error
  }
}
