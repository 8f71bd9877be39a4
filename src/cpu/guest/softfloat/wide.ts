/** 128-bit integers in two halves: what significands need. Results of two words leave their low word in `low`. */

/** Low word of the last result; scratch of one call. */
export let low: u64 = 0

/** x · y: returns the high word. */
export function multiply(x: u64, y: u64): u64 {
  const x0 = x & 0xffff_ffff
  const x1 = x >> 32
  const y0 = y & 0xffff_ffff
  const y1 = y >> 32
  const p00 = x0 * y0
  const p01 = x0 * y1
  const p10 = x1 * y0
  const middle = (p00 >> 32) + (p01 & 0xffff_ffff) + (p10 & 0xffff_ffff)
  low = (p00 & 0xffff_ffff) | (middle << 32)
  return x1 * y1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32)
}

/** Remainder of the last division. */
export let remainder: u64 = 0

/** (high · 2⁶⁴ + next) / divisor, with high < divisor and the top bit of the divisor set: two digits of 32 bits. Knuth, TAOCP Vol. 2, 4.3.1, algorithm D. */
export function divide(high: u64, next: u64, divisor: u64): u64 {
  const upper = digit(high, next >> 32, divisor)
  const lower = digit(remainder, next & 0xffff_ffff, divisor)
  return (upper << 32) | lower
}

/** (high · 2³² + next) / divisor, a number of 32 bits. */
function digit(high: u64, next: u64, divisor: u64): u64 {
  const d1 = divisor >> 32
  const d0 = divisor & 0xffff_ffff
  let quotient = high / d1
  let rest = high - quotient * d1
  // The guess is at most two too large.
  while (quotient >> 32 || quotient * d0 > ((rest << 32) | next)) {
    quotient--
    rest += d1
    if (rest >> 32) break
  }
  remainder = ((high << 32) | next) - quotient * divisor
  return quotient
}

/** x >> count with a last bit that is set when anything was lost; any count. */
export function shiftJam(x: u64, count: u32): u64 {
  if (count == 0) return x
  if (count > 63) return u64(x != 0)
  return (x >> count) | u64(x << (64 - count) != 0)
}

/** The same of two words. */
export function shiftJamWide(high: u64, next: u64, count: u32): u64 {
  if (count == 0) {
    low = next
    return high
  }
  if (count > 127) {
    low = u64((high | next) != 0)
    return 0
  }
  if (count > 63) {
    const rest = count == 64 ? 0 : high << (128 - count)
    low = (count == 64 ? high : high >> (count - 64)) | u64((rest | next) != 0)
    return 0
  }
  low = (high << (64 - count)) | (next >> count) | u64(next << (64 - count) != 0)
  return high >> count
}
