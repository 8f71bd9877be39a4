/**
 * F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS. SDM Vol. 1, 8.3.7 and 8.3.10. Computed to about 100 bits and rounded once by RC, whatever PC
 * says, so that a last bit may differ from a processor's; angles are reduced by 66 bits of π.
 */
import { divide } from '../softfloat/divide'
import * as V from '../softfloat/value'
import * as D from './double-double'
import * as E from './elementary'
import * as N from './number'
import { Extended, X, Y } from './number'
import { blocked, conclude, enter, readStack, settle, stackFault, underflow } from './stack'
import { C2, PE, UE, ZE, getFsw, getTop, isEmpty, setFsw, setTop } from './state'

/** A result is taken as linear in its operand below 2 to this power. */
const TINY: i32 = -110

/** 2^e for a normal double. */
function power(e: i32): f64 {
  return reinterpret<f64>((<u64>(e + 1023)) << 52)
}

/** The significand of n as a number in 1 … 2, times 2^e. */
function load(n: Extended, e: i32): void {
  const scale = power(e)
  D.exactSum(
    <f64>(n.significand >> 32) * scale * power(-31),
    <f64>(n.significand & 0xffff_ffff) * scale * power(-63),
  )
}

/** Rounds D · 2^exponent, with sign, to the result. It counts as inexact unless `exact`. */
function finish(cpu: usize, sign: u32, exponent: i32, exact: bool): void {
  let high = D.hi
  let low = D.lo
  if (high == 0) return N.setZero(sign)
  let s = sign
  if (high < 0) {
    high = -high
    low = -low
    s ^= 1
  }
  const e = <i32>((reinterpret<u64>(high) >> 52) & 0x7ff) - 1023
  high *= power(-e)
  low *= power(-e)
  const scaled = low * power(63)
  const whole = Math.floor(scaled)
  let significand = <u64>(high * power(62)) * 2 + <u64>(<i64>whole)
  let rest = (<u64>((scaled - whole) * power(63))) << 1
  let shifted = e
  if (!(significand >> 63)) {
    significand = (significand << 1) | (rest >> 63)
    rest <<= 1
    shifted--
  }
  if (!exact) rest |= 1
  N.finishTo(cpu, 64, s, exponent + shifted, significand, rest)
  // To the processor every result is inexact, and so a tiny one underflows.
  if (exact && !(N.resultExponent & 0x7fff)) N.signal(UE)
}

/** π · quarters / 4, inexact. */
function finishPi(cpu: usize, sign: u32, quarters: f64): void {
  D.multiply(E.HALF_PI_HI, E.HALF_PI_LO, quarters / 2, 0)
  finish(cpu, sign, 0, false)
}

/** 2^x - 1 for -1 ≤ x ≤ 1; outside, where it is not defined, ST(0) stays. */
export function x87Power(cpu: usize): i32 {
  enter(cpu)
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    if (!N.propagateOne(X)) powerOf(cpu)
  }
  return conclude(cpu, 0, 0)
}

function powerOf(cpu: usize): void {
  N.denormals(X, X)
  if (X.kind == N.INFINITY && X.sign) return N.setResult(N.INTEGER_BIT, 0xbfff)
  if (X.kind == N.ZERO || X.kind == N.INFINITY) return N.setResult(X.rawSignificand, X.rawExponent)
  if (X.exponent >= 0) {
    N.signal(PE)
    if (X.exponent > 0 || X.significand != N.INTEGER_BIT) return N.setResult(X.rawSignificand, X.rawExponent)
    return N.setResult(N.INTEGER_BIT, X.sign ? 0xbffe : 0x3fff)
  }
  if (X.exponent < TINY) {
    load(X, 0)
    D.multiply(D.hi, D.lo, E.LN2_HI, E.LN2_LO)
    return finish(cpu, X.sign, X.exponent, false)
  }
  load(X, X.exponent)
  if (X.sign) D.set(-D.hi, -D.lo)
  D.multiply(D.hi, D.lo, E.LN2_HI, E.LN2_LO)
  E.expm1(D.hi, D.lo)
  finish(cpu, 0, 0, false)
}

/** D · Y, the exponent of Y and `exponent` aside. */
function timesY(cpu: usize, exponent: i32, exact: bool): void {
  const h = D.hi
  const l = D.lo
  load(Y, 0)
  D.multiply(h, l, D.hi, D.lo)
  finish(cpu, Y.sign, exponent + Y.exponent, exact)
}

