/** Calls, one after the other, for those who look at each of their instructions. */
import { getppid, print } from 'onering'

const CALLS = 2000

export function main(): i32 {
  let sum = 0
  for (let i = 0; i < CALLS; i++) sum += getppid() + 1
  print(`${sum} calls\n`)
  return 0
}
