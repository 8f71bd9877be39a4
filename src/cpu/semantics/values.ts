/**
 * Values of the guest's operand sizes. A value of 8, 16 or 32 bits is an i32 expression, of 64 bits an i64. A *clean* value has zeros above
 * its size; reads give clean values and writes accept any.
 */
import {
  and,
  extendS,
  extendU,
  int,
  shrU,
  signExtend,
  wrap,
  zeroExtend,
  type Expr,
  type I32,
  type I64,
  type Int,
} from '../wasm/index.ts'

export type Value = Expr<Int>

export const typeOf = (bits: number): Int => (bits === 64 ? 'i64' : 'i32')

/** A constant of `bits` bits. */
export function constant(bits: number, value: number | bigint): Value {
  return int(typeOf(bits), BigInt.asUintN(bits, BigInt(value)))
}

/** Clears what lies above `bits`. */
export function clean(value: Value, bits: number): Value {
  return bits < 32 ? zeroExtend(value, bits) : value
}

/** As a 64-bit value, zero-extended from its type; clean if it was. */
export function toI64(value: Value): I64 {
  return value.type === 'i64' ? (value as I64) : extendU(value as I32)
}

/** As a 32-bit value: the low half. */
export function toI32(value: Value): I32 {
  return value.type === 'i32' ? (value as I32) : wrap(value as I64)
}

/** Sign-extended from `bits` to 64 bits. */
export function signed64(value: Value, bits: number): I64 {
  return value.type === 'i64' ? signExtend(value as I64, bits) : extendS(signExtend(value as I32, bits))
}

/** Sign-extended from `bits` within its type. */
export function signed(value: Value, bits: number): Value {
  return signExtend(value, bits)
}

/** The low `bits` of any value, clean. */
export function truncate(value: Value, bits: number): Value {
  return bits === 64 ? toI64(value) : clean(toI32(value), bits)
}

/** The sign bit, 0 or 1. */
export function signBit(value: Value, bits: number): I32 {
  return toI32(and(shrU(value, int(value.type, bits - 1)), int(value.type, 1)))
}