/** ST(1) ← ST(1) · log2(ST(0)), or of ST(0) + 1 with `plusOne`; pops. */
export function x87Logarithm(cpu: usize, plusOne: u32): i32 {
  enter(cpu)
  if (!underflow(cpu, 1)) {
    readStack(cpu, X, 0)
    readStack(cpu, Y, 1)
    if (!N.propagate(Y, X)) {
      if (plusOne) logarithmPlusOne(cpu)
      else logarithm(cpu)
    }
  }
  return conclude(cpu, 1, 1)
}

function logarithm(cpu: usize): void {
  if (X.kind == N.ZERO) {
    if (Y.kind == N.ZERO) return N.invalid()
    if (Y.kind != N.INFINITY) N.signal(ZE)
    return N.setInfinity(Y.sign ^ 1)
  }
  if (X.sign) return N.invalid()
  const one = X.exponent == 0 && X.significand == N.INTEGER_BIT && X.kind != N.INFINITY
  const negative = u32(X.exponent < 0)
  if (X.kind == N.INFINITY) {
    if (Y.kind == N.ZERO) return N.invalid()
    N.denormals(Y, Y)
    return N.setInfinity(Y.sign)
  }
  if (Y.kind == N.INFINITY) {
    if (one) return N.invalid()
    N.denormals(X, X)
    return N.setInfinity(Y.sign ^ negative)
  }
  N.denormals(X, Y)
  if (Y.kind == N.ZERO || one) return N.setZero(Y.sign ^ negative)
  let e = X.exponent
  if (X.significand == N.INTEGER_BIT) {
    N.signal(PE)
    D.set(<f64>e, 0)
    return timesY(cpu, 0, true)
  }
  // The significand in √½ … √2.
  const halve = X.significand > 0xb504_f333_f9de_6484
  if (halve) e++
  load(X, halve ? -1 : 0)
  const h = D.hi
  const l = D.lo
  D.add(h, l, 1, 0)
  const sumH = D.hi
  const sumL = D.lo
  D.add(h, l, -1, 0)
  D.divide(D.hi, D.lo, sumH, sumL)
  E.log2Ratio(D.hi, D.lo)
  if (e) D.add(<f64>e, 0, D.hi, D.lo)
  timesY(cpu, 0, false)
}

/** FYL2XP1 outside of its range: the same function where that has a value, else ST(0). */
function logarithmFar(cpu: usize): void {
  if (X.sign && X.exponent >= 0) {
    N.signal(PE)
    return N.setResult(X.rawSignificand, X.rawExponent)
  }
  if (X.exponent > 100) return logarithm(cpu)
  load(X, X.exponent)
  if (X.sign) D.set(-D.hi, -D.lo)
  D.add(1, 0, D.hi, D.lo)
  let e = <i32>((reinterpret<u64>(D.hi) >> 52) & 0x7ff) - 1023
  if (D.hi * power(-e) > 1.4) e++
  const h = D.hi * power(-e)
  const l = D.lo * power(-e)
  D.add(h, l, 1, 0)
  const sumH = D.hi
  const sumL = D.lo
  D.add(h, l, -1, 0)
  D.divide(D.hi, D.lo, sumH, sumL)
  E.log2Ratio(D.hi, D.lo)
  if (e) D.add(<f64>e, 0, D.hi, D.lo)
  timesY(cpu, 0, false)
}

function logarithmPlusOne(cpu: usize): void {
  const sign = X.sign ^ Y.sign
  if (X.kind == N.INFINITY) {
    if (X.sign || Y.kind == N.ZERO) return N.invalid()
    N.denormals(Y, Y)
    return N.setInfinity(Y.sign)
  }
  if (Y.kind == N.INFINITY) {
    if (X.kind == N.ZERO) return N.invalid()
    N.denormals(X, X)
    return N.setInfinity(sign)
  }
  N.denormals(X, Y)
  if (X.kind == N.ZERO || Y.kind == N.ZERO) return N.setZero(sign)
  // The manual leaves open what comes from 1 - √½ on.
  if (X.exponent > -2) return logarithmFar(cpu)
  if (X.exponent < TINY) {
    load(X, 0)
    D.multiply(D.hi, D.lo, E.LOG2E_HI, E.LOG2E_LO)
    if (X.sign) D.set(-D.hi, -D.lo)
    return timesY(cpu, X.exponent, false)
  }
  load(X, X.exponent)
  if (X.sign) D.set(-D.hi, -D.lo)
  const h = D.hi
  const l = D.lo
  D.add(2, 0, h, l)
  D.divide(h, l, D.hi, D.lo)
  E.log2Ratio(D.hi, D.lo)
  timesY(cpu, 0, false)
}

