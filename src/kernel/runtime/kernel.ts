/**
 * The runtime of AssemblyScript inside the kernel, which uses only unmanaged classes and `heap`; managed objects exist
 * as constants.
 */
import { panicText } from '../trap/panic'

export { allocate, reallocate, release } from './memory'
export { collect, newObject, renewObject, visit } from './objects'

/** What `assert` and `throw` become. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  panicText(message === null ? 'abort' : message, file, line, column)
}

export function trace(
  _message: string,
  _count: i32,
  _a0: f64,
  _a1: f64,
  _a2: f64,
  _a3: f64,
  _a4: f64,
): void {}

export function seed(): f64 {
  return 0
}
