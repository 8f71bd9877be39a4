/** Addition, multiplication, division and square root of X and Y (`number.ts`). SDM Vol. 2A, FADD … FSQRT. */
import * as N from './number'
import { Extended, X, Y } from './number'
import { ZE } from './state'
import * as wide from './wide'

function exactZero(cpu: usize): void {
  N.setZero(u32(N.roundingControl(cpu) == N.DOWN))
}

/** a + b, or a - b when `flip` is 1. */
export function add(cpu: usize, a: Extended, b: Extended, flip: u32): void {
  if (N.propagate(a, b)) return
  const signB = b.sign ^ flip
  if (a.kind == N.INFINITY || b.kind == N.INFINITY) {
    if (a.kind == b.kind && a.sign != signB) return N.invalid()
    N.denormals(a, b)
    return N.setInfinity(a.kind == N.INFINITY ? a.sign : signB)
  }
  N.denormals(a, b)
  if (a.kind == N.ZERO && b.kind == N.ZERO) {
    if (a.sign == signB) return N.setZero(a.sign)
    return exactZero(cpu)
  }
  if (b.kind == N.ZERO) return N.finish(cpu, a.sign, a.exponent, a.significand, 0)
  if (a.kind == N.ZERO) return N.finish(cpu, signB, b.exponent, b.significand, 0)

  let big = a
  let small = b
  let sign = a.sign
  if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
    big = b
    small = a
    sign = signB
  }
  const high = wide.shiftJamWide(small.significand, 0, <u32>min(big.exponent - small.exponent, 200))
  const low = wide.low
  if (a.sign == signB) {
    const sum = big.significand + high
    if (sum >= high) return N.finish(cpu, sign, big.exponent, sum, low)
    const rest = (low >> 1) | (low & 1) | (sum << 63)
    return N.finish(cpu, sign, big.exponent + 1, (sum >> 1) | N.INTEGER_BIT, rest)
  }
  const borrow = u64(low != 0)
  const difference = big.significand - high - borrow
  const rest: u64 = 0 - low
  if (!(difference | rest)) return exactZero(cpu)
  N.finishWide(cpu, sign, big.exponent, difference, rest)
}

export function multiply(cpu: usize, a: Extended, b: Extended): void {
  if (N.propagate(a, b)) return
  const sign = a.sign ^ b.sign
  if (a.kind == N.INFINITY || b.kind == N.INFINITY) {
    if (a.kind == N.ZERO || b.kind == N.ZERO) return N.invalid()
    N.denormals(a, b)
    return N.setInfinity(sign)
  }
  N.denormals(a, b)
  if (a.kind == N.ZERO || b.kind == N.ZERO) return N.setZero(sign)
  const high = wide.multiply(a.significand, b.significand)
  N.finishWide(cpu, sign, a.exponent + b.exponent + 1, high, wide.low)
}

/** a / b */
export function divide(cpu: usize, a: Extended, b: Extended): void {
  if (N.propagate(a, b)) return
  const sign = a.sign ^ b.sign
  if (a.kind == N.INFINITY) {
    if (b.kind == N.INFINITY) return N.invalid()
    N.denormals(b, b)
    return N.setInfinity(sign)
  }
  if (b.kind == N.ZERO) {
    if (a.kind == N.ZERO) return N.invalid()
    N.signal(ZE)
    return N.setInfinity(sign)
  }
  N.denormals(a, b)
  if (b.kind == N.INFINITY || a.kind == N.ZERO) return N.setZero(sign)
  let exponent = a.exponent - b.exponent
  let high = a.significand
  let next: u64 = 0
  if (high >= b.significand) {
    next = high << 63
    high >>= 1
  } else exponent--
  const quotient = wide.divide(high, next, b.significand)
  const rest = wide.remainder
  // Where the remainder stands against half of the divisor is all that rounding asks for.
  let tail: u64 = 0
  if (rest) {
    const twice = rest << 1
    if (rest >> 63 || twice > b.significand) tail = N.INTEGER_BIT | 1
    else tail = twice == b.significand ? N.INTEGER_BIT : 1
  }
  N.finish(cpu, sign, exponent, quotient, tail)
}

export function squareRoot(cpu: usize, a: Extended): void {
  if (N.propagateOne(a)) return
  if (a.kind == N.ZERO) return N.setZero(a.sign)
  if (a.sign) return N.invalid()
  if (a.kind == N.INFINITY) return N.setInfinity(0)
  N.denormals(a, a)
  // Digit by digit: radicand · 2^126 or 2^127 as pairs of bits, root of 64 bits.
  const odd = a.exponent & 1
  let high: u64 = odd ? a.significand : a.significand >> 1
  let low: u64 = odd ? 0 : a.significand << 63
  let root: u64 = 0
  let rest: u64 = 0
  let restHigh: u64 = 0
  for (let i = 0; i < 64; i++) {
    restHigh = (restHigh << 2) | (rest >> 62)
    rest = (rest << 2) | (high >> 62)
    high = (high << 2) | (low >> 62)
    low <<= 2
    const trial = (root << 2) | 1
    const trialHigh = root >> 62
    root <<= 1
    if (restHigh > trialHigh || (restHigh == trialHigh && rest >= trial)) {
      const borrow = u64(rest < trial)
      rest -= trial
      restHigh -= trialHigh + borrow
      root |= 1
    }
  }
  // The root is never half-way between two numbers; above it when the remainder exceeds the root.
  let tail: u64 = 0
  if (restHigh | rest) tail = restHigh || rest > root ? N.INTEGER_BIT | 1 : 1
  N.finish(cpu, 0, a.exponent >> 1, root, tail)
}

/* Operations of D8 … DE by their extension. */
export const ADD: u32 = 0
export const MUL: u32 = 1
export const SUB: u32 = 4
export const SUBR: u32 = 5
export const DIV: u32 = 6

/** X op Y. */
export function operate(cpu: usize, operation: u32): void {
  switch (operation) {
    case ADD:
      return add(cpu, X, Y, 0)
    case MUL:
      return multiply(cpu, X, Y)
    case SUB:
      return add(cpu, X, Y, 1)
    case SUBR:
      return add(cpu, Y, X, 1)
    case DIV:
      return divide(cpu, X, Y)
    default:
      return divide(cpu, Y, X)
  }
}
