/** What the SSE families share: operands, constants by lanes, immediates. */
import { extendU, op, raw, shuffle, v128, wrap, type Expr, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'

export const ZERO: V128 = v128(0n, 0n)

/** A constant from its lanes, lowest first: 16 of 8 bits, 8 of 16, 4 of 32 or 2 of 64. */
export function lanes(...values: readonly (number | bigint)[]): V128 {
  const bits = BigInt(128 / values.length)
  let all = 0n
  values.forEach((value, lane) => {
    all |= BigInt.asUintN(Number(bits), BigInt(value)) << (bits * BigInt(lane))
  })
  return v128(all, all >> 64n)
}

/** A vector whose lanes of `bits` bits all hold the same. */
export function repeated(bits: number, pattern: bigint): V128 {
  return lanes(...Array<bigint>(128 / bits).fill(pattern))
}

/** 0, 1 … 15 as bytes. */
export const IOTA: V128 = lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

/** A wasm instruction by a name put together at run time. */
export function vector(name: string, ...args: readonly Expr[]): V128 {
  return raw(name, args) as V128
}

export function scalar(name: string, ...args: readonly Expr[]): I32 {
  return raw(name, args) as I32
}

/** An `xmm/m128` source, which must be aligned in memory. */
export function readAligned(c: Context, index: number): V128 {
  c.requireAligned(index)
  return c.readVector(index)
}

/** The immediate as an i32. */
export function immediate(c: Context, index: number): I32 {
  return c.let(wrap(c.immediate(index)))
}

/** An i32 as a value of the operand's width, for a general register that may have 64 bits. */
export function widen(c: Context, index: number, value: I32): Value {
  return c.operand(index).bits === 64 ? extendU(value) : value
}

/** The byte lanes of a shuffle from lanes of `bytes` bytes each; 0 … n - 1 from x, from n on from y. */
export function lanesOf(bytes: number, ...from: readonly number[]): number[] {
  return from.flatMap((lane) => Array.from({ length: bytes }, (_, byte) => lane * bytes + byte))
}

/** A shuffle by lanes of `bytes` bytes. */
export function pick(bytes: number, from: readonly number[], x: V128, y: V128): V128 {
  return shuffle(lanesOf(bytes, ...from), x, y)
}

/** For each lane of the constant powers of two: all ones where `imm` has that bit. */
export function maskOfBits(shape: string, imm: I32): V128 {
  const count = Number(shape.slice(shape.indexOf('x') + 1))
  const powers = lanes(...Array.from({ length: count }, (_, lane) => 1n << BigInt(lane)))
  const wide = shape === 'i64x2' ? extendU(imm) : imm
  return vector(`${shape}.eq`, op('v128.and', vector(`${shape}.splat`, wide), powers), powers)
}
