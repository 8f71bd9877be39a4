/** SipHash-1-3 (Aumasson, Bernstein) under a random key: clients cannot choose keys that collide. */
import { random } from 'onering'

let key0: u64 = 0
let key1: u64 = 0

export function seedHash(): void {
  const key = new Uint8Array(16)
  random(key)
  key0 = load<u64>(key.dataStart)
  key1 = load<u64>(key.dataStart, 8)
}

let v0: u64 = 0
let v1: u64 = 0
let v2: u64 = 0
let v3: u64 = 0

function round(): void {
  v0 += v1
  v1 = rotl(v1, 13) ^ v0
  v0 = rotl(v0, 32)
  v2 += v3
  v3 = rotl(v3, 16) ^ v2
  v0 += v3
  v3 = rotl(v3, 21) ^ v0
  v2 += v1
  v1 = rotl(v1, 17) ^ v2
  v2 = rotl(v2, 32)
}

function absorb(word: u64): void {
  v3 ^= word
  round()
  v0 ^= word
}

export function hashOf(start: usize, length: u32): u32 {
  v0 = key0 ^ 0x736f6d6570736575
  v1 = key1 ^ 0x646f72616e646f6d
  v2 = key0 ^ 0x6c7967656e657261
  v3 = key1 ^ 0x7465646279746573
  const whole = length & ~7
  for (let i: u32 = 0; i < whole; i += 8) absorb(load<u64>(start + i))
  let last = (<u64>length) << 56
  for (let i = whole; i < length; i++) last |= (<u64>load<u8>(start + i)) << ((i & 7) << 3)
  absorb(last)
  v2 ^= 0xff
  round()
  round()
  round()
  return <u32>(v0 ^ v1 ^ v2 ^ v3)
}
