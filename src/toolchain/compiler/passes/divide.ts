import type { Value } from '../ssa/ir.ts'
import { type Make, exactLog2, makeConstant } from './simplify.ts'

/**
 * Division by a constant without a division: shifts for powers of two, otherwise multiplication by a scaled
 * reciprocal (T. Granlund, P. L. Montgomery, "Division by Invariant Integers using Multiplication", 1994).
 * Returns `value` where the division stays: by 0, which traps, and 64-bit cases that need a 65-bit reciprocal.
 */
export function divideByConstant(value: Value, constant: bigint, make: Make): Value {
  const [left] = value.args as [Value, Value]
  const type = left.type as 'i32' | 'i64'
  const bits = type === 'i32' ? 32 : 64
  const signed = value.op.endsWith('_s')
  const divisor = signed ? constant : BigInt.asUintN(bits, constant)
  const quotientOf = signed ? signedQuotient : unsignedQuotient
  if (divisor === 0n) return value
  if (value.op.slice(4, 7) === 'div') {
    // INT_MIN / −1 traps, so the division by −1 stays.
    if (divisor === -1n) return value
    return quotientOf(left, divisor, bits, type, make) ?? value
  }
  if (divisor === 1n || divisor === -1n) return makeConstant(make, type, 0n)
  if (!signed && exactLog2(divisor, bits) > 0) {
    return make(`${type}.and`, type, [left, makeConstant(make, type, divisor - 1n)])
  }
  const quotient = quotientOf(left, divisor, bits, type, make)
  if (!quotient) return value
  const product = make(`${type}.mul`, type, [quotient, makeConstant(make, type, divisor)])
  return make(`${type}.sub`, type, [left, product])
}

type Quotient = (
  left: Value,
  divisor: bigint,
  bits: number,
  type: 'i32' | 'i64',
  make: Make,
) => Value | undefined

const unsignedQuotient: Quotient = (left, divisor, bits, type, make) => {
  const shiftBy = (value: Value, op: string, by: number): Value =>
    by === 0
      ? value
      : make(op, value.type as 'i64', [value, makeConstant(make, value.type as 'i64', BigInt(by))])
  const power = exactLog2(divisor, bits)
  if (power >= 0) return shiftBy(left, `${type}.shr_u`, power)
  // The smallest shift for which the rounded-up reciprocal 2^(bits+shift) / divisor is exact enough.
  const width = BigInt(bits)
  const limit = BigInt(divisor.toString(2).length)
  for (let shift = 0n; shift <= limit; shift++) {
    const scale = 1n << (width + shift)
    const reciprocal = scale / divisor + 1n
    if (reciprocal * divisor - scale > 1n << shift) continue
    if (reciprocal >> width) break
    if (bits === 64) {
      const high = make('i64.mulh_u', 'i64', [left, makeConstant(make, 'i64', reciprocal)])
      return shiftBy(high, 'i64.shr_u', Number(shift))
    }
    const wide = make('i64.extend_i32_u', 'i64', [left])
    const product = make('i64.mul', 'i64', [wide, makeConstant(make, 'i64', reciprocal)])
    return make('i32.wrap_i64', 'i32', [shiftBy(product, 'i64.shr_u', 32 + Number(shift))])
  }
  if (bits === 64) return undefined
  // A 33-bit reciprocal: q = mulh(left, low 32 bits), then ((left − q) / 2 + q) >> (shift − 1).
  const shift = BigInt((divisor - 1n).toString(2).length)
  const reciprocal = (1n << (32n + shift)) / divisor + 1n - (1n << 32n)
  const wide = make('i64.extend_i32_u', 'i64', [left])
  const product = make('i64.mul', 'i64', [wide, makeConstant(make, 'i64', reciprocal)])
  const high = make('i32.wrap_i64', 'i32', [shiftBy(product, 'i64.shr_u', 32)])
  const half = shiftBy(make('i32.sub', 'i32', [left, high]), 'i32.shr_u', 1)
  return shiftBy(make('i32.add', 'i32', [half, high]), 'i32.shr_u', Number(shift) - 1)
}

const signedQuotient: Quotient = (left, divisor, bits, type, make) => {
  const constant = (value: number | bigint): Value => makeConstant(make, type, BigInt(value))
  const binary = (op: string, a: Value, b: Value): Value => make(`${type}.${op}`, type, [a, b])
  const magnitude = divisor < 0n ? -divisor : divisor
  const negate = (quotient: Value): Value => (divisor < 0n ? binary('sub', constant(0), quotient) : quotient)
  if (magnitude === 1n) return left
  const power = exactLog2(magnitude, bits)
  if (power > 0) {
    if (power === bits - 1) return undefined
    // Round towards zero: add 2^power − 1 to a negative dividend.
    const sign = power === 1 ? left : binary('shr_s', left, constant(bits - 1))
    const bias = binary('shr_u', sign, constant(bits - power))
    return negate(binary('shr_s', binary('add', left, bias), constant(power)))
  }
  const sign = binary('shr_s', left, constant(bits - 1))
  const width = BigInt(bits)
  for (let shift = 0n; shift < width; shift++) {
    const scale = 1n << (width - 1n + shift)
    const reciprocal = scale / magnitude + 1n
    if (reciprocal * magnitude - scale > 1n << shift) continue
    const right = bits === 32 ? 31n + shift : shift - 1n
    if (bits === 32) {
      const wide = make('i64.extend_i32_s', 'i64', [left])
      const product = make('i64.mul', 'i64', [wide, makeConstant(make, 'i64', reciprocal)])
      const shifted = make('i64.shr_s', 'i64', [product, makeConstant(make, 'i64', right)])
      return negate(binary('sub', make('i32.wrap_i64', 'i32', [shifted]), sign))
    }
    if (right < 0n) return undefined
    // As a signed operand a reciprocal ≥ 2^63 is 2^64 too small: add the dividend back.
    let high = make('i64.mulh_s', 'i64', [left, makeConstant(make, 'i64', reciprocal)])
    if (reciprocal >> 63n) high = binary('add', high, left)
    return negate(binary('sub', binary('shr_s', high, constant(right)), sign))
  }
  return undefined
}
