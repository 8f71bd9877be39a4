/** `select`: readiness of descriptors that are bits of two sets. `poll` does the work. */
import { EBADF, EINVAL, ENOMEM } from '../api/errno'
import { ENTRY, INVALID, MOST_ENTRIES, poll } from './poll'
import { READY_ERR, READY_HUP, READY_IN, READY_OUT } from '../net/socket'

/** Two u32, bits of 32 descriptors: those for reading, then those for writing. */
const WORD: usize = 8

/** Entries for the descriptors in the sets, in their order: how many. */
function fill(entries: usize, sets: usize, words: u32): u32 {
  let count: u32 = 0
  for (let word: u32 = 0; word < words; word++) {
    const reading = load<u32>(sets + word * WORD)
    const writing = load<u32>(sets + word * WORD, 4)
    for (let rest = reading | writing; rest != 0; rest &= rest - 1) {
      const bit = ctz(rest)
      const entry = entries + count++ * ENTRY
      store<u32>(entry, word * 32 + bit)
      store<u32>(entry, (((reading >> bit) & 1) * READY_IN) | (((writing >> bit) & 1) * READY_OUT), 4)
    }
  }
  return count
}

/** Leaves in the sets what is ready: how many bits, or -EBADF. */
function collect(entries: usize, count: u32, sets: usize, words: u32): i32 {
  memory.fill(sets, 0, words * WORD)
  let ready = 0
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + i * ENTRY
    const readiness = load<u32>(entry, 8)
    if (readiness == 0) continue
    if (readiness & INVALID) return -EBADF
    const interest = load<u32>(entry, 4)
    const number = load<u32>(entry)
    const word = sets + <usize>(number >> 5) * WORD
    const bit: u32 = 1 << (number & 31)
    if (interest & READY_IN && readiness & (READY_IN | READY_HUP | READY_ERR)) {
      store<u32>(word, load<u32>(word) | bit)
      ready++
    }
    if (interest & READY_OUT && readiness & (READY_OUT | READY_ERR)) {
      store<u32>(word, load<u32>(word, 4) | bit, 4)
      ready++
    }
  }
  return ready
}

function countBits(sets: usize, words: u32): u32 {
  let count: u32 = 0
  for (let word: u32 = 0; word < words; word++)
    count += popcnt(load<u32>(sets + word * WORD) | load<u32>(sets + word * WORD, 4))
  return count
}

/** As POSIX `select`: `words` pairs of u32 at `sets`; they keep the bits that are ready. */
export function select(sets: usize, words: u32, timeoutMs: i32): i32 {
  if (words > MOST_ENTRIES / 32) return -EINVAL
  const count = countBits(sets, words)
  const entries = heap.alloc(max<usize>(count * ENTRY, ENTRY))
  if (entries == 0) return -ENOMEM
  fill(entries, sets, words)
  const result = poll(entries, count, timeoutMs)
  const ready = result < 0 ? result : collect(entries, count, sets, words)
  heap.free(entries)
  return ready
}
