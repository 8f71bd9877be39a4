/** Reads through a null pointer, two calls deep. */
import { print } from 'onering'
import { read32 } from './attacks/cpu'

function readNull(address: u32): u32 {
  return read32(address)
}

let times = 1

function outer(depth: u32): u32 {
  return depth == 0 ? readNull(8) : outer(depth - 1) + 1
}

export function main(): void {
  print('about to crash\n')
  times += <i32>outer(<u32>times)
}
