/** Bytes that grow at the end and are consumed at the beginning. Empty, it holds no memory. */
import { give, isRoomFor, take } from './memory'

const LEAST: u32 = 1024

export class Buffer {
  private block: usize = 0
  private size: u32 = 0
  private first: u32 = 0
  private last: u32 = 0
  /** Bytes were lost because there was no memory for them: what is here is good for nothing. */
  isOverfull: bool = false

  get start(): usize {
    return this.block + this.first
  }

  get length(): u32 {
    return this.last - this.first
  }

  /** Room for `bytes` bytes behind the last one: its address, or 0. Slices of the buffer are void then. */
  reserve(bytes: u32): usize {
    if (this.size - this.last < bytes && !this.grow(bytes)) return 0
    return this.block + this.last
  }

  private grow(bytes: u32): bool {
    const length = this.length
    const size = max(LEAST, max(length + bytes, length * 2))
    if (this.isOverfull || size < bytes || (size > LEAST && !isRoomFor(size))) {
      this.isOverfull = true
      return false
    }
    const block = take(size)
    memory.copy(block, this.start, length)
    give(this.block)
    this.block = block
    this.size = size
    this.first = 0
    this.last = length
    return true
  }

  /** `bytes` bytes have been written where `reserve` had room. */
  extend(bytes: u32): void {
    this.last += bytes
  }

  append(from: usize, bytes: u32): void {
    const to = this.reserve(bytes)
    if (to == 0) return
    memory.copy(to, from, bytes)
    this.last += bytes
  }

  consume(bytes: u32): void {
    this.first += bytes
    if (this.first != this.last) return
    this.first = this.last = 0
    if (this.size > LEAST) this.release()
  }

  release(): void {
    give(this.block)
    this.block = 0
    this.size = this.first = this.last = 0
  }
}
