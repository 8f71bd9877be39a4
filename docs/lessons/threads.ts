/** Lesson 3: two threads that compute and never ask the kernel for anything. */
import { console, join, spawn } from 'onering'

function count(rounds: u32): void {
  let sum: u64 = 0
  for (let n: u32 = 0; n < rounds; n++) sum += n
  console.log(`the sum of ${rounds} numbers is ${sum}`)
}

export function main(): i32 {
  const other = spawn(count, 5_000_000)
  count(6_000_000)
  join(other)
  return 0
}
