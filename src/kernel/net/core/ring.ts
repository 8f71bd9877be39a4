import { Budget } from './budget'

/**
 * A byte ring that grows by doubling up to a limit. Bytes may also be placed beyond its end (`writeAt`), which is how
 * TCP keeps segments that arrive out of order without a queue of their own.
 */

const MINIMUM: u32 = 2048

@unmanaged
export class Ring {
  /** Bytes ready to be read. */
  length: u32 = 0
  limit: u32
  private base: usize = 0
  /** A power of two, or 0. */
  private capacity: u32 = 0
  private head: u32 = 0
  private budget: Budget

  constructor(limit: u32, budget: Budget) {
    this.limit = limit
    this.budget = budget
  }

  /** How many more bytes the limit allows. */
  get room(): u32 {
    return this.limit > this.length ? this.limit - this.length : 0
  }

  /** Makes sure that `total` bytes fit, keeping the first `keep` bytes; false if the budget does not allow it. */
  reserve(total: u32, keep: u32): bool {
    if (total <= this.capacity) return true
    let capacity = this.capacity == 0 ? MINIMUM : this.capacity
    while (capacity < total) capacity <<= 1
    if (!this.budget.take(capacity)) return false
    const base = heap.alloc(capacity)
    if (base == 0) {
      this.budget.give(capacity)
      return false
    }
    if (this.base) {
      this.copyOut(base, 0, keep < this.capacity ? keep : this.capacity)
      heap.free(this.base)
      this.budget.give(this.capacity)
    }
    this.base = base
    this.capacity = capacity
    this.head = 0
    return true
  }

  /** Appends as much as fits; how many bytes that was. */
  write(data: usize, length: u32): u32 {
    let count = min(length, this.room)
    if (!this.reserve(this.length + count, this.length)) count = min(count, this.capacity - this.length)
    this.place(this.length, data, count)
    this.length += count
    return count
  }

  /** Puts bytes at an offset from the head without making them readable. `reserve` must have been called. */
  place(offset: u32, data: usize, length: u32): void {
    if (length == 0) return
    const at = (this.head + offset) & (this.capacity - 1)
    const first = min(length, this.capacity - at)
    memory.copy(this.base + at, data, first)
    if (first < length) memory.copy(this.base, data + first, length - first)
  }

  /** Copies bytes at an offset from the head, without removing them. The bytes must be there. */
  copyOut(target: usize, offset: u32, length: u32): void {
    if (length == 0) return
    const at = (this.head + offset) & (this.capacity - 1)
    const first = min(length, this.capacity - at)
    memory.copy(target, this.base + at, first)
    if (first < length) memory.copy(target + first, this.base, length - first)
  }

  /** Removes up to `length` bytes from the head. */
  drop(length: u32): void {
    this.head = (this.head + length) & (this.capacity - 1)
    this.length -= length
  }

  /** Bytes that fit without more memory. */
  get spare(): u32 {
    return this.capacity - this.length
  }

  /** Gives the memory back if memory is short and nothing is stored. */
  releaseIfTight(): void {
    if (this.length == 0 && this.base && this.budget.isTight) this.release()
  }

  release(): void {
    if (this.base) {
      heap.free(this.base)
      this.budget.give(this.capacity)
    }
    this.base = 0
    this.capacity = 0
    this.head = 0
    this.length = 0
  }

  free(): void {
    this.release()
    heap.free(changetype<usize>(this))
  }
}
