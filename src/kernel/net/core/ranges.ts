import { seqLess, seqLessEqual, seqMax, seqMin } from '../tcp/sequence'

/** A sorted list of disjoint, non-touching ranges [start, end) of sequence numbers, bounded in number. */

const LIMIT: u32 = 128

@unmanaged
export class Ranges {
  count: u32 = 0
  /** Sequence numbers covered, together. */
  bytes: u32 = 0
  private capacity: u32 = 0
  private slots: usize = 0

  start(index: u32): u32 {
    return load<u32>(this.slots + index * 8)
  }

  end(index: u32): u32 {
    return load<u32>(this.slots + index * 8, 4)
  }

  /** The end of the last range. There must be one. */
  get last(): u32 {
    return this.end(this.count - 1)
  }

  /** Adds a range, merging; false if it would be one range too many. */
  add(start: u32, end: u32): bool {
    // The newest range is usually the last: search from there.
    let index = this.count
    while (index > 0 && seqLessEqual(start, this.end(index - 1))) index--
    let until = index
    let left = start
    let right = end
    while (until < this.count && seqLessEqual(this.start(until), right)) {
      left = seqMin(left, this.start(until))
      right = seqMax(right, this.end(until))
      this.bytes -= this.end(until) - this.start(until)
      until++
    }
    if (until == index) {
      if (this.count == LIMIT) return false
      this.makeRoom()
      const slot = this.slots + index * 8
      memory.copy(slot + 8, slot, (this.count - index) * 8)
      this.count++
    } else if (until > index + 1) {
      const slot = this.slots + index * 8
      memory.copy(slot + 8, this.slots + until * 8, (this.count - until) * 8)
      this.count -= until - index - 1
    }
    const slot = this.slots + index * 8
    store<u32>(slot, left)
    store<u32>(slot, right, 4)
    this.bytes += right - left
    return true
  }

  /** Forgets everything before a sequence number. */
  trim(before: u32): void {
    let gone: u32 = 0
    while (gone < this.count && seqLessEqual(this.end(gone), before)) {
      this.bytes -= this.end(gone) - this.start(gone)
      gone++
    }
    if (gone) {
      this.count -= gone
      memory.copy(this.slots, this.slots + gone * 8, this.count * 8)
    }
    if (this.count && seqLess(this.start(0), before)) {
      this.bytes -= before - this.start(0)
      store<u32>(this.slots, before)
    }
  }

  /** How many numbers of [start, end) are covered. */
  within(start: u32, end: u32): u32 {
    let covered: u32 = 0
    for (let index: u32 = 0; index < this.count; index++) {
      if (seqLessEqual(end, this.start(index))) break
      const left = seqMax(start, this.start(index))
      const right = seqMin(end, this.end(index))
      if (seqLess(left, right)) covered += right - left
    }
    return covered
  }

  /** The index of the range that holds a number, or `count`. */
  find(sequence: u32): u32 {
    let index: u32 = 0
    while (
      index < this.count &&
      !(seqLessEqual(this.start(index), sequence) && seqLess(sequence, this.end(index)))
    )
      index++
    return index
  }

  clear(): void {
    this.count = 0
    this.bytes = 0
  }

  release(): void {
    if (this.slots) heap.free(this.slots)
    this.slots = 0
    this.capacity = 0
    this.clear()
  }

  free(): void {
    this.release()
    heap.free(changetype<usize>(this))
  }

  private makeRoom(): void {
    if (this.count < this.capacity) return
    const capacity = this.capacity == 0 ? 8 : this.capacity * 2
    const slots = heap.alloc(capacity * 8)
    if (this.slots) {
      memory.copy(slots, this.slots, this.count * 8)
      heap.free(this.slots)
    }
    this.slots = slots
    this.capacity = capacity
  }
}
