/**
 * The arithmetic of floating-point lanes: an operation of WebAssembly where that is all (`plain.ts` tells), else a call of the helper (`soft.ts`). Scalars
 * are given by their bits, packed numbers as lists of 128-bit lanes, so that an exception in one of them keeps all from being written.
 */
import * as O from '../../float-operations.ts'
import {
  and,
  eqz,
  i32,
  op,
  or,
  raw,
  select,
  type Expr,
  type I32,
  type Int,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'
import { pick, vector } from './lanes.ts'
import * as P from './plain.ts'
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

/** The float with these bits. */
export function fromBits(f: Format, bits: Value): Float {
  return raw(`${f.float}.reinterpret_${f.int}`, [bits]) as Float
}

export function toBits(f: Format, value: Float): Value {
  return raw(`${f.int}.reinterpret_${f.float}`, [value]) as Value
}

export type BinaryName = 'add' | 'sub' | 'mul' | 'div'
const codes = { add: O.FLOAT_ADD, sub: O.FLOAT_SUB, mul: O.FLOAT_MUL, div: O.FLOAT_DIV }

// Scalars

/** `result` when `odd` is 0. Bound. */
function choose(c: Context, odd: I32, result: Value, soft: () => Value): Value {
  return c.f.choose(odd, soft, () => result)
}

/** Sums that are tiny are exact, which FTZ does not care for; products and quotients are tiny or zero for other reasons than a zero operand. */
function oddResult(f: Format, name: BinaryName, result: Value, x: Value, y: Value): I32 {
  if (name === 'add' || name === 'sub') return or(P.isNotFinite(f, result), P.isDenormal(f, result))
  const zero = name === 'mul' ? or(P.isZero(f, x), P.isZero(f, y)) : P.isZero(f, x)
  return and(P.isNotOrdinary(f, result), eqz(and(P.isZero(f, result), zero)))
}

/** x ∘ y for bit patterns that are bound. */
export function scalarBinary(c: Context, f: Format, name: BinaryName, x: Value, y: Value): Value {
  const value = raw(`${f.float}.${name}`, [fromBits(f, x), fromBits(f, y)]) as Float
  const result = c.let(toBits(f, value))
  const odd = [P.oddMode(c), oddOperand(c, f, x), oddOperand(c, f, y)]
  // Most results are ordinary; only the others are worth a closer look.
  const chosen = choose(c, P.oneOf(...odd, P.isNotOrdinary(f, result)), result, () =>
    choose(c, P.oneOf(...odd, oddResult(f, name, result, x, y)), result, () =>
      softScalar(c, codeOf(codes[name], f), f.bits, [x, y]),
    ),
  )
  for (const value of [x, y, chosen]) c.noteNormal(value)
  return chosen
}

function oddOperand(c: Context, f: Format, x: Value): I32 {
  return c.isNormal(x) ? i32(0) : P.isDenormal(f, x)
}

export function scalarSqrt(c: Context, f: Format, x: Value): Value {
  const result = c.let(toBits(f, raw(`${f.float}.sqrt`, [fromBits(f, x)]) as Float))
  const odd = P.oneOf(P.oddMode(c), oddOperand(c, f, x), P.isNotFinite(f, result))
  const chosen = choose(c, odd, result, () => softScalar(c, codeOf(O.FLOAT_SQRT, f), f.bits, [x]))
  for (const value of [x, chosen]) c.noteNormal(value)
  return chosen
}

/** Not 0 when comparing x and y may set flags. */
export function oddToCompare(f: Format, x: Value, y: Value): I32 {
  return P.oneOf(P.isDenormal(f, x), P.isDenormal(f, y), P.isNaN(f, x), P.isNaN(f, y))
}

/** MIN and MAX give the second operand when the operands are equal or one is a NaN, as it is. */
export function scalarMinMax(c: Context, f: Format, name: 'min' | 'max', x: Value, y: Value): Value {
  const compare = raw(`${f.float}.${name === 'min' ? 'lt' : 'gt'}`, [fromBits(f, x), fromBits(f, y)]) as I32
  const code = codeOf(name === 'min' ? O.FLOAT_MIN : O.FLOAT_MAX, f)
  return choose(c, oddToCompare(f, x, y), c.let(select(compare, x, y)), () =>
    softScalar(c, code, f.bits, [x, y]),
  )
}

// Lanes

/** Lanes of the format in a list of 128-bit ones. */
export const countOf = (f: Format, v: readonly V128[]): number => (v.length * 128) / f.bits

const each = (x: readonly V128[], y: readonly V128[], f: (x: V128, y: V128) => V128): V128[] =>
  x.map((v, n) => f(v, y[n]!))

function oddLanes(f: Format, name: BinaryName, result: V128, x: V128, y: V128): V128 {
  const masks = [P.denormalLanes(f, x), P.denormalLanes(f, y), P.notFiniteLanes(f, result)]
  const zero = P.zeroLanes(f, x)
  if (name === 'add' || name === 'sub') masks.push(P.denormalLanes(f, result))
  if (name === 'mul')
    masks.push(op('v128.andnot', P.smallLanes(f, result), op('v128.or', zero, P.zeroLanes(f, y))))
  if (name === 'div') masks.push(op('v128.andnot', P.smallLanes(f, result), zero))
  return masks.reduce((a, b) => op('v128.or', a, b))
}

/** `code` with the lanes of `plain`, when the results and the operands are no reason to ask the helper. */
function settle(
  c: Context,
  f: Format,
  name: BinaryName,
  code: number,
  plain: readonly V128[],
  x: readonly V128[],
  y: readonly V128[],
): V128[] {
  const results = plain.map((value) => c.let(value))
  const masks = results.map((result, n) => oddLanes(f, name, result, x[n]!, y[n]!))
  const odd = P.oneOf(P.oddMode(c), P.anyOf(masks))
  return chooseLanes(c, odd, results, () => softLanes(c, code, countOf(f, x), [x, y]))
}

export function packedBinary(
  c: Context,
  f: Format,
  name: BinaryName,
  x: readonly V128[],
  y: readonly V128[],
): V128[] {
  const plain = each(x, y, (a, b) => vector(`${f.lanes}.${name}`, a, b))
  return settle(c, f, name, codeOf(codes[name], f), plain, x, y)
}

/** Subtracts in even lanes, adds in odd ones. */
export function packedAddSubtract(c: Context, f: Format, x: readonly V128[], y: readonly V128[]): V128[] {
  const plain = each(x, y, (a, b) => {
    const sum = vector(`${f.lanes}.add`, a, b)
    const difference = vector(`${f.lanes}.sub`, a, b)
    return f.bits === 32 ? pick(4, [0, 5, 2, 7], difference, sum) : pick(8, [0, 3], difference, sum)
  })
  return settle(c, f, 'add', codeOf(O.FLOAT_SUB, f, O.FLOAT_ADD), plain, x, y)
}

export function packedSqrt(c: Context, f: Format, x: readonly V128[]): V128[] {
  const results = x.map((v) => c.let(vector(`${f.lanes}.sqrt`, v)))
  const masks = x.map((v, n) => op('v128.or', P.denormalLanes(f, v), P.notFiniteLanes(f, results[n]!)))
  const odd = P.oneOf(P.oddMode(c), P.anyOf(masks))
  return chooseLanes(c, odd, results, () => softLanes(c, codeOf(O.FLOAT_SQRT, f), countOf(f, x), [x]))
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
