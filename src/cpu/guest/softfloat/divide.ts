/** Quotients and square roots. */
import { DE, ZE, signal } from './flags'
import { DENORMAL, Extended, INFINITY, INTEGER_BIT, ZERO } from './number'
import * as V from './value'
import * as wide from './wide'

/** a / b; neither is a NaN. */
export function divide(a: Extended, b: Extended): void {
  const sign = a.sign ^ b.sign
  if (a.kind == b.kind && (a.kind == INFINITY || a.kind == ZERO)) return V.setInvalid()
  if (b.kind == ZERO && a.kind != INFINITY) {
    signal(ZE)
    return V.setInfinity(sign)
  }
  if (a.kind == DENORMAL || b.kind == DENORMAL) signal(DE)
  if (a.kind == INFINITY) return V.setInfinity(sign)
  if (b.kind == INFINITY || a.kind == ZERO) return V.setZero(sign)
  let exponent = a.exponent - b.exponent
  let high = a.significand
  let next: u64 = 0
  if (high >= b.significand) {
    next = high << 63
    high >>= 1
  } else exponent--
  const quotient = wide.divide(high, next, b.significand)
  const remainder = wide.remainder
  // Where the remainder stands against half of the divisor is all that rounding asks for.
  let rest: u64 = 0
  if (remainder) {
    const twice = remainder << 1
    if (remainder >> 63 || twice > b.significand) rest = INTEGER_BIT | 1
    else rest = twice == b.significand ? INTEGER_BIT : 1
  }
  V.setFinite(sign, exponent, quotient, rest)
}

/** √a; not a NaN. */
export function squareRoot(a: Extended): void {
  if (a.kind == ZERO) return V.setZero(a.sign)
  if (a.sign) return V.setInvalid()
  if (a.kind == INFINITY) return V.setInfinity(0)
  if (a.kind == DENORMAL) signal(DE)
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
  if (restHigh | rest) tail = restHigh || rest > root ? INTEGER_BIT | 1 : 1
  V.setFinite(0, a.exponent >> 1, root, tail)
}
