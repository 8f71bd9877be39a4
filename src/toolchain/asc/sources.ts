/**
 * The source files as the AssemblyScript compiler sees them. The user's entry file stands at the root, wherever it
 * really lies, so that names in the image do not depend on the machine that built it; the kernel is the package
 * `onering`, which the compiler knows as `~lib/onering/…`; files that the driver makes up are given by name.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The kernel's sources. Seen from `src/toolchain/asc/` and from `dist/toolchain/asc/` alike, they are at
 * `src/kernel/` of the package.
 */
export const kernelFolder: string = fileURLToPath(new URL('../../../src/kernel/', import.meta.url))

const packagePath = /(?:^|\/)node_modules\/onering\/(.+)$/

/** Absolute path of a file that the compiler names, for a program whose entry lies in `folder`. */
export function locateSource(
  name: string,
  folder: string,
  redirects: ReadonlyMap<string, string> = new Map(),
): string {
  const inPackage = /^~lib\/onering\/(.+)$/.exec(name)?.[1]
  if (inPackage !== undefined) return join(kernelFolder, redirects.get(inPackage) ?? inPackage)
  return name.startsWith('~lib/') ? name : resolve(folder, name)
}

export class Sources {
  /** Folder of the user's entry file, or of the kernel when there is none. */
  readonly folder: string
  readonly generated: ReadonlyMap<string, string>
  /** Absolute path → SHA-256 of each file that was read. */
  readonly read: Map<string, string> = new Map()
  private readonly redirects: ReadonlyMap<string, string>

  /**
   * `generated` gives the text of files that exist only here, by the name the compiler asks for; `redirects` gives
   * files of the kernel, relative to its folder, in place of others.
   */
  constructor(
    folder: string,
    generated: ReadonlyMap<string, string>,
    redirects: ReadonlyMap<string, string> = new Map(),
  ) {
    this.folder = folder
    this.generated = generated
    this.redirects = redirects
  }

  /** The text of the file that the compiler asks for by `name`, or null. */
  readFile(name: string): string | null {
    const made = this.generated.get(name)
    if (made !== undefined) return made
    const inPackage = packagePath.exec(name.replaceAll('\\', '/'))?.[1]
    if (inPackage === undefined && name.includes('node_modules/')) return null
    const path =
      inPackage === undefined
        ? resolve(this.folder, name)
        : join(kernelFolder, this.redirects.get(inPackage) ?? inPackage)
    if (!existsSync(path)) return null
    const text = readFileSync(path, 'utf8')
    this.read.set(path, createHash('sha256').update(text).digest('hex'))
    return text
  }

  /** Where a file that the compiler names (in a diagnostic or a source map) really lies. */
  locate(name: string): string {
    return locateSource(name, this.folder, this.redirects)
  }

  /** Text of the user's or the kernel's file that the compiler names; null for what the driver or the compiler made up. */
  text(name: string): string | null {
    const path = this.locate(name)
    return !this.generated.has(name) && existsSync(path) ? readFileSync(path, 'utf8') : null
  }

  /** The same for people: relative to the working directory if it lies below it. */
  display(name: string): string {
    const path = this.locate(name)
    const short = relative(process.cwd(), path)
    return short.startsWith('..') || path.startsWith('~') ? path : short
  }
}
