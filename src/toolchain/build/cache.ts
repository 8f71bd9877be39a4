/** Results kept in the user's cache directory, keyed by the content of everything they were made from. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deserialize, serialize } from 'node:v8'

/** Entries that have not been used for this long are removed. */
const keepMs = 30 * 24 * 3600 * 1000

/** `$XDG_CACHE_HOME/onering`, or `~/.cache/onering`. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'onering')
}

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) yield* filesBelow(child)
    else if (/\.(?:ts|js)$/.test(entry.name)) yield child
  }
}

/** SHA-256 over the content of all sources below the folders. */
export function hashFolders(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders)
    for (const file of filesBelow(folder)) hash.update(file.slice(folder.length)).update('\0').update(readFileSync(file))
  return hash.digest('hex')
}

let ownHash: string | undefined

/** Changes whenever this toolchain does. */
export function toolchainHash(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return (ownHash ??= hashFolders([join(here, '..'), join(here, '../../isa')]))
}

export function hashText(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

const hashFile = (path: string): string | undefined =>
  existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined

/** Whether files, path → SHA-256, are as they were. */
export function areUnchanged(files: ReadonlyMap<string, string>): boolean {
  return [...files].every(([file, hash]) => hashFile(file) === hash)
}

/** The value kept under `key`, or undefined. A damaged entry counts as none. */
export function load<T>(key: string): T | undefined {
  const path = join(cacheFolder(), key)
  if (!existsSync(path)) return undefined
  try {
    return deserialize(readFileSync(path)) as T
  } catch {
    return undefined
  }
}

/** Keeps `value` under `key`. A cache that cannot be written is no cache, and no error. */
export function keep(key: string, value: unknown): void {
  const folder = cacheFolder()
  try {
    mkdirSync(folder, { recursive: true })
    const temporary = join(folder, `.${key}.${randomBytes(4).toString('hex')}`)
    writeFileSync(temporary, serialize(value))
    renameSync(temporary, join(folder, key))
    removeOld(folder)
  } catch {
    // Read-only home directories are common in containers.
  }
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (Date.now() - statSync(path).mtimeMs > keepMs) rmSync(path, { force: true })
  }
}
