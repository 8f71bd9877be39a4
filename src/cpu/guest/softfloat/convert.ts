/** Conversions of X: to and from integers, between formats, to integral values. SDM Vol. 1, 11.5.2; Vol. 2 for each. */
import { FLOAT_HALF, FLOAT_SINGLE } from '../../float-operations'
import { IE, PE, raised, setRaised, signal } from './flags'
import * as F from './format'
import { DENORMAL, INFINITY, NAN, X, ZERO, isSignaling, unpackInteger } from './number'
import { fits, toIntegerMagnitude } from './pack'

/** The rounding that an immediate asks for: bits 1:0, or MXCSR.RC with bit 2. */
function roundingOf(immediate: u32): u32 {
  return immediate & 4 ? F.rounding : immediate & 3
}

/** A signed integer of `bits` bits, or the integer indefinite. */
export function toInteger(bits: u32, immediate: u32): u64 {
  const lowest: u64 = (<u64>1) << (bits - 1)
  if (X.kind != NAN && X.kind != INFINITY) {
    const before = raised
    const value = toIntegerMagnitude(X, roundingOf(immediate))
    if (fits && value <= lowest - u64(!X.sign)) {
      const signed = X.sign ? 0 - value : value
      return bits == 32 ? signed & 0xffff_ffff : signed
    }
    setRaised(before)
  }
  signal(IE)
  return lowest
}

export function fromInteger(format: u32, value: i64): u64 {
  unpackInteger(X, value)
  return F.numberIn(format, X)
}

/** ROUNDPS: bit 3 of the immediate keeps the result from being told inexact. */
export function toIntegral(format: u32, immediate: u32, bits: u64): u64 {
  if (X.kind == NAN) {
    if (isSignaling(X)) signal(IE)
    return F.quietIn(format, X)
  }
  if (X.kind == ZERO) return F.zeroIn(format, X.sign)
  if (X.kind == INFINITY || X.exponent >= 62) return bits
  const before = raised
  const value = toIntegerMagnitude(X, roundingOf(immediate))
  if (immediate & 8) setRaised(before)
  if (!value) return F.zeroIn(format, X.sign)
  const sign = X.sign
  unpackInteger(X, <i64>value)
  X.sign = sign
  return F.numberIn(format, X)
}

/** Between single and double. */
export function toFormat(format: u32): u64 {
  if (isSignaling(X)) signal(IE)
  F.denormal(X)
  return F.numberIn(format, X)
}

/** VCVTPH2PS looks at nothing in MXCSR and tells of signaling NaNs alone. */
export function fromHalf(): u64 {
  if (isSignaling(X)) signal(IE)
  return F.numberIn(FLOAT_SINGLE, X)
}

/** VCVTPS2PH; MXCSR.FTZ does not count. What is denormal already is inexact also where an unmasked underflow keeps the result: so on silicon. */
export function toHalf(immediate: u32): u64 {
  if (isSignaling(X)) signal(IE)
  if (X.kind == NAN || X.kind == INFINITY || X.kind == ZERO) return F.numberIn(FLOAT_HALF, X)
  F.denormal(X)
  if (X.kind == DENORMAL) signal(PE)
  return F.finiteIn(FLOAT_HALF, roundingOf(immediate), false, X.sign, X.exponent, X.significand, 0)
}
