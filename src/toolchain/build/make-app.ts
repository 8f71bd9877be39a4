/** Makes an image: what has not been compiled is, then all is linked. */
import { basename, dirname } from 'node:path'
import { calls } from '../../kernel/api/calls.ts'
import { compileGuest, type GuestProgram } from '../asc/compile.ts'
import { ProgramError } from '../asc/error.ts'
import { kernelFolder, locateSource } from '../asc/sources.ts'
import { compile } from '../compiler/index.ts'
import { entryCode } from '../entry/index.ts'
import type { LinkMode } from '../entry/link-mode.ts'
import { link } from '../link/link.ts'
import type { ObjectFile } from '../object.ts'
import type { BuildOptions, BuiltApp } from './build-app.ts'
import { areUnchanged, hashFolders, hashText, keep, load, toolchainHash } from './cache.ts'
import { withPrefix, withStaticMemory } from './prefix.ts'
import { findUnresolved } from './unresolved.ts'
import { applicationProgram, kernelProgram, wholeProgram } from './programs.ts'

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

/** The user's program, alone or with the kernel: from the cache if every file that it was made from is as it was. */
async function buildProgram(
  path: string,
  mode: LinkMode,
  options: BuildOptions,
): Promise<Compiled & { cached: boolean }> {
  const whole = mode.way === 'lto'
  const key = hashText(whole ? 'whole' : 'application', path, toolchainHash())
  const known = options.cache === false ? undefined : load<Compiled>(key)
  if (known && areUnchanged(known.read)) return { ...known, cached: true }
  options.onProgress?.(`compiling ${basename(path)}${whole ? ' together with the kernel' : ''}`)
  const folder = dirname(path)
  const program = whole ? wholeProgram(path, folder) : applicationProgram(path, folder)
  const compiled = await compileProgram(program, whole ? 'kernel' : 'application')
  if (options.cache !== false) keep(key, compiled)
  return { ...compiled, cached: false }
}

/** An image, and the user's files that it was made from. */
export interface MadeApp extends BuiltApp {
  /** Path → SHA-256. */
  readonly read: ReadonlyMap<string, string>
}

/** The application at the absolute `path`, linked in `mode`, whose full name is `name`. Throws ProgramError and LinkError. */
export async function makeApp(path: string, mode: LinkMode, name: string, options: BuildOptions): Promise<MadeApp> {
  const program = await buildProgram(path, mode, options)
  const kernel = mode.way === 'lto' ? undefined : await buildKernel(mode, options)
  options.onProgress?.(`linking (${name})`)
  const entry = entryCode(mode, calls)
  const inKernel = kernel?.object ?? program.object
  const image = link({
    kernel: [inKernel, entry.kernel],
    application: kernel && entry.application ? [program.object, entry.application] : [],
    pvhEntry: 'boot.pvh',
    ...(options.multiboot === false ? {} : { multibootEntry: 'boot.multiboot' }),
    locate: (file) => locateSource(file, dirname(path)),
  })
  return { image, cached: program.cached && (kernel?.cached ?? true), read: program.read }
}
