/** Lesson 3: a function that calls itself without an end. */
import { console } from 'onering'

function depth(n: u64): u64 {
  return depth(n + 1) + n
}

export function main(): i32 {
  console.log(`the depth is ${depth(1)}`)
  return 0
}
