/**
 * The allocator of an application that is compiled by itself. Threads are preempted anywhere, so a flag guards the heap;
 * who finds it taken lets the others run.
 */
import { yieldNow } from '../api/gen/kernel'
import { exchange32 } from '../lib/atomic'
import { failWith } from './failure'
import { allocateBlock, capacityOf, releaseBlock } from './tlsf'

const lock: usize = memory.data(4, 16)

/** Keeps the other threads out of the heap. */
export function lockHeap(): void {
  while (exchange32(lock, 1) != 0) yieldNow()
}

export function unlockHeap(): void {
  exchange32(lock, 0)
}

/** What a program without memory comes to. */
export function outOfMemory(): void {
  failWith('out of memory')
}

/** As `heap.alloc`: never 0; a program without memory is stopped. */
export function allocate(size: usize): usize {
  lockHeap()
  const address = allocateBlock(size)
  unlockHeap()
  if (address == 0) outOfMemory()
  return address
}

/** As `heap.free`; 0 is allowed. */
export function release(address: usize): void {
  if (address == 0) return
  lockHeap()
  releaseBlock(address)
  unlockHeap()
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
