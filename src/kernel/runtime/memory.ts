/** The kernel's allocator, safe against preemption. */
import { panicText } from '../trap/panic'
import { enterKernel, leaveKernel } from '../task/critical'
import { allocateBlock, releaseBlock } from './tlsf'

/** As `heap.alloc`: never 0, because a kernel without memory cannot go on; `tryAllocate` is for what may fail. */
export function allocate(size: usize): usize {
  const address = tryAllocate(size)
  if (address == 0) panicText('out of memory')
  return address
}

/** At least `size` bytes aligned to 16, or 0. */
export function tryAllocate(size: usize): usize {
  enterKernel()
  const address = allocateBlock(size)
  leaveKernel()
  return address
}

/** As `heap.free`; 0 is allowed. */
export function release(address: usize): void {
  if (address == 0) return
  enterKernel()
  releaseBlock(address)
  leaveKernel()
}
