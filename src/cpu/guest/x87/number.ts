/**
 * Double extended-precision numbers taken apart, and rounding. A finite number that is not zero is significand · 2^(exponent - 63), its
 * significand with the top bit set. SDM Vol. 1, 4.2 and 8.5; 4.8.4 for rounding.
 */
import { DE, IE, OE, PE, UE, getFcw } from './state'
import { shiftJam, shiftJamWide, low } from './wide'

/* Kinds of operands, in the order of FXAM's conditions. */
export const UNSUPPORTED: u32 = 0
export const NAN: u32 = 1
export const NORMAL: u32 = 2
export const INFINITY: u32 = 3
export const ZERO: u32 = 4
export const DENORMAL: u32 = 6

export const BIAS: i32 = 0x3fff
export const INTEGER_BIT: u64 = 0x8000_0000_0000_0000
export const QUIET_BIT: u64 = 0x4000_0000_0000_0000

/* Rounding control. */
export const NEAREST: u32 = 0
export const DOWN: u32 = 1
export const UP: u32 = 2
export const TRUNCATE: u32 = 3

@unmanaged
export class Extended {
  kind: u32
  /** 0 or 1. */
  sign: u32
  /** Without bias. */
  exponent: i32
  significand: u64
  /** As it was read. */
  rawExponent: u32
  rawSignificand: u64
}

/** The operands and the result of one call. */
export const X: Extended = changetype<Extended>(memory.data(40))
export const Y: Extended = changetype<Extended>(memory.data(40))
export let resultSignificand: u64 = 0
export let resultExponent: u32 = 0

/** Exception flags and C1 that the instruction has found so far. */
export let raised: u32 = 0
/** Rounding of the last result went away from zero. */
export let roundedUp: bool = false

export function begin(): void {
  raised = 0
  roundedUp = false
}

export function signal(flags: u32): void {
  raised |= flags
}

export function setRoundedUp(value: bool): void {
  roundedUp = value
}

/** Forgets the flags outside of `flags`, and rounding. */
export function keepBefore(flags: u32): void {
  raised &= flags
  roundedUp = false
}

export function setRaised(value: u32): void {
  raised = value
}

export function unpack(n: Extended, significand: u64, signExponent: u32): void {
  const exponent = signExponent & 0x7fff
  n.sign = (signExponent >> 15) & 1
  n.rawExponent = signExponent & 0xffff
  n.rawSignificand = significand
  n.significand = significand
  n.exponent = <i32>exponent - BIAS
  if (exponent == 0x7fff) {
    if (!(significand >> 63)) n.kind = UNSUPPORTED
    else n.kind = significand << 1 ? NAN : INFINITY
  } else if (exponent == 0) {
    n.kind = significand ? DENORMAL : ZERO
    if (significand) {
      const shift = <u32>clz(significand)
      n.significand = significand << shift
      n.exponent = 1 - BIAS - <i32>shift
    }
  } else n.kind = significand >> 63 ? NORMAL : UNSUPPORTED
}

/** A single as an extended number, exactly; a signaling NaN stays one. */
export function unpackSingle(n: Extended, bits: u32): void {
  const exponent = (bits >> 23) & 0xff
  const fraction = (<u64>(bits & 0x7f_ffff)) << 40
  const sign = (bits >> 31) << 15
  if (exponent == 0xff) return unpack(n, fraction | INTEGER_BIT, sign | 0x7fff)
  if (exponent) return unpack(n, fraction | INTEGER_BIT, sign | (exponent + 0x3f80))
  if (!fraction) return unpack(n, 0, sign)
  const shift = <u32>clz(fraction)
  unpack(n, fraction << shift, sign | (0x3f81 - shift))
  n.kind = DENORMAL
}

export function unpackDouble(n: Extended, bits: u64): void {
  const exponent = <u32>(bits >> 52) & 0x7ff
  const fraction = (bits & 0x000f_ffff_ffff_ffff) << 11
  const sign = (<u32>(bits >> 63)) << 15
  if (exponent == 0x7ff) return unpack(n, fraction | INTEGER_BIT, sign | 0x7fff)
  if (exponent) return unpack(n, fraction | INTEGER_BIT, sign | (exponent + 0x3c00))
  if (!fraction) return unpack(n, 0, sign)
  const shift = <u32>clz(fraction)
  unpack(n, fraction << shift, sign | (0x3c01 - shift))
  n.kind = DENORMAL
}

