/**
 * Results of 80 bits: NaNs, rounding to what FCW.PC asks for, the answers to overflow and underflow. SDM Vol. 1, 4.8.4 and 8.5. Numbers taken apart, and
 * arithmetic on them, are those of `softfloat/`.
 */
import { DE, IE, OE, PE, UE, raised, setRaised, signal } from '../softfloat/flags'
import {
  BIAS,
  DENORMAL,
  Extended,
  INFINITY,
  INTEGER_BIT,
  NAN,
  QUIET_BIT,
  UNSUPPORTED,
  ZERO,
  isSignaling,
} from '../softfloat/number'
import { setRoundedUp, roundedUp } from '../softfloat/pack'
import { goesUp, overflowsToInfinity } from '../softfloat/round'
import { low, shiftJamWide } from '../softfloat/wide'
import { getFcw } from './state'

export * from '../softfloat/flags'
export * from '../softfloat/number'
export * from '../softfloat/pack'
export * from '../softfloat/round'

export let resultSignificand: u64 = 0
export let resultExponent: u32 = 0

export function begin(): void {
  setRaised(0)
  setRoundedUp(false)
}

/** Forgets the flags outside of `flags`, and rounding. */
export function keepBefore(flags: u32): void {
  setRaised(raised & flags)
  setRoundedUp(false)
}

export function setResult(significand: u64, signExponent: u32): void {
  resultSignificand = significand
  resultExponent = signExponent
}

export function setZero(sign: u32): void {
  setResult(0, sign << 15)
}

export function setInfinity(sign: u32): void {
  setResult(INTEGER_BIT, (sign << 15) | 0x7fff)
}

/** The default answer to an invalid operation: a quiet NaN, negative. */
export function setIndefinite(): void {
  setResult(INTEGER_BIT | QUIET_BIT, 0xffff)
}

export function invalid(): void {
  signal(IE)
  setIndefinite()
}

/**
 * Answers when an operand is no number: false when both are numbers. The NaN with the larger significand wins, of equal ones the positive.
 * Table 4-7.
 */
export function propagate(a: Extended, b: Extended): bool {
  if (a.kind == UNSUPPORTED || b.kind == UNSUPPORTED) {
    invalid()
    return true
  }
  if (a.kind != NAN && b.kind != NAN) return false
  if (isSignaling(a) || isSignaling(b)) signal(IE)
  let chosen = a.kind == NAN ? a : b
  if (a.kind == NAN && b.kind == NAN) {
    const x = a.significand | QUIET_BIT
    const y = b.significand | QUIET_BIT
    if (isSignaling(a) != isSignaling(b)) chosen = isSignaling(a) ? b : a
    else if (x == y) chosen = a.sign ? b : a
    else chosen = x > y ? a : b
  }
  setResult(chosen.significand | QUIET_BIT, chosen.rawExponent)
  return true
}

/** The same of one operand. */
export function propagateOne(a: Extended): bool {
  return propagate(a, a)
}

export function denormals(a: Extended, b: Extended): void {
  if (a.kind == DENORMAL || b.kind == DENORMAL) signal(DE)
}

export function roundingControl(cpu: usize): u32 {
  return (getFcw(cpu) >> 10) & 3
}

/** Bits of the significand by precision control: 24, 53 or 64. */
export function precision(cpu: usize): u32 {
  const control = (getFcw(cpu) >> 8) & 3
  return control == 0 ? 24 : control == 2 ? 53 : 64
}

/** Significand and exponent after `round`, and whether it was exact. */
let rounded: u64 = 0
let carried: bool = false
let inexact: bool = false

/** Rounds significand:rest to `bits` bits, 1 … 64. */
function roundTo(bits: u32, rounding: u32, sign: u32, significand: u64, rest: u64): void {
  let kept = significand
  let lost = rest
  const drop = 64 - bits
  if (drop) {
    lost = (significand << bits) | u64(rest != 0)
    kept = significand >> drop
  }
  inexact = lost != 0
  setRoundedUp(goesUp(rounding, sign, kept & 1, lost))
  carried = false
  if (roundedUp) {
    kept++
    if (drop ? kept >> bits != 0 : kept == 0) {
      carried = true
      kept = drop ? kept >> 1 : INTEGER_BIT
    }
  }
  rounded = kept << drop
}

/** Bias of the exponent in the answer to an unmasked overflow or underflow. */
const ADJUSTMENT: i32 = 24576

/**
 * Makes the result from a significand with its top bit set, followed by `rest`, rounded to `bits` bits. Masked responses to overflow and
 * underflow, or the adjusted exponent when these are unmasked.
 */
export function finishTo(cpu: usize, bits: u32, sign: u32, exponent: i32, significand: u64, rest: u64): void {
  const rounding = roundingControl(cpu)
  const masks = getFcw(cpu)
  roundTo(bits, rounding, sign, significand, rest)
  let biased = exponent + BIAS + i32(carried)
  if (biased >= 0x7fff) {
    signal(OE)
    if (!(masks & OE)) {
      if (inexact) signal(PE)
      biased -= ADJUSTMENT
      // FSCALE may go too far even for that.
      if (biased >= 0x7fff) {
        signal(PE)
        setRoundedUp(true)
        return setInfinity(sign)
      }
      return setResult(rounded, (sign << 15) | <u32>biased)
    }
    signal(PE)
    const toInfinity = overflowsToInfinity(rounding, sign)
    setRoundedUp(toInfinity)
    if (toInfinity) return setInfinity(sign)
    return setResult(~(<u64>0) << (64 - bits), (sign << 15) | 0x7ffe)
  }
  if (biased >= 1) {
    if (inexact) signal(PE)
    return setResult(rounded, (sign << 15) | <u32>biased)
  }
  // Tiny. Unmasked: the exponent is adjusted; masked: denormalised and rounded again.
  if (!(masks & UE)) {
    signal(UE)
    if (inexact) signal(PE)
    biased += ADJUSTMENT
    if (biased < 1) {
      signal(PE)
      return setZero(sign)
    }
    return setResult(rounded, (sign << 15) | <u32>biased)
  }
  const shift = <u32>min(1 - (exponent + BIAS), 200)
  let kept = shiftJamWide(significand, rest, shift)
  const lost = low
  const denormal = kept
  const drop = 64 - bits
  const tail = drop ? (denormal << bits) | u64(lost != 0) : lost
  kept = drop ? denormal >> drop : denormal
  inexact = tail != 0
  setRoundedUp(goesUp(rounding, sign, kept & 1, tail))
  if (roundedUp) kept++
  kept <<= drop
  if (inexact) signal(UE | PE)
  setResult(kept, (sign << 15) | u32(kept >> 63))
}

export function finish(cpu: usize, sign: u32, exponent: i32, significand: u64, rest: u64): void {
  finishTo(cpu, precision(cpu), sign, exponent, significand, rest)
}

/** The number itself as the result; a denormal one that is unmasked underflows. */
export function finishExact(cpu: usize, n: Extended): void {
  if (n.kind == ZERO || n.kind == INFINITY) return setResult(n.rawSignificand, n.rawExponent)
  finishTo(cpu, 64, n.sign, n.exponent, n.significand, 0)
}
