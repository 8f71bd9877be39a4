/** Products, and products with something added before anything is rounded. */
import { sum } from './add'
import { DE, signal } from './flags'
import { DENORMAL, Extended, INFINITY, ZERO } from './number'
import { DOWN } from './round'
import * as V from './value'
import * as wide from './wide'

/** a · b; neither is a NaN. */
export function multiply(a: Extended, b: Extended): void {
  const sign = a.sign ^ b.sign
  const infinite = a.kind == INFINITY || b.kind == INFINITY
  const zero = a.kind == ZERO || b.kind == ZERO
  if (infinite && zero) return V.setInvalid()
  if (a.kind == DENORMAL || b.kind == DENORMAL) signal(DE)
  if (infinite) return V.setInfinity(sign)
  if (zero) return V.setZero(sign)
  const high = wide.multiply(a.significand, b.significand)
  V.setNormalized(sign, a.exponent + b.exponent + 1, high, wide.low)
}

/** a · b + c, with the signs of the product and of c flipped as told; none is a NaN. Significands have at most 53 bits. */
export function fuse(
  a: Extended,
  b: Extended,
  c: Extended,
  flipProduct: u32,
  flipC: u32,
  rounding: u32,
): void {
  const sign = a.sign ^ b.sign ^ flipProduct
  const signC = c.sign ^ flipC
  const infinite = a.kind == INFINITY || b.kind == INFINITY
  const zero = a.kind == ZERO || b.kind == ZERO
  if (infinite && (zero || (c.kind == INFINITY && sign != signC))) return V.setInvalid()
  if (a.kind == DENORMAL || b.kind == DENORMAL || c.kind == DENORMAL) signal(DE)
  if (infinite) return V.setInfinity(sign)
  if (c.kind == INFINITY) return V.setInfinity(signC)
  if (zero) {
    if (c.kind == ZERO) return V.setZero(sign == signC ? sign : u32(rounding == DOWN))
    return V.setFinite(signC, c.exponent, c.significand, 0)
  }
  const high = wide.multiply(a.significand, b.significand)
  V.setNormalized(sign, a.exponent + b.exponent + 1, high, wide.low)
  if (c.kind == ZERO) return
  sum(sign, V.exponent, V.significand, V.rest, signC, c.exponent, c.significand, 0, rounding)
}