export function unpackInteger(n: Extended, value: i64): void {
  const sign: u32 = value < 0 ? 0x8000 : 0
  if (!value) return unpack(n, 0, 0)
  const magnitude = value < 0 ? <u64>0 - <u64>value : <u64>value
  const shift = <u32>clz(magnitude)
  unpack(n, magnitude << shift, sign | (<u32>BIAS + 63 - shift))
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
  raised |= IE
  setIndefinite()
}

export function isSignaling(n: Extended): bool {
  return n.kind == NAN && !(n.significand & QUIET_BIT)
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
  if (isSignaling(a) || isSignaling(b)) raised |= IE
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
  if (a.kind == DENORMAL || b.kind == DENORMAL) raised |= DE
}

export function roundingControl(cpu: usize): u32 {
  return (getFcw(cpu) >> 10) & 3
}

/** Bits of the significand by precision control: 24, 53 or 64. */
export function precision(cpu: usize): u32 {
  const control = (getFcw(cpu) >> 8) & 3
  return control == 0 ? 24 : control == 2 ? 53 : 64
}

/** Whether a remainder below the last place, in units of 2⁻⁶⁴ of it, makes the magnitude go up. */
export function goesUp(rounding: u32, sign: u32, odd: u64, rest: u64): bool {
  if (!rest) return false
  if (rounding == NEAREST) return rest > INTEGER_BIT || (rest == INTEGER_BIT && odd != 0)
  if (rounding == TRUNCATE) return false
  return (rounding == UP) == (sign == 0)
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
  roundedUp = goesUp(rounding, sign, kept & 1, lost)
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
    raised |= OE
    if (!(masks & OE)) {
      if (inexact) raised |= PE
      biased -= ADJUSTMENT
      // FSCALE may go too far even for that.
      if (biased >= 0x7fff) {
        raised |= PE
        roundedUp = true
        return setInfinity(sign)
      }
      return setResult(rounded, (sign << 15) | <u32>biased)
    }
    raised |= PE
    const toInfinity = rounding == NEAREST || (rounding == UP && !sign) || (rounding == DOWN && sign != 0)
    roundedUp = toInfinity
    if (toInfinity) return setInfinity(sign)
    return setResult(~(<u64>0) << (64 - bits), (sign << 15) | 0x7ffe)
  }
  if (biased >= 1) {
    if (inexact) raised |= PE
    return setResult(rounded, (sign << 15) | <u32>biased)
  }
  // Tiny. Unmasked: the exponent is adjusted; masked: denormalised and rounded again.
  if (!(masks & UE)) {
    raised |= UE
    if (inexact) raised |= PE
    biased += ADJUSTMENT
    if (biased < 1) {
      raised |= PE
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
  roundedUp = goesUp(rounding, sign, kept & 1, tail)
  if (roundedUp) kept++
  kept <<= drop
  if (inexact) raised |= UE | PE
  setResult(kept, (sign << 15) | u32(kept >> 63))
}

export function finish(cpu: usize, sign: u32, exponent: i32, significand: u64, rest: u64): void {
  finishTo(cpu, precision(cpu), sign, exponent, significand, rest)
}

/** A significand of two words that need not have its top bit set. */
export function finishWide(cpu: usize, sign: u32, exponent: i32, high: u64, next: u64): void {
  let h = high
  let l = next
  let e = exponent
  if (!h) {
    h = l
    l = 0
    e -= 64
  }
  const shift = <u32>clz(h)
  if (shift) {
    h = (h << shift) | (l >> (64 - shift))
    l <<= shift
  }
  finish(cpu, sign, e - <i32>shift, h, l)
}

/** Rounds to an integer of magnitude up to 2⁶³; `fits` says whether it is. */
export let fits: bool = false
export function toIntegerMagnitude(n: Extended, rounding: u32): u64 {
  fits = true
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
  if (rest) raised |= PE
  roundedUp = up
  if (up) {
    kept++
    if (!kept) fits = false
  }
  return kept
}

/** The number itself as the result; a denormal one that is unmasked underflows. */
export function finishExact(cpu: usize, n: Extended): void {
  if (n.kind == ZERO || n.kind == INFINITY) return setResult(n.rawSignificand, n.rawExponent)
  finishTo(cpu, 64, n.sign, n.exponent, n.significand, 0)
}
