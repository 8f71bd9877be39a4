/** Rounds and message schedules of SHA-1 and SHA-256. FIPS 180-4; SDM Vol. 2, SHA1RNDS4 and kin. */
import { dword, result } from './operand'

/** SHA1NEXTE: doubleword 3 gets E of the next four rounds, from A four rounds ago. */
export function sha1NextE(cpu: usize): u64 {
  const e = dword(cpu, 1, 3) + rotl<u32>(dword(cpu, 0, 3), 30)
  return result(cpu, dword(cpu, 1, 0), dword(cpu, 1, 1), dword(cpu, 1, 2), e)
}

export function sha1Message1(cpu: usize): u64 {
  const w2 = dword(cpu, 0, 1)
  const w3 = dword(cpu, 0, 0)
  return result(
    cpu,
    dword(cpu, 1, 2) ^ w3,
    dword(cpu, 1, 3) ^ w2,
    w3 ^ dword(cpu, 0, 2),
    w2 ^ dword(cpu, 0, 3),
  )
}

export function sha1Message2(cpu: usize): u64 {
  const w16 = rotl<u32>(dword(cpu, 0, 3) ^ dword(cpu, 1, 2), 1)
  const w17 = rotl<u32>(dword(cpu, 0, 2) ^ dword(cpu, 1, 1), 1)
  const w18 = rotl<u32>(dword(cpu, 0, 1) ^ dword(cpu, 1, 0), 1)
  return result(cpu, rotl<u32>(dword(cpu, 0, 0) ^ w16, 1), w18, w17, w16)
}

/** FIPS 180-4, 4.1.1 and 4.2.1; `stage` is the round number divided by 20. */
function mixing(stage: u32, b: u32, c: u32, d: u32): u32 {
  if (stage == 0) return ((b & c) ^ (~b & d)) + 0x5a82_7999
  if (stage == 1) return (b ^ c ^ d) + 0x6ed9_eba1
  if (stage == 2) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1b_bcdc
  return (b ^ c ^ d) + 0xca62_c1d6
}

/** SHA1RNDS4: four rounds; E of the first is in the message's highest doubleword already. */
export function sha1Rounds(cpu: usize, stage: u32): u64 {
  let a = dword(cpu, 0, 3)
  let b = dword(cpu, 0, 2)
  let c = dword(cpu, 0, 1)
  let d = dword(cpu, 0, 0)
  let e: u32 = 0
  for (let i: u32 = 0; i < 4; i++) {
    const next = mixing(stage & 3, b, c, d) + rotl<u32>(a, 5) + dword(cpu, 1, 3 - i) + e
    e = d
    d = c
    c = rotl<u32>(b, 30)
    b = a
    a = next
  }
  return result(cpu, d, c, b, a)
}

function choose(x: u32, y: u32, z: u32): u32 {
  return (x & y) ^ (~x & z)
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) ^ (x & z) ^ (y & z)
}

/** SHA256RNDS2: two rounds; the third source holds the two words of the message with their constants added. */
export function sha256Rounds(cpu: usize): u64 {
  let a = dword(cpu, 1, 3)
  let b = dword(cpu, 1, 2)
  let c = dword(cpu, 0, 3)
  let d = dword(cpu, 0, 2)
  let e = dword(cpu, 1, 1)
  let f = dword(cpu, 1, 0)
  let g = dword(cpu, 0, 1)
  let h = dword(cpu, 0, 0)
  for (let i: u32 = 0; i < 2; i++) {
    const sum1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
    const sum0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
    const first = h + sum1 + choose(e, f, g) + dword(cpu, 2, i)
    const second = sum0 + majority(a, b, c)
    h = g
    g = f
    f = e
    e = d + first
    d = c
    c = b
    b = a
    a = first + second
  }
  return result(cpu, f, e, b, a)
}

function sigma0(w: u32): u32 {
  return rotr<u32>(w, 7) ^ rotr<u32>(w, 18) ^ (w >> 3)
}

function sigma1(w: u32): u32 {
  return rotr<u32>(w, 17) ^ rotr<u32>(w, 19) ^ (w >> 10)
}

export function sha256Message1(cpu: usize): u64 {
  const w1 = dword(cpu, 0, 1)
  const w2 = dword(cpu, 0, 2)
  const w3 = dword(cpu, 0, 3)
  return result(
    cpu,
    dword(cpu, 0, 0) + sigma0(w1),
    w1 + sigma0(w2),
    w2 + sigma0(w3),
    w3 + sigma0(dword(cpu, 1, 0)),
  )
}

export function sha256Message2(cpu: usize): u64 {
  const w16 = dword(cpu, 0, 0) + sigma1(dword(cpu, 1, 2))
  const w17 = dword(cpu, 0, 1) + sigma1(dword(cpu, 1, 3))
  return result(cpu, w16, w17, dword(cpu, 0, 2) + sigma1(w16), dword(cpu, 0, 3) + sigma1(w17))
}
