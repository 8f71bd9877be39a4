/**
 * Random numbers: ChaCha with 12 rounds in counter mode (RFC 8439 §2.3 but for the rounds), keyed from the entropy
 * device, and from the TSC where there is none. The key is replaced after each block, so that past output stays secret.
 */
import { rdtsc } from './cpu'

const state: usize = memory.data(64, 16)
const block: usize = memory.data(64, 16)
let used: u32 = 64

function quarter(a: usize, b: usize, c: usize, d: usize): void {
  let x = load<u32>(block + a)
  let y = load<u32>(block + b)
  let z = load<u32>(block + c)
  let w = load<u32>(block + d)
  x += y
  w = rotl(w ^ x, 16)
  z += w
  y = rotl(y ^ z, 12)
  x += y
  w = rotl(w ^ x, 8)
  z += w
  y = rotl(y ^ z, 7)
  store<u32>(block + a, x)
  store<u32>(block + b, y)
  store<u32>(block + c, z)
  store<u32>(block + d, w)
}

function refill(): void {
  memory.copy(block, state, 64)
  for (let round = 0; round < 6; round++) {
    quarter(0, 16, 32, 48)
    quarter(4, 20, 36, 52)
    quarter(8, 24, 40, 56)
    quarter(12, 28, 44, 60)
    quarter(0, 20, 40, 60)
    quarter(4, 24, 44, 48)
    quarter(8, 28, 32, 52)
    quarter(12, 16, 36, 56)
  }
  for (let i: usize = 0; i < 64; i += 4) store<u32>(block + i, load<u32>(block + i) + load<u32>(state + i))
  store<u64>(state, load<u64>(state, 48) + 1, 48)
  // The first half of each block becomes the next key and is never given out.
  memory.copy(state + 16, block, 32)
  used = 32
}

/** Mixes `length` bytes at `data` and the time into the key. */
export function addEntropy(data: usize, length: usize): void {
  store<u64>(state, 0x3320_646e_6170_7865)
  store<u64>(state, 0x6b20_6574_7962_2d32, 8)
  for (let i: usize = 0; i < length; i++) {
    const at = state + 16 + (i & 31)
    store<u8>(at, load<u8>(at) ^ load<u8>(data + i))
    if ((i & 31) == 31) refill()
  }
  store<u64>(state, load<u64>(state, 16) ^ rdtsc(), 16)
  refill()
  used = 64
}

/** 64 random bits. */
export function random64(): u64 {
  if (used > 56) refill()
  const value = load<u64>(block + used)
  store<u64>(block + used, 0)
  used += 8
  return value
}

/** Fills `length` bytes at `address`. */
export function fillRandom(address: usize, length: usize): void {
  let at: usize = 0
  for (; at + 8 <= length; at += 8) store<u64>(address + at, random64())
  if (at == length) return
  let rest = random64()
  for (; at < length; at++, rest >>= 8) store<u8>(address + at, <u8>rest)
}