/** ST(1) ← atan(ST(1) / ST(0)) in the quadrant of the two; pops. */
export function x87ArcTangent(cpu: usize): i32 {
  enter(cpu)
  if (!underflow(cpu, 1)) {
    readStack(cpu, X, 0)
    readStack(cpu, Y, 1)
    if (!N.propagate(Y, X)) arcTangent(cpu)
  }
  return conclude(cpu, 1, 1)
}

/** Below this exponent of the quotient the processor gives the quotient. */
const ARC_LINEAR: i32 = -40

function arcTangent(cpu: usize): void {
  N.denormals(X, Y)
  if (Y.kind == N.INFINITY) return finishPi(cpu, Y.sign, X.kind != N.INFINITY ? 2 : X.sign ? 3 : 1)
  if (Y.kind == N.ZERO || X.kind == N.INFINITY) return X.sign ? finishPi(cpu, Y.sign, 4) : N.setZero(Y.sign)
  if (X.kind == N.ZERO) return finishPi(cpu, Y.sign, 2)
  const steep = Y.exponent > X.exponent || (Y.exponent == X.exponent && Y.significand > X.significand)
  const difference = steep ? X.exponent - Y.exponent : Y.exponent - X.exponent
  load(steep ? X : Y, 0)
  const h = D.hi
  const l = D.lo
  load(steep ? Y : X, 0)
  D.divide(h, l, D.hi, D.lo)
  if (difference < TINY) {
    if (!steep && !X.sign) return finish(cpu, Y.sign, difference, false)
    return finishPi(cpu, Y.sign, steep ? 2 : 4)
  }
  if (!steep && !X.sign && difference + i32(D.hi >= 1) - 1 < ARC_LINEAR) {
    divide(Y, X)
    N.signal(PE)
    return N.finishTo(cpu, 64, V.sign, V.exponent, V.significand, V.rest)
  }
  const scale = power(difference)
  E.arcTangent(D.hi * scale, D.lo * scale)
  const angleHigh = D.hi
  const angleLow = D.lo
  if (steep) {
    if (X.sign) D.add(E.HALF_PI_HI, E.HALF_PI_LO, angleHigh, angleLow)
    else D.add(E.HALF_PI_HI, E.HALF_PI_LO, -angleHigh, -angleLow)
  } else if (X.sign) D.add(2 * E.HALF_PI_HI, 2 * E.HALF_PI_LO, -angleHigh, -angleLow)
  finish(cpu, Y.sign, 0, false)
}

/** π/2 · 2⁶⁷ as the processor knows it, 66 bits of it: 8.3.8. */
const PI_HIGH: u64 = 0xc
const PI_LOW: u64 = 0x90fd_aa22_168c_234c

let quadrant: u32 = 0
let angleHi: f64 = 0
let angleLo: f64 = 0

/** |X| = quadrant · π/2 + angle with |angle| ≤ π/4, for exponents -60 … 62. */
function reduce(): void {
  quadrant = 0
  if (X.exponent < -1) {
    load(X, X.exponent)
    angleHi = D.hi
    angleLo = D.lo
    return
  }
  // Long division of the significand, 2^(exponent + 4) times, by π/2 · 2⁶⁷.
  let high: u64 = 0
  let low: u64 = 0
  let bits = X.significand
  for (let n = X.exponent + 4 + 64; n > 0; n--) {
    high = (high << 1) | (low >> 63)
    low = (low << 1) | (bits >> 63)
    bits <<= 1
    quadrant <<= 1
    if (high > PI_HIGH || (high == PI_HIGH && low >= PI_LOW)) {
      high -= PI_HIGH + u64(low < PI_LOW)
      low -= PI_LOW
      quadrant |= 1
    }
  }
  // The nearest multiple.
  const otherLow = PI_LOW - low
  const otherHigh = PI_HIGH - high - u64(PI_LOW < low)
  const negative = otherHigh < high || (otherHigh == high && otherLow < low)
  if (negative) {
    high = otherHigh
    low = otherLow
    quadrant++
  }
  quadrant &= 3
  D.exactSum(<f64>high * power(-3), <f64>(low >> 32) * power(-35))
  D.add(D.hi, D.lo, <f64>(low & 0xffff_ffff) * power(-67), 0)
  angleHi = negative ? -D.hi : D.hi
  angleLo = negative ? -D.lo : D.lo
}

/** Below this exponent sine and tangent are the angle but for less than half of its last place. */
const SMALL: i32 = -40
/** Below this one the processor does not see a difference: the result is the angle, or 1, however RC rounds. */
const LINEAR: i32 = -68
/** Up to here it takes a tangent for less than the angle, as it does the sine. */
const TANGENT_BELOW: i32 = -34

