/** The runtime of AssemblyScript in an application that is compiled by itself. */
import { clock } from '../api/gen/kernel'
import { print } from '../api/application/console'
import { failWith } from './failure'

export { visit } from './collector'
export { collect, newObject, renewObject } from './managed'
export { allocate, reallocate, release } from './memory'

/** What `assert` and `throw` become. */
export function abort(message: string | null, _file: string | null, _line: u32, _column: u32): void {
  failWith(message === null ? 'abort' : message)
}

export function trace(message: string, _count: i32, _a0: f64, _a1: f64, _a2: f64, _a3: f64, _a4: f64): void {
  print(message + '\n')
}

/** Seeds `Math.random`. */
export function seed(): f64 {
  return <f64>clock(0)
}
