/** FPREM and FPREM1. SDM Vol. 2A. */
import * as V from '../softfloat/value'
import * as N from './number'
import { X, Y } from './number'
import { blocked, conclude, readStack, underflow } from './stack'
import { C0, C1, C2, C3, getFsw, setFsw } from './state'

/** The remainder of ST(0) / ST(1), at most 63 bits of the exponent at a time; `nearest` is FPREM1. */
export function remainder(cpu: usize, nearest: bool): i32 {
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
