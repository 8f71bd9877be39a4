/** Arithmetic, comparisons and loads: the exports that semantics call. SDM Vol. 2A. */
import { CONTINUE } from '../status'
import * as V from '../softfloat/value'
import { operate, squareRoot } from './arithmetic'
import * as N from './number'
import { Extended, X, Y } from './number'
import { conclude, enter, blocked, pop, push, readStack, settle, stackFault, start, underflow } from './stack'
import {
  UNUSUAL,
  arithmeticUsual,
  compareFlagsUsual,
  compareMemoryUsual,
  compareUsual,
  copyUsual,
  duplicateUsual,
  exchangeUsual,
  loadUsual,
  memoryUsual,
} from './usual'
import { C0, C1, C2, C3, IE, getFsw, isEmpty, setEmpty, setFsw, setTop, getTop, stackRegister } from './state'

/* Formats of memory operands, as in semantics/x87/format.ts; 3 is an integer. */
const SINGLE: u32 = 0
const DOUBLE: u32 = 1
const EXTENDED: u32 = 2
const DECIMAL: u32 = 4

/** Significand digits of FBLD: nine bytes of two, and a sign. */
function unpackDecimal(n: Extended, value: u64, high: u32): void {
  let magnitude: u64 = 0
  magnitude = <u64>((high >> 4) & 15) * 10 + <u64>(high & 15)
  for (let i = 60; i >= 0; i -= 4) magnitude = magnitude * 10 + ((value >> i) & 15)
  N.unpackInteger(n, <i64>magnitude)
  n.sign = (high >> 15) & 1
  n.rawExponent = (n.rawExponent & 0x7fff) | (n.sign << 15)
}

/** `high`: bits 64 to 79 of EXTENDED and DECIMAL. Integers are sign-extended. */
function unpackFrom(n: Extended, format: u32, value: u64, high: u32): void {
  if (format == SINGLE) N.unpackSingle(n, <u32>value)
  else if (format == DOUBLE) N.unpackDouble(n, value)
  else if (format == EXTENDED) N.unpack(n, value, high)
  else if (format == DECIMAL) unpackDecimal(n, value, high)
  else N.unpackInteger(n, <i64>value)
}

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

/** ST(0) ← ST(0) op memory. */
export function x87Memory(cpu: usize, operation: u32, format: u32, value: u64): i32 {
  if (memoryUsual(cpu, operation, format, value)) return CONTINUE
  enter(cpu)
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    unpackFrom(Y, format, value, 0)
    operate(cpu, operation)
  }
  return conclude(cpu, 0, 0)
}

/** ST(to) ← ST(to) op ST(from). */
export function x87Arithmetic(cpu: usize, operation: u32, to: u32, from: u32, pops: u32): i32 {
  if (arithmeticUsual(cpu, operation, to, from, pops)) return CONTINUE
  enter(cpu)
  if (!underflow(cpu, to | from)) {
    readStack(cpu, X, to)
    readStack(cpu, Y, from)
    operate(cpu, operation)
  }
  return conclude(cpu, to, pops)
}

/** C3, C2, C0 for X against Y. */
function compare(quiet: bool): u32 {
  if (X.kind == N.UNSUPPORTED || Y.kind == N.UNSUPPORTED) {
    N.signal(IE)
    return C0 | C2 | C3
  }
  if (X.kind == N.NAN || Y.kind == N.NAN) {
    if (!quiet || N.isSignaling(X) || N.isSignaling(Y)) N.signal(IE)
    return C0 | C2 | C3
  }
  N.denormals(X, Y)
  const order = N.order(X, Y)
  return order == 0 ? C3 : order < 0 ? C0 : 0
}

/** C3, C2, C0 of ST(0) against ST(i). */
function compareStack(cpu: usize, i: u32, quiet: bool): u32 {
  if (underflow(cpu, i)) return C0 | C2 | C3
  readStack(cpu, X, 0)
  readStack(cpu, Y, i)
  return compare(quiet)
}

function setConditions(cpu: usize, conditions: u32): void {
  setFsw(cpu, (getFsw(cpu) & ~(C0 | C2 | C3)) | conditions)
}

function finishCompare(cpu: usize, pops: u32): i32 {
  if (!blocked(cpu)) {
    for (let n: u32 = 0; n < (pops & 3); n++) pop(cpu)
  }
  return settle(cpu)
}

/** FCOM and kin with a register. */
export function x87Compare(cpu: usize, i: u32, quiet: u32, pops: u32): i32 {
  if (compareUsual(cpu, i, pops)) return CONTINUE
  enter(cpu)
  setConditions(cpu, compareStack(cpu, i, quiet != 0))
  return finishCompare(cpu, pops)
}

