/** Lesson 1: reads a register that belongs to the kernel. */
import { console } from 'onering'
import { readCr0 } from './cpu'

export function main(): i32 {
  console.log('reading CR0 …')
  const cr0 = readCr0()
  console.log(`CR0 is 0x${cr0.toString(16)}: paging is ${(cr0 >> 31) & 1 ? 'on' : 'off'}`)
  return 0
}
