/** Operations of D9 E0 … FF on the top of the stack, but for the constants. SDM Vol. 2A. */
import { CONTINUE } from '../status'
import { squareRoot } from './arithmetic'
import { examine, test } from './comparison'
import * as N from './number'
import { X, Y } from './number'
import { remainder } from './remainder'
import {
  blocked,
  conclude,
  copyResult,
  enter,
  readStack,
  settle,
  stackFault,
  start,
  underflow,
} from './stack'
import { getTop, isEmpty, setTop } from './state'

/* Operations on the top of the stack; semantics/x87/arithmetic.ts has the same numbers. */
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

/** FCHS and FABS work on any bits. */
function changeSign(cpu: usize, keep: u32, flip: u32): i32 {
  if (!underflow(cpu, 0)) {
    copyResult(cpu, 0)
    N.setResult(N.resultSignificand, (N.resultExponent & keep) ^ flip)
  }
  return conclude(cpu, 0, 0)
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
