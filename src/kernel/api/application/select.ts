/** Waiting for many descriptors at once, as POSIX `select` has it. */
import { select as selectBits } from '../gen/kernel'

const WORD: usize = 8

/** Descriptors for reading and for writing, each a bit. */
export class DescriptorSets {
  private words: StaticArray<u32>

  /** Room for descriptors below `end`. */
  constructor(end: i32 = 1024) {
    this.words = new StaticArray<u32>(((end + 31) >> 5) * 2)
  }

  private at(fd: i32, offset: usize): usize {
    return changetype<usize>(this.words) + <usize>(fd >> 5) * WORD + offset
  }

  private set(fd: i32, offset: usize): void {
    assert(fd >= 0 && fd >> 5 < this.words.length >> 1, 'no room for the descriptor')
    const word = this.at(fd, offset)
    store<u32>(word, load<u32>(word) | (1 << (fd & 31)))
  }

  private has(fd: i32, offset: usize): bool {
    return (
      fd >= 0 && fd >> 5 < this.words.length >> 1 && ((load<u32>(this.at(fd, offset)) >> (fd & 31)) & 1) != 0
    )
  }

  clear(): void {
    memory.fill(changetype<usize>(this.words), 0, (<usize>this.words.length) << 2)
  }

  addReading(fd: i32): void {
    this.set(fd, 0)
  }

  addWriting(fd: i32): void {
    this.set(fd, 4)
  }

  hasReading(fd: i32): bool {
    return this.has(fd, 0)
  }

  hasWriting(fd: i32): bool {
    return this.has(fd, 4)
  }

  get address(): usize {
    return changetype<usize>(this.words)
  }

  get length(): u32 {
    return <u32>this.words.length >> 1
  }
}

/** Waits up to `timeoutMs` (negative: for ever) and leaves in `sets` what is ready: how many, or a negative errno. */
export function select(sets: DescriptorSets, timeoutMs: i32 = -1): i32 {
  return selectBits(sets.address, sets.length, timeoutMs)
}
