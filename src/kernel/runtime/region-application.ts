/** Where the heap of an application gets memory: the kernel extends the application's window. */
import { growHeap as askKernel } from '../api/gen/kernel'

const BATCH: usize = 256 * 1024

/** A fresh region of at least `bytes` bytes whose first word tells its length; 0 when memory is used up. */
export function growHeap(bytes: usize): usize {
  const length = (max<usize>(bytes, BATCH) + 4095) & ~4095
  const start = <usize>askKernel(<u32>length)
  if (start != 0) store<usize>(start, length)
  return start
}
