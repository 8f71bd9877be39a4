/**
 * The result of an operation before it is rounded: scratch of one call. A FINITE one is exact but for the last bit of `rest`, which is set when
 * anything was lost below it; rounding asks for no more.
 */
import { IE, signal } from './flags'

export const FINITE: u32 = 0
export const ZERO: u32 = 1
export const INFINITY: u32 = 2
/** The operation has no answer: the default NaN. */
export const INVALID: u32 = 3

export let kind: u32 = ZERO
/** 0 or 1. */
export let sign: u32 = 0
/** The value is (significand + rest · 2⁻⁶⁴) · 2^(exponent - 63), with the top bit of the significand set. */
export let exponent: i32 = 0
export let significand: u64 = 0
export let rest: u64 = 0

export function setZero(s: u32): void {
  kind = ZERO
  sign = s
}

export function setInfinity(s: u32): void {
  kind = INFINITY
  sign = s
}

export function setInvalid(): void {
  signal(IE)
  kind = INVALID
}

export function setFinite(s: u32, e: i32, high: u64, low: u64): void {
  kind = FINITE
  sign = s
  exponent = e
  significand = high
  rest = low
}

/** The same of a significand whose top bit need not be set; not zero. */
export function setNormalized(s: u32, e: i32, high: u64, low: u64): void {
  if (!high) return setFinite(s, e - 64 - <i32>clz(low), low << (<u32>clz(low)), 0)
  const shift = <u32>clz(high)
  if (!shift) return setFinite(s, e, high, low)
  setFinite(s, e - <i32>shift, (high << shift) | (low >> (64 - shift)), low << shift)
}
