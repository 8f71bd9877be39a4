/** Rounding to the formats of 16, 32 and 64 bits, and to integers. SDM Vol. 1, 4.8.4, 4.9.1.4 – 4.9.1.6. */
import { OE, PE, UE, signal } from './flags'
import { Extended, ZERO } from './number'
import { goesUp, overflowsToInfinity } from './round'
import { shiftJam } from './wide'

/** Rounding of the last result went away from zero. */
export let roundedUp: bool = false

/**
 * The number (significand + rest · 2⁻⁶⁴) · 2^(exponent - 63) in a format with `precision` significant bits, the hidden one included, and `width` bits of
 * exponent. `masks`: the exceptions that are masked. A result is tiny when it would be below the smallest normal number after rounding; with
 * `flush` it then becomes zero. What is answered to overflow or underflow that is not masked means nothing.
 */
export function pack(
  precision: u32,
  width: u32,
  rounding: u32,
  masks: u32,
  flush: bool,
  sign: u32,
  exponent: i32,
  significand: u64,
  rest: u64,
): u64 {
  const signBit = (<u64>sign) << (precision + width - 1)
  const top: i32 = (1 << width) - 1
  const drop = 64 - precision
  let kept = significand >> drop
  let lost = (significand << precision) | u64(rest != 0)
  let up = goesUp(rounding, sign, kept & 1, lost)
  let biased = exponent + (top >> 1)
  const rounded = biased + i32(up && (kept + 1) >> precision != 0)
  if (rounded >= top) {
    signal(!(masks & OE) && !lost ? OE : OE | PE)
    const infinite = overflowsToInfinity(rounding, sign)
    roundedUp = infinite
    return signBit | (((<u64>top) << (precision - 1)) - u64(!infinite))
  }
  if (rounded >= 1) kept &= ((<u64>1) << (precision - 1)) - 1
  else if (!(masks & UE)) {
    signal(lost ? UE | PE : UE)
    return signBit
  } else if (flush) {
    signal(UE | PE)
    return signBit
  } else {
    const shift = drop + <u32>min(1 - biased, 100)
    kept = shift > 63 ? 0 : significand >> shift
    lost = shift < 64 ? significand << (64 - shift) : shift == 64 ? significand : 1
    lost |= u64(rest != 0)
    up = goesUp(rounding, sign, kept & 1, lost)
    if (lost) signal(UE)
    biased = 0
  }
  if (lost) signal(PE)
  roundedUp = up
  // A carry out of the fraction makes the exponent one more, which is right.
  return signBit | ((((<u64>biased) << (precision - 1)) | kept) + u64(up))
}

/** Whether the last integer fitted into 64 bits. */
export let fits: bool = false

/** Rounds to an integer of magnitude below 2⁶⁴; PE when it was none. */
export function toIntegerMagnitude(n: Extended, rounding: u32): u64 {
  fits = true
  roundedUp = false
  if (n.kind == ZERO) return 0
  if (n.exponent >= 64) {
    fits = false
    return 0
  }
  let kept = n.significand
  let rest: u64 = 0
  if (n.exponent < 63) {
    const shift = <u32>(63 - n.exponent)
    kept = shift > 63 ? 0 : n.significand >> shift
    if (shift < 64) rest = n.significand << (64 - shift)
    else rest = shiftJam(n.significand, shift - 64)
  }
  const up = goesUp(rounding, n.sign, kept & 1, rest)
  if (rest) signal(PE)
  roundedUp = up
  if (up) {
    kept++
    if (!kept) fits = false
  }
  return kept
}

export function setRoundedUp(value: bool): void {
  roundedUp = value
}
