/** Where the kernel's heap gets memory: whole pages, contiguous, from the identity-mapped frames. */
import { allocateFrames, PAGE_SIZE } from '../mm/frames'

/** Frames are asked for in batches, so that a growing heap stays in few regions. */
const BATCH: usize = 256 * 1024

/** A fresh region of at least `bytes` bytes whose first word tells its length; 0 when memory is used up. */
export function growHeap(bytes: usize): usize {
  const pages = (max<usize>(bytes, BATCH) + PAGE_SIZE - 1) / PAGE_SIZE
  let start = allocateFrames(pages)
  let length = pages * PAGE_SIZE
  if (start == 0 && bytes < BATCH) {
    length = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
    start = allocateFrames(length / PAGE_SIZE)
  }
  if (start != 0) store<usize>(start, length)
  return start
}
