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
  // The radicand has 127 or 128 bits, its root 64.
  const odd = a.exponent & 1
  const high: u64 = odd ? a.significand : a.significand >> 1
  const low: u64 = odd ? 0 : a.significand << 63
  let root = nearRoot(high, low)
  let restHigh: u64 = 0
  let rest: u64 = 0
  for (;;) {
    const squareHigh = wide.multiply(root, root)
    rest = low - wide.low
    restHigh = high - squareHigh - u64(low < wide.low)
    if (squareHigh > high || (squareHigh == high && wide.low > low)) root--
    else if (restHigh > 1 || (restHigh == 1 && rest > root << 1)) root++
    else break
  }
  // The root is never half-way between two numbers; above it when the remainder exceeds the root.
  let tail: u64 = 0
  if (restHigh | rest) tail = restHigh || rest > root ? INTEGER_BIT | 1 : 1
  V.setFinite(0, a.exponent >> 1, root, tail)
}

/** √(high · 2⁶⁴ + low), but for the last place: one of Newton's steps from the root of a double, which has 52 bits right. */
function nearRoot(high: u64, low: u64): u64 {
  const guess = Math.sqrt(<f64>high) * 4294967296.0
  const root: u64 = guess < 18446744073709551615.0 ? <u64>guess : ~(<u64>0)
  const quotient: u64 = high < root ? wide.divide(high, low, root) : ~(<u64>0)
  return (root >> 1) + (quotient >> 1) + (root & quotient & 1)
}
