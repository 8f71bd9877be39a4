/**
 * The runtime of AssemblyScript for kernel and application compiled as one program: one heap, the kernel's, in which
 * the application's objects are collected.
 */
import { panicText } from '../trap/panic'

export { allocate, reallocate, release } from './memory'
export { visit } from './collector'
export { collect, newObject, renewObject } from './managed'

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
