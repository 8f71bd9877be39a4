/** TAP 14 on the console. */
import { print } from 'onering'

let count = 0
let failures = 0

export function ok(condition: bool, name: string): void {
  count++
  if (!condition) failures++
  print(`${condition ? 'ok' : 'not ok'} ${count} - ${name}\n`)
}

/** Like `ok`, and shows both values where they differ. */
export function equal(actual: i64, expected: i64, name: string): void {
  ok(actual == expected, actual == expected ? name : `${name}: ${actual}, expected ${expected}`)
}

export function begin(): void {
  print('TAP version 14\n')
}

/** Prints the plan; the exit status of the program. */
export function finish(): i32 {
  print(`1..${count}\n`)
  return failures == 0 ? 0 : 1
}
