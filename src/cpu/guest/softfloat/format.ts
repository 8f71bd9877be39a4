/** Operands and results of vector registers under MXCSR: denormals, NaNs, rounding. SDM Vol. 1, 10.2.3 and 11.5; table 4-7 for NaNs. */
import { FLOAT_DOUBLE, FLOAT_SINGLE } from '../../float-operations'
import { DE, IE, setRaised, signal } from './flags'
import {
  DENORMAL,
  Extended,
  INFINITY,
  NAN,
  QUIET_BIT,
  X,
  Y,
  Z,
  ZERO,
  isSignaling,
  unpackFormat,
} from './number'
import { pack } from './pack'
import * as V from './value'

/* MXCSR. */
const DAZ: u32 = 1 << 6
const MASKS_SHIFT: u32 = 7
const RC_SHIFT: u32 = 13
const FTZ: u32 = 1 << 15

/** The parts of MXCSR during one call. */
export let rounding: u32 = 0
export let masks: u32 = 0
export let denormalsAreZeros: bool = false
let flushToZero: bool = false
/** Rounding to nearest, everything masked, and PE set already: inexact results are no news. */
export let plain: bool = false
const PLAIN_BITS: u32 = 0x7fa0
const PLAIN: u32 = 0x1fa0

export function begin(mxcsr: u32): void {
  setRaised(0)
  rounding = (mxcsr >> RC_SHIFT) & 3
  masks = (mxcsr >> MASKS_SHIFT) & 0x3f
  denormalsAreZeros = (mxcsr & DAZ) != 0
  flushToZero = (mxcsr & FTZ) != 0
  plain = (mxcsr & PLAIN_BITS) == PLAIN
}

/** Significant bits, the hidden one included; bits of the exponent. */
export function precisionOf(format: u32): u32 {
  return format == FLOAT_SINGLE ? 24 : format == FLOAT_DOUBLE ? 53 : 11
}

export function widthOf(format: u32): u32 {
  return format == FLOAT_SINGLE ? 8 : format == FLOAT_DOUBLE ? 11 : 5
}

export function read(n: Extended, format: u32, bits: u64): void {
  unpackFormat(n, precisionOf(format), widthOf(format), bits)
  if (n.kind == DENORMAL && denormalsAreZeros) n.kind = ZERO
}

function signOf(format: u32, sign: u32): u64 {
  return (<u64>sign) << (precisionOf(format) + widthOf(format) - 1)
}

/** Infinity with the quiet bit, or without. */
function infinityOf(format: u32): u64 {
  return (((<u64>1) << widthOf(format)) - 1) << (precisionOf(format) - 1)
}

export function zeroIn(format: u32, sign: u32): u64 {
  return signOf(format, sign)
}

export function infinityIn(format: u32, sign: u32): u64 {
  return signOf(format, sign) | infinityOf(format)
}

/** A NaN made quiet, with as much of its payload as the format holds. */
export function quietIn(format: u32, n: Extended): u64 {
  return infinityIn(format, n.sign) | (((n.significand | QUIET_BIT) << 1) >> (65 - precisionOf(format)))
}

/** The NaN that stands for no answer: negative, quiet, no payload. */
export function defaultIn(format: u32): u64 {
  return infinityIn(format, 1) | ((<u64>1) << (precisionOf(format) - 2))
}

/** Rounds a finite number, `by` an RC. */
export function finiteIn(
  format: u32,
  by: u32,
  flush: bool,
  sign: u32,
  exponent: i32,
  high: u64,
  low: u64,
): u64 {
  return pack(precisionOf(format), widthOf(format), by, masks, flush, sign, exponent, high, low)
}

/** What an operation has left in `value.ts`. */
export function valueIn(format: u32): u64 {
  if (V.kind == V.FINITE)
    return finiteIn(format, rounding, flushToZero, V.sign, V.exponent, V.significand, V.rest)
  if (V.kind == V.ZERO) return zeroIn(format, V.sign)
  return V.kind == V.INFINITY ? infinityIn(format, V.sign) : defaultIn(format)
}

/** A number as it was read. */
export function numberIn(format: u32, n: Extended): u64 {
  if (n.kind == ZERO) return zeroIn(format, n.sign)
  if (n.kind == NAN) return quietIn(format, n)
  if (n.kind == INFINITY) return infinityIn(format, n.sign)
  return finiteIn(format, rounding, flushToZero, n.sign, n.exponent, n.significand, 0)
}

export function denormal(n: Extended): void {
  if (n.kind == DENORMAL) signal(DE)
}

/** The answer when an operand is a NaN: the first one, made quiet. */
export let nan: u64 = 0

export function propagateOne(format: u32): bool {
  if (X.kind != NAN) return false
  if (isSignaling(X)) signal(IE)
  nan = quietIn(format, X)
  return true
}

export function propagateTwo(format: u32): bool {
  if (X.kind != NAN && Y.kind != NAN) return false
  if (isSignaling(X) || isSignaling(Y)) signal(IE)
  nan = quietIn(format, X.kind == NAN ? X : Y)
  return true
}

export function propagateThree(format: u32): bool {
  if (propagateTwo(format)) {
    if (isSignaling(Z)) signal(IE)
    return true
  }
  if (Z.kind != NAN) return false
  if (isSignaling(Z)) signal(IE)
  nan = quietIn(format, Z)
  return true
}