/** FCOMI and kin: C0, C2, C3 as CF, PF, ZF; on this silicon also when #IA is not masked. */
export function x87CompareFlags(cpu: usize, i: u32, quiet: u32, pops: u32): u64 {
  const usual = compareFlagsUsual(cpu, i, pops)
  if (usual != UNUSUAL) return flagsOf(usual)
  start(cpu)
  const conditions = compareStack(cpu, i, quiet != 0)
  finishCompare(cpu, pops)
  return flagsOf(conditions)
}

function flagsOf(conditions: u32): u64 {
  return <u64>((conditions >> 8) & 0x45)
}

/** FCOM, FICOM with memory. */
export function x87CompareMemory(cpu: usize, format: u32, value: u64, pops: u32): i32 {
  if (compareMemoryUsual(cpu, format, value, pops)) return CONTINUE
  enter(cpu)
  let conditions: u32 = C0 | C2 | C3
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    unpackFrom(Y, format, value, 0)
    conditions = compare(false)
  }
  setConditions(cpu, conditions)
  return finishCompare(cpu, pops)
}

function copyResult(cpu: usize, i: u32): void {
  const register = stackRegister(cpu, i)
  N.setResult(load<u64>(register), load<u16>(register, 8))
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

/* Operations on the top of the stack; semantics/x87/top.ts has the same numbers. */
const NOP: u32 = 0
const CHS: u32 = 1
const ABS: u32 = 2
const TST: u32 = 3
const XAM: u32 = 4
const DECSTP: u32 = 5
const INCSTP: u32 = 6
const SQRT: u32 = 7
const RNDINT: u32 = 8
const SCALE: u32 = 9
const XTRACT: u32 = 10
const PREM: u32 = 11

function examine(cpu: usize): i32 {
  readStack(cpu, X, 0)
  // C3 C2 C0 of each kind: table 3-31.
  let conditions: u32 = 0
  if (isEmpty(cpu, 0)) conditions = C3 | C0
  else if (X.kind == N.NAN) conditions = C0
  else if (X.kind == N.NORMAL) conditions = C2
  else if (X.kind == N.INFINITY) conditions = C2 | C0
  else if (X.kind == N.ZERO) conditions = C3
  else if (X.kind == N.DENORMAL) conditions = C3 | C2
  if (X.sign) conditions |= C1
  setFsw(cpu, (getFsw(cpu) & ~(C0 | C1 | C2 | C3)) | conditions)
  return CONTINUE
}

/** FCHS and FABS work on any bits. */
function changeSign(cpu: usize, keep: u32, flip: u32): i32 {
  if (!underflow(cpu, 0)) {
    copyResult(cpu, 0)
    N.setResult(N.resultSignificand, (N.resultExponent & keep) ^ flip)
  }
  return conclude(cpu, 0, 0)
}

function test(cpu: usize): i32 {
  let conditions: u32 = C0 | C2 | C3
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    N.unpack(Y, 0, 0)
    conditions = compare(false)
  }
  setConditions(cpu, conditions)
  return finishCompare(cpu, 0)
}

function roundToInteger(cpu: usize): void {
  if (N.propagateOne(X)) return
  N.denormals(X, X)
  if (X.kind == N.ZERO || X.kind == N.INFINITY || X.exponent >= 63)
    return N.setResult(X.rawSignificand, X.rawExponent)
  const value = N.toIntegerMagnitude(X, N.roundingControl(cpu))
  if (!value) return N.setZero(X.sign)
  const shift = <u32>clz(value)
  N.setResult(value << shift, (X.sign << 15) | (<u32>N.BIAS + 63 - shift))
}

/** ST(0) · 2^trunc(ST(1)) */
function scale(cpu: usize): void {
  if (N.propagate(X, Y)) return
  if (Y.kind == N.INFINITY) {
    if ((Y.sign && X.kind == N.INFINITY) || (!Y.sign && X.kind == N.ZERO)) return N.invalid()
    N.denormals(X, X)
    return Y.sign ? N.setZero(X.sign) : N.setInfinity(X.sign)
  }
  N.denormals(X, Y)
  if (X.kind == N.ZERO || X.kind == N.INFINITY) return N.setResult(X.rawSignificand, X.rawExponent)
  let by: i32 = 0
  if (Y.kind != N.ZERO && Y.exponent >= 0) {
    by = Y.exponent > 16 ? 0x1_0000 : <i32>(Y.significand >> (63 - Y.exponent))
    if (Y.sign) by = -by
  }
  N.finishTo(cpu, 64, X.sign, X.exponent + by, X.significand, 0)
}

