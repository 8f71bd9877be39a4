import { readFileSync } from 'node:fs'
import { UsageError } from './errors.ts'

/** The bytes of a file that an option names, or null when the option is not given. */
export function readOptionalFile(path: string | undefined, option: string): Uint8Array | null {
  if (path === undefined) return null
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(
      `${option} ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
}
