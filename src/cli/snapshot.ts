import { readFileSync, writeFileSync } from 'node:fs'
import type { Machine } from '../index.ts'
import { UsageError } from './errors.ts'
import { parseCount } from './options.ts'

/** `--save-at N FILE`. */
export interface SaveOrder {
  readonly instructions: number
  readonly path: string
}

const SAVE_AT = '--save-at'

/** An option with two values is not for the parser of the command line: makes `--save-at=N:FILE` of it. */
export function joinSaveAt(argv: readonly string[]): string[] {
  const at = argv.indexOf(SAVE_AT)
  if (at < 0) return [...argv]
  const [count, path] = argv.slice(at + 1, at + 3)
  if (count === undefined || path === undefined || path.startsWith('-'))
    throw new UsageError(`${SAVE_AT} takes two words: ${SAVE_AT} 1000000 FILE`)
  return [...argv.slice(0, at), `${SAVE_AT}=${count}:${path}`, ...argv.slice(at + 3)]
}

/** What `joinSaveAt` left. */
export function parseSaveAt(text: string): SaveOrder {
  const [count = '', ...path] = text.split(':')
  const instructions = parseCount(count, SAVE_AT, 0, Number.MAX_SAFE_INTEGER)
  if (path.join(':') === '')
    throw new UsageError(`${SAVE_AT} ${text}: name a file, as in ${SAVE_AT} 1000000 FILE`)
  return { instructions, path: path.join(':') }
}

export function readSnapshot(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(
      `--restore ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}

/** Writes the snapshot in which the run of `machine` ended. */
export async function writeSnapshot(machine: Machine, path: string): Promise<void> {
  const bytes = await machine.save()
  try {
    writeFileSync(path, bytes)
  } catch (error) {
    throw new UsageError(
      `${SAVE_AT} … ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}
