/**
 * The arithmetic of floating-point lanes: an operation of WebAssembly where that is all (`plain.ts` tells), else a call of the helper (`soft.ts`). Scalars
 * are given by their bits, packed numbers as lists of 128-bit lanes, so that an exception in one of them keeps all from being written.
 */
import * as O from '../../float-operations.ts'
import {
  and,
  eqz,
  fromBits,
  i32,
  op,
  or,
  raw,
  select,
  toBits,
  type Expr,
  type I32,
  type Int,
  type V128,
  type ValType,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'
import { pick, vector } from './lanes.ts'
import * as P from './plain.ts'
import { countOf, settleLanes, settleOrder, settleScalar } from './settle.ts'
import { chooseLanes, codeOf, softLanes, softScalar } from './soft.ts'

/** Single or double precision. */
export interface Format {
  readonly bits: 32 | 64
  readonly int: Int
  readonly float: 'f32' | 'f64'
  /** Names of the vector types. */
  readonly lanes: 'f32x4' | 'f64x2'
  readonly intLanes: 'i32x4' | 'i64x2'
  /** All ones in the exponent; the smallest normal number; the sign bit. */
  readonly infinity: bigint
  readonly smallest: bigint
  readonly sign: bigint
}

export const single: Format = {
  bits: 32,
  int: 'i32',
  float: 'f32',
  lanes: 'f32x4',
  intLanes: 'i32x4',
  infinity: 0x7f800000n,
  smallest: 0x00800000n,
  sign: 1n << 31n,
}
export const double: Format = {
  bits: 64,
  int: 'i64',
  float: 'f64',
  lanes: 'f64x2',
  intLanes: 'i64x2',
  infinity: 0x7ff0000000000000n,
  smallest: 0x0010000000000000n,
  sign: 1n << 63n,
}

export type Float = Expr<'f32'> | Expr<'f64'>

export type BinaryName = 'add' | 'sub' | 'mul' | 'div'
const codes = { add: O.FLOAT_ADD, sub: O.FLOAT_SUB, mul: O.FLOAT_MUL, div: O.FLOAT_DIV }

// Scalars

/** Where a zero may come from that is no underflow: the operands of which one is zero, or null when every zero is exact. */
const sourcesOfZero = <T>(name: BinaryName, x: T, y: T): readonly T[] | null =>
  name === 'mul' ? [x, y] : name === 'div' ? [x] : null

/** Sums that are tiny are exact, which FTZ does not care for; products and quotients are tiny or zero for other reasons than a zero operand. */
function oddResult(f: Format, name: BinaryName, result: Value, x: Value, y: Value): I32 {
  const sources = sourcesOfZero(name, x, y)
  if (!sources) return or(P.isNotFinite(f, result), P.isDenormal(f, result))
  const zero = P.oneOf(...sources.map((source) => P.isZero(f, source)))
  return and(P.isNotOrdinary(f, result), eqz(and(P.isZero(f, result), zero)))
}

/** x ∘ y for bit patterns that are bound. */
export function scalarBinary(c: Context, f: Format, name: BinaryName, x: Value, y: Value): Value {
  const result = c.let(toBits(raw(`${f.float}.${name}`, [fromBits(x), fromBits(y)]) as Float))
  return settleScalar(c, f, {
    operands: [x, y],
    results: [result],
    sourcesOfZero: sourcesOfZero(name, x, y),
    odd: () => oddResult(f, name, result, x, y),
    code: codeOf(codes[name], f),
  })
}

export function scalarSqrt(c: Context, f: Format, x: Value): Value {
  const result = c.let(toBits(raw(`${f.float}.sqrt`, [fromBits(x)]) as Float))
  return settleScalar(c, f, {
    operands: [x],
    results: [result],
    sourcesOfZero: null,
    odd: () => P.isNotFinite(f, result),
    code: codeOf(O.FLOAT_SQRT, f),
  })
}

/** MIN and MAX give the second operand when the operands are equal or one is a NaN, as it is. */
export function scalarMinMax(c: Context, f: Format, name: 'min' | 'max', x: Value, y: Value): Value {
  const [a, b] = [fromBits(x), fromBits(y)]
  const compare = raw(`${f.float}.${name === 'min' ? 'lt' : 'gt'}`, [a, b]) as I32
  const code = codeOf(name === 'min' ? O.FLOAT_MIN : O.FLOAT_MAX, f)
  const usual = c.let(toBits(select<ValType>(compare, a, b) as Float))
  const value = settleOrder(c, f, x, y, usual, () => softScalar(c, code, f.bits, [x, y]))
  c.notePlain(value, f.bits)
  return value
}

// Lanes

const each = (x: readonly V128[], y: readonly V128[], f: (x: V128, y: V128) => V128): V128[] =>
  x.map((v, n) => f(v, y[n]!))

function oddLanes(f: Format, name: BinaryName, result: V128, x: V128, y: V128): V128 {
  const notFinite = P.notFiniteLanes(f, result)
  const sources = sourcesOfZero(name, x, y)
  if (!sources) return op('v128.or', notFinite, P.denormalLanes(f, result))
  const zero = sources.map((source) => P.zeroLanes(f, source)).reduce((a, b) => op('v128.or', a, b))
  return op('v128.or', notFinite, op('v128.andnot', P.smallLanes(f, result), zero))
}

export function packedBinary(
  c: Context,
  f: Format,
  name: BinaryName,
  x: readonly V128[],
  y: readonly V128[],
): V128[] {
  const results = each(x, y, (a, b) => c.let(vector(`${f.lanes}.${name}`, a, b)))
  return settleLanes(c, f, {
    operands: [x, y],
    results,
    sourcesOfZero: sourcesOfZero(name, x, y),
    odd: () => results.map((result, n) => oddLanes(f, name, result, x[n]!, y[n]!)),
    code: codeOf(codes[name], f),
  })
}

/** Subtracts in even lanes, adds in odd ones. */
export function packedAddSubtract(c: Context, f: Format, x: readonly V128[], y: readonly V128[]): V128[] {
  const results = each(x, y, (a, b) => {
    const sum = vector(`${f.lanes}.add`, a, b)
    const difference = vector(`${f.lanes}.sub`, a, b)
    return c.let(f.bits === 32 ? pick(4, [0, 5, 2, 7], difference, sum) : pick(8, [0, 3], difference, sum))
  })
  return settleLanes(c, f, {
    operands: [x, y],
    results,
    sourcesOfZero: null,
    odd: () => results.map((result, n) => oddLanes(f, 'add', result, x[n]!, y[n]!)),
    code: codeOf(O.FLOAT_SUB, f, O.FLOAT_ADD),
  })
}

export function packedSqrt(c: Context, f: Format, x: readonly V128[]): V128[] {
  const results = x.map((v) => c.let(vector(`${f.lanes}.sqrt`, v)))
  return settleLanes(c, f, {
    operands: [x],
    results,
    sourcesOfZero: null,
    odd: () => results.map((result) => P.notFiniteLanes(f, result)),
    code: codeOf(O.FLOAT_SQRT, f),
  })
}

/** Not 0 when comparing x and y may set flags. */
export function oddLanesToCompare(f: Format, x: readonly V128[], y: readonly V128[]): I32 {
  return P.anyOf([...x, ...y].flatMap((v) => [P.denormalLanes(f, v), P.nanLanes(f, v)]))
}

export function packedMinMax(
  c: Context,
  f: Format,
  name: 'min' | 'max',
  x: readonly V128[],
  y: readonly V128[],
): V128[] {
  // pmin(a, b) is b < a ? b : a.
  const plain = each(x, y, (a, b) => vector(`${f.lanes}.p${name}`, b, a))
  const code = codeOf(name === 'min' ? O.FLOAT_MIN : O.FLOAT_MAX, f)
  return chooseLanes(c, oddLanesToCompare(f, x, y), plain, () => softLanes(c, code, countOf(f, x), [x, y]))
}

// Rounding to integral values

/** Rounding control as MXCSR.RC and the immediate of ROUNDPS encode it. */
const roundings = ['nearest', 'floor', 'ceil', 'trunc'] as const

/** `type` is `f32`, `f32x4` and so on; `control` an i32 of 0 … 3. */
export function rounded<T extends 'f32' | 'f64' | 'v128'>(
  c: Context,
  type: string,
  control: I32,
  x: Expr<T>,
): Expr<T> {
  const result = c.f.variable(x.type)
  c.f.switch(
    control,
    roundings.map((name) => () => c.f.set(result, raw(`${type}.${name}`, [x]) as Expr<T>)),
  )
  return c.let(result.value)
}

/** MXCSR.RC. */
export function roundingControl(c: Context, mxcsr: I32): I32 {
  return c.let(and(op('i32.shr_u', mxcsr, i32(13)), i32(3)))
}