/** The angle itself, which counts as inexact. */
function sameAsX(cpu: usize): void {
  N.finishExact(cpu, X)
  N.signal(N.resultExponent & 0x7fff ? PE : PE | UE)
}

/** A little less than X. */
function belowX(cpu: usize): void {
  if (X.significand == N.INTEGER_BIT)
    return N.finishTo(cpu, 64, X.sign, X.exponent - 1, ~(<u64>0), N.INTEGER_BIT | 1)
  N.finishTo(cpu, 64, X.sign, X.exponent, X.significand - 1, ~(<u64>0))
}

/** Sine (0) or cosine (1) of X into the result. */
function sineOf(cpu: usize, quarterTurns: u32): void {
  if (X.kind == N.ZERO) return quarterTurns ? N.setResult(N.INTEGER_BIT, 0x3fff) : N.setZero(X.sign)
  if (X.exponent < LINEAR) {
    if (!quarterTurns) return sameAsX(cpu)
    N.signal(PE)
    N.setRoundedUp(false)
    return N.setResult(N.INTEGER_BIT, 0x3fff)
  }
  if (X.exponent < SMALL)
    return quarterTurns ? N.finishTo(cpu, 64, 0, -1, ~(<u64>0), N.INTEGER_BIT | 1) : belowX(cpu)
  reduce()
  const turn = (quadrant + quarterTurns) & 3
  if (turn & 1) E.cosine(angleHi, angleLo)
  else E.sine(angleHi, angleLo)
  const sign = (turn >> 1) ^ (quarterTurns ? 0 : X.sign)
  finish(cpu, sign, 0, false)
}

function tangentOf(cpu: usize): void {
  if (X.kind == N.ZERO) return N.setZero(X.sign)
  if (X.exponent < LINEAR) return sameAsX(cpu)
  if (X.exponent <= TANGENT_BELOW) return belowX(cpu)
  reduce()
  E.sine(angleHi, angleLo)
  const h = D.hi
  const l = D.lo
  E.cosine(angleHi, angleLo)
  if (quadrant & 1) D.divide(-D.hi, -D.lo, h, l)
  else D.divide(h, l, D.hi, D.lo)
  finish(cpu, X.sign, 0, false)
}

/* Functions of x87Circle; semantics/x87/arithmetic.ts has the same numbers. */
const SIN: u32 = 0
const COS: u32 = 1
const SINCOS: u32 = 2

/** FSIN, FCOS, FSINCOS, FPTAN. An angle from 2⁶³ on stays, and C2 says so. */
export function x87Circle(cpu: usize, operation: u32): i32 {
  enter(cpu)
  setFsw(cpu, getFsw(cpu) & ~C2)
  const two = operation >= SINCOS
  if (isEmpty(cpu, 0) || (two && !isEmpty(cpu, 7))) {
    stackFault(cpu, !isEmpty(cpu, 0))
    return two ? concludeTwo(cpu, N.resultSignificand, N.resultExponent) : conclude(cpu, 0, 0)
  }
  readStack(cpu, X, 0)
  if (N.propagateOne(X)) {
    return two ? concludeTwo(cpu, N.resultSignificand, N.resultExponent) : conclude(cpu, 0, 0)
  }
  if (X.kind == N.INFINITY) {
    N.invalid()
    return two ? concludeTwo(cpu, N.resultSignificand, N.resultExponent) : conclude(cpu, 0, 0)
  }
  if (X.kind != N.ZERO && X.exponent >= 63) {
    setFsw(cpu, getFsw(cpu) | C2)
    return settle(cpu)
  }
  N.denormals(X, X)
  if (operation == SIN || operation == COS) {
    sineOf(cpu, operation)
    return conclude(cpu, 0, 0)
  }
  let significand = N.INTEGER_BIT
  let exponent: u32 = 0x3fff
  if (operation == SINCOS) {
    sineOf(cpu, 0)
    significand = N.resultSignificand
    exponent = N.resultExponent
    // C1 tells of the cosine.
    sineOf(cpu, 1)
    const sine = significand
    const sineExponent = exponent
    significand = N.resultSignificand
    exponent = N.resultExponent
    N.setResult(sine, sineExponent)
  } else tangentOf(cpu)
  return concludeTwo(cpu, significand, exponent)
}

/** The result into ST(0), then another number is pushed. */
function concludeTwo(cpu: usize, significand: u64, exponent: u32): i32 {
  if (blocked(cpu)) return settle(cpu)
  conclude(cpu, 0, 0)
  setTop(cpu, getTop(cpu) - 1)
  N.setResult(significand, exponent)
  return conclude(cpu, 0, 0)
}
