/**
 * The allocator of an application that is compiled by itself. Threads are preempted anywhere, so a flag guards the heap;
 * who finds it taken lets the others run.
 */
import { yieldNow } from '../api/gen/kernel'
import { exchange32 } from '../lib/atomic'
import { failWith } from './failure'
import { allocateBlock, releaseBlock } from './tlsf'

const lock: usize = memory.data(4, 16)

function enter(): void {
  while (exchange32(lock, 1) != 0) yieldNow()
}

function leave(): void {
  exchange32(lock, 0)
}

/** As `heap.alloc`: never 0; a program without memory is stopped. */
export function allocate(size: usize): usize {
  enter()
  const address = allocateBlock(size)
  leave()
  if (address == 0) failWith('out of memory')
  return address
}

/** As `heap.free`; 0 is allowed. */
export function release(address: usize): void {
  if (address == 0) return
  enter()
  releaseBlock(address)
  leave()
}
