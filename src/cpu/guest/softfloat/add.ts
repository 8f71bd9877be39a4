/** Sums of two numbers, of which each has 128 bits: what additions and fused multiplications end in. */
import { DE, signal } from './flags'
import { DENORMAL, Extended, INFINITY, INTEGER_BIT, ZERO } from './number'
import { DOWN } from './round'
import * as V from './value'
import * as wide from './wide'

/** The sum of two finite numbers other than zero, with the top bits of their significands set. */
export function sum(
  signA: u32,
  exponentA: i32,
  highA: u64,
  lowA: u64,
  signB: u32,
  exponentB: i32,
  highB: u64,
  lowB: u64,
  rounding: u32,
): void {
  const smaller =
    exponentA < exponentB || (exponentA == exponentB && (highA < highB || (highA == highB && lowA < lowB)))
  if (smaller) return ordered(signB, exponentB, highB, lowB, signA, exponentA, highA, lowA, rounding)
  ordered(signA, exponentA, highA, lowA, signB, exponentB, highB, lowB, rounding)
}

/** The same when the first is at least as large as the second. */
function ordered(
  sign: u32,
  exponent: i32,
  high: u64,
  low: u64,
  signB: u32,
  exponentB: i32,
  highB: u64,
  lowB: u64,
  rounding: u32,
): void {
  const h = wide.shiftJamWide(highB, lowB, <u32>min(exponent - exponentB, 200))
  const l = wide.low
  if (sign != signB) {
    const difference = high - h - u64(low < l)
    const rest = low - l
    if (!(difference | rest)) return V.setZero(u32(rounding == DOWN))
    return V.setNormalized(sign, exponent, difference, rest)
  }
  const rest = low + l
  const carry = u64(rest < l)
  const total = high + h + carry
  if (total >= high && !(carry && total == high)) return V.setFinite(sign, exponent, total, rest)
  V.setFinite(sign, exponent + 1, (total >> 1) | INTEGER_BIT, (rest >> 1) | (rest & 1) | (total << 63))
}

/** a + b, or a - b when `flip` is 1; neither is a NaN. */
export function add(a: Extended, b: Extended, flip: u32, rounding: u32): void {
  const signB = b.sign ^ flip
  if (a.kind == INFINITY || b.kind == INFINITY) {
    if (a.kind == b.kind && a.sign != signB) return V.setInvalid()
    if (a.kind == DENORMAL || b.kind == DENORMAL) signal(DE)
    return V.setInfinity(a.kind == INFINITY ? a.sign : signB)
  }
  if (a.kind == DENORMAL || b.kind == DENORMAL) signal(DE)
  if (b.kind == ZERO) {
    if (a.kind == ZERO) return V.setZero(a.sign == signB ? signB : u32(rounding == DOWN))
    return V.setFinite(a.sign, a.exponent, a.significand, 0)
  }
  if (a.kind == ZERO) return V.setFinite(signB, b.exponent, b.significand, 0)
  sum(a.sign, a.exponent, a.significand, 0, signB, b.exponent, b.significand, 0, rounding)
}
