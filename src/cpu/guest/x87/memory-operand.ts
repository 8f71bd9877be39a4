/** Operands in memory, taken apart. SDM Vol. 1, 8.2. */
import * as N from './number'
import { Extended } from './number'

/* Formats of memory operands, as in semantics/x87/format.ts. */
export const SINGLE: u32 = 0
export const DOUBLE: u32 = 1
export const EXTENDED: u32 = 2
export const INTEGER: u32 = 3
export const DECIMAL: u32 = 4

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
export function unpackFrom(n: Extended, format: u32, value: u64, high: u32): void {
  if (format == SINGLE) N.unpackSingle(n, <u32>value)
  else if (format == DOUBLE) N.unpackDouble(n, value)
  else if (format == EXTENDED) N.unpack(n, value, high)
  else if (format == DECIMAL) unpackDecimal(n, value, high)
  else N.unpackInteger(n, <i64>value)
}
