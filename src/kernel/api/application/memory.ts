/** Memory in whole pages. What `new` and `heap` give is the heap's, which is another thing. */
import { mapMemory as map, unmapMemory as unmap } from '../gen/kernel'

/** Zeros, `bytes` rounded up to pages: the address, or 0. A page takes memory when it is first touched. */
export function mapMemory(bytes: u32): usize {
  return <usize>map(bytes)
}

/** Gives back what `mapMemory` has given at `address`: 0, or a negative errno. */
export function unmapMemory(address: usize): i32 {
  return unmap(<u32>address)
}
