/** Sequence numbers: 32 bits, compared modulo 2^32 (RFC 9293 section 3.4). */

export function seqLess(a: u32, b: u32): bool {
  return ((a - b) as i32) < 0
}

export function seqLessEqual(a: u32, b: u32): bool {
  return ((a - b) as i32) <= 0
}

export function seqMax(a: u32, b: u32): u32 {
  return ((a - b) as i32) > 0 ? a : b
}

export function seqMin(a: u32, b: u32): u32 {
  return ((a - b) as i32) < 0 ? a : b
}