/** Exponent into ST(0), then the significand is pushed. */
function extract(cpu: usize): i32 {
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    stackFault(cpu, !isEmpty(cpu, 0))
    if (blocked(cpu)) return settle(cpu)
    conclude(cpu, 0, 0)
    setTop(cpu, getTop(cpu) - 1)
    return conclude(cpu, 0, 0)
  }
  readStack(cpu, X, 0)
  let significand = X.rawSignificand
  let exponent = X.rawExponent
  if (N.propagateOne(X)) {
    significand = N.resultSignificand
    exponent = N.resultExponent
  } else if (X.kind == N.INFINITY) N.setInfinity(0)
  else if (X.kind == N.ZERO) {
    N.signal(4)
    N.setInfinity(1)
  } else {
    N.denormals(X, X)
    significand = X.significand
    exponent = (X.sign << 15) | <u32>N.BIAS
    N.unpackInteger(Y, <i64>X.exponent)
    N.setResult(Y.rawSignificand, Y.rawExponent)
  }
  if (blocked(cpu)) return settle(cpu)
  conclude(cpu, 0, 0)
  setTop(cpu, getTop(cpu) - 1)
  N.setResult(significand, exponent)
  return conclude(cpu, 0, 0)
}

/** The remainder of ST(0) / ST(1), at most 63 bits of the exponent at a time; `nearest` is FPREM1. */
function remainder(cpu: usize, nearest: bool): i32 {
  setFsw(cpu, getFsw(cpu) & ~C2)
  if (underflow(cpu, 1)) return conclude(cpu, 0, 0)
  readStack(cpu, X, 0)
  readStack(cpu, Y, 1)
  if (N.propagate(X, Y)) return conclude(cpu, 0, 0)
  if (X.kind == N.INFINITY || Y.kind == N.ZERO) {
    N.invalid()
    return conclude(cpu, 0, 0)
  }
  N.denormals(X, Y)
  const conditions = reduce(cpu, nearest)
  const writes = !blocked(cpu)
  const status = conclude(cpu, 0, 0)
  if (writes) setFsw(cpu, (getFsw(cpu) & ~(C0 | C1 | C2 | C3)) | conditions)
  return status
}

function reduce(cpu: usize, nearest: bool): u32 {
  if (X.kind == N.ZERO || Y.kind == N.INFINITY) {
    N.finishExact(cpu, X)
    return 0
  }
  const difference = X.exponent - Y.exponent
  let quotient: u64 = 0
  let sign = X.sign
  let rest = X.significand
  let carry: u64 = 0
  let exponent = Y.exponent
  let steps = difference
  let partial = false
  const least: i32 = nearest ? -1 : 0
  if (difference < least) {
    N.finishExact(cpu, X)
    return 0
  }
  if (difference >= 64) {
    partial = true
    steps = 32 + (difference & 31)
    exponent = X.exponent - steps
  }
  if (steps < 0) {
    // FPREM1 with half the size: |x| < y, nearer to y when x > y / 2.
    const twiceLess = rest > Y.significand
    if (!twiceLess) {
      N.finishExact(cpu, X)
      return 0
    }
    rest = Y.significand - (rest >> 1) - (rest & 1)
    const tail = (X.significand & 1) << 63
    sign ^= 1
    V.setNormalized(sign, Y.exponent, rest, tail)
    // Exact, whatever FCW.PC says.
    N.finishTo(cpu, 64, V.sign, V.exponent, V.significand, V.rest)
    return C1
  }
  for (let i = steps; i >= 0; i--) {
    quotient <<= 1
    if (carry || rest >= Y.significand) {
      rest -= Y.significand
      quotient |= 1
    }
    if (i > 0) {
      carry = rest >> 63
      rest <<= 1
    }
  }
  if (nearest && !partial && rest) {
    const other = Y.significand - rest
    if (rest > other || (rest == other && quotient & 1)) {
      rest = other
      sign ^= 1
      quotient++
    }
  }
  if (!rest) N.setZero(X.sign)
  else {
    const shift = <u32>clz(rest)
    N.finishTo(cpu, 64, sign, exponent - <i32>shift, rest << shift, 0)
  }
  if (partial) return C2
  return (quotient & 4 ? C0 : 0) | (quotient & 2 ? C3 : 0) | (quotient & 1 ? C1 : 0)
}

/** One operation of D9 E0 … FF that is not a constant. */
export function x87Top(cpu: usize, operation: u32): i32 {
  if (operation == NOP) {
    start(cpu)
    return CONTINUE
  }
  enter(cpu)
  switch (operation) {
    case CHS:
      return changeSign(cpu, 0xffff, 0x8000)
    case ABS:
      return changeSign(cpu, 0x7fff, 0)
    case TST:
      return test(cpu)
    case XAM:
      return examine(cpu)
    case DECSTP:
    case INCSTP:
      setTop(cpu, getTop(cpu) + (operation == DECSTP ? 7 : 1))
      return CONTINUE
    case XTRACT:
      return extract(cpu)
    case PREM:
    case PREM + 1:
      return remainder(cpu, operation != PREM)
  }
  if (!underflow(cpu, operation == SCALE ? 1 : 0)) {
    readStack(cpu, X, 0)
    if (operation == SCALE) readStack(cpu, Y, 1)
    if (operation == SQRT) squareRoot(cpu, X)
    else if (operation == RNDINT) roundToInteger(cpu)
    else scale(cpu)
  }
  return conclude(cpu, 0, 0)
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
