/** The kernel's allocator, safe against preemption. */
import { panicText } from '../trap/panic'
import { enterKernel, leaveKernel } from '../task/critical'
import { allocateBlock, capacityOf, releaseBlock } from './tlsf'

/** Keeps the other threads out of the heap. */
export function lockHeap(): void {
  enterKernel()
}

export function unlockHeap(): void {
  leaveKernel()
}

/** What a program without memory comes to. */
export function outOfMemory(): void {
  panicText('out of memory')
}

/** As `heap.alloc`: never 0, because a kernel without memory cannot go on; `tryAllocate` is for what may fail. */
export function allocate(size: usize): usize {
  const address = tryAllocate(size)
  if (address == 0) outOfMemory()
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

/** As `heap.realloc`. */
export function reallocate(address: usize, size: usize): usize {
  if (address == 0) return allocate(size)
  const capacity = capacityOf(address)
  if (size <= capacity) return address
  const larger = allocate(max(size, capacity + (capacity >> 1)))
  memory.copy(larger, address, capacity)
  release(address)
  return larger
}
