/** Memory of the store and of the connections' buffers, counted, so that it ends in an error reply and not in the end of the program. */
import { memoryStatistics } from 'onering'

/** In front of each block: its size, and what the heap itself needs. */
const HEADER: usize = 8
const OVERHEAD: usize = 16

let used: usize = 0
let limit: usize = 0

/** Half of what is free now belongs to the store; the rest is for the kernel's buffers and for copies while something grows. */
export function limitMemory(): void {
  limit = <usize>memoryStatistics().free / 2
}

export function memoryUsed(): usize {
  return used
}

export function memoryLimit(): usize {
  return limit
}

/** Whether commands that store something are refused. */
export function isMemoryShort(): bool {
  return used > limit
}

/** Whether a buffer may grow by `bytes`: buffers have an eighth more than the store. */
export function isRoomFor(bytes: usize): bool {
  return used + bytes <= limit + limit / 8
}

export function take(bytes: usize): usize {
  used += bytes + HEADER + OVERHEAD
  const block = heap.alloc(bytes + HEADER)
  store<u32>(block, <u32>bytes)
  return block + HEADER
}

export function give(address: usize): void {
  if (address == 0) return
  const block = address - HEADER
  used -= <usize>load<u32>(block) + HEADER + OVERHEAD
  heap.free(block)
}

/** A block of `bytes` bytes with what fits of the old block's first `kept` bytes; the old one is gone. */
export function retake(address: usize, kept: usize, bytes: usize): usize {
  const larger = take(bytes)
  memory.copy(larger, address, min(kept, bytes))
  give(address)
  return larger
}
