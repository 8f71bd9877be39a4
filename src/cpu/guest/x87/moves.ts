/** What brings a value to a place on the stack: loads, copies, constants. SDM Vol. 2A. */
import { CONTINUE } from '../status'
import { EXTENDED, unpackFrom } from './memory-operand'
import * as N from './number'
import { X } from './number'
import {
  blocked,
  conclude,
  copyResult,
  enter,
  pop,
  push,
  settle,
  stackFault,
  start,
  underflow,
} from './stack'
import { isEmpty, setEmpty, stackRegister } from './state'
import { copyUsual, duplicateUsual, exchangeUsual, loadUsual } from './usual'

/** FLD, FILD, FBLD from memory. */
export function x87Load(cpu: usize, format: u32, value: u64, high: u32): i32 {
  if (loadUsual(cpu, format, value, high)) return CONTINUE
  enter(cpu)
  if (!isEmpty(cpu, 7)) return push(cpu)
  unpackFrom(X, format, value, high)
  if (format == EXTENDED) N.setResult(X.rawSignificand, X.rawExponent)
  else if (X.kind == N.NAN) N.propagateOne(X)
  else if (X.kind == N.DENORMAL) {
    N.denormals(X, X)
    N.setResult(X.rawSignificand, X.rawExponent)
  } else N.setResult(X.rawSignificand, X.rawExponent)
  return push(cpu)
}

/** FLD ST(i). */
export function x87Duplicate(cpu: usize, i: u32): i32 {
  if (duplicateUsual(cpu, i)) return CONTINUE
  enter(cpu)
  if (isEmpty(cpu, i)) stackFault(cpu, false)
  else copyResult(cpu, i)
  return push(cpu)
}

/** FST ST(i), FSTP ST(i). */
export function x87Copy(cpu: usize, i: u32, pops: u32): i32 {
  if (copyUsual(cpu, i, pops)) return CONTINUE
  enter(cpu)
  if (!underflow(cpu, 0)) copyResult(cpu, 0)
  return conclude(cpu, i, pops)
}

/** FXCH ST(i). An empty register counts as the indefinite NaN. */
export function x87Exchange(cpu: usize, i: u32): i32 {
  if (exchangeUsual(cpu, i)) return CONTINUE
  enter(cpu)
  const a = stackRegister(cpu, 0)
  const b = stackRegister(cpu, i)
  const noA = isEmpty(cpu, 0)
  const noB = isEmpty(cpu, i)
  if (noA || noB) stackFault(cpu, false)
  if (blocked(cpu)) return settle(cpu)
  const low = noA ? N.resultSignificand : load<u64>(a)
  const high: u32 = noA ? N.resultExponent : load<u16>(a, 8)
  store<u64>(a, noB ? N.resultSignificand : load<u64>(b))
  store<u16>(a, noB ? N.resultExponent : load<u16>(b, 8), 8)
  store<u64>(b, low)
  store<u16>(b, high, 8)
  setEmpty(cpu, 0, false)
  setEmpty(cpu, i, false)
  return settle(cpu)
}

/** FCMOVcc: `condition` is 0 or 1. */
export function x87MoveIf(cpu: usize, i: u32, condition: u32): i32 {
  start(cpu)
  if (underflow(cpu, i)) return conclude(cpu, 0, 0)
  if (condition) {
    copyResult(cpu, i)
    return conclude(cpu, 0, 0)
  }
  return settle(cpu)
}

/** FFREE, and FFREEP with `pops` 1. */
export function x87Free(cpu: usize, i: u32, pops: u32): i32 {
  enter(cpu)
  setEmpty(cpu, i, true)
  if (pops) pop(cpu)
  return CONTINUE
}

/* 1, log2(10), log2(e), π, log10(2), ln(2), 0: truncated significand, exponent, and whether rounding to nearest adds one. Vol. 1, 8.3.8 */
const CONSTANTS: StaticArray<u64> = [
  0x8000_0000_0000_0000, 0x3fff, 0, 0xd49a_784b_cd1b_8afe, 0x4000, 0, 0xb8aa_3b29_5c17_f0bb, 0x3fff, 1,
  0xc90f_daa2_2168_c234, 0x4000, 1, 0x9a20_9a84_fbcf_f798, 0x3ffd, 1, 0xb172_17f7_d1cf_79ab, 0x3ffe, 1, 0, 0,
  0,
]

/** FLD1, FLDL2T … FLDZ, in the order of their opcodes. */
export function x87Constant(cpu: usize, n: u32): i32 {
  enter(cpu)
  const at = <i32>min(n, 6) * 3
  const rounding = N.roundingControl(cpu)
  let significand = unchecked(CONSTANTS[at])
  const exact = n == 0 || n == 6
  if (!exact && (rounding == N.UP || (rounding == N.NEAREST && unchecked(CONSTANTS[at + 2])))) significand++
  N.setResult(significand, <u32>unchecked(CONSTANTS[at + 1]))
  return push(cpu)
}
