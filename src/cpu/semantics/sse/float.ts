/**
 * The arithmetic of floating-point lanes, in one place: what rounding modes, DAZ, FTZ and the flags of MXCSR will be added to.
 *
 * WebAssembly leaves open which NaN an operation gives. The processor gives the first operand if that is a NaN, made quiet, else the
 * second likewise, else (no operand was a NaN) the negative quiet NaN (manual volume 1, table 4-7). Results that are no NaN need no repair.
 */
import {
  and,
  gtU,
  int,
  op,
  or,
  raw,
  select,
  shl,
  type Expr,
  type I32,
  type Int,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'
import { lanes, vector } from './lanes.ts'

/** Single or double precision. */
export interface Format {
  readonly bits: 32 | 64
  readonly int: Int
  readonly float: 'f32' | 'f64'
  /** Names of the vector types. */
  readonly lanes: 'f32x4' | 'f64x2'
  readonly intLanes: 'i32x4' | 'i64x2'
  /** All ones in the exponent; the quiet bit; the default NaN. */
  readonly infinity: bigint
  readonly quiet: bigint
  readonly defaultNaN: bigint
}

export const single: Format = {
  bits: 32,
  int: 'i32',
  float: 'f32',
  lanes: 'f32x4',
  intLanes: 'i32x4',
  infinity: 0x7f800000n,
  quiet: 0x00400000n,
  defaultNaN: 0xffc00000n,
}
export const double: Format = {
  bits: 64,
  int: 'i64',
  float: 'f64',
  lanes: 'f64x2',
  intLanes: 'i64x2',
  infinity: 0x7ff0000000000000n,
  quiet: 0x0008000000000000n,
  defaultNaN: 0xfff8000000000000n,
}

const repeated = (f: Format, pattern: bigint): V128 => lanes(...Array<bigint>(128 / f.bits).fill(pattern))

// Scalars, as bit patterns

export type Float = Expr<'f32'> | Expr<'f64'>

/** The float with these bits. */
export function fromBits(f: Format, bits: Value): Float {
  return raw(`${f.float}.reinterpret_${f.int}`, [bits]) as Float
}

export function toBits(f: Format, value: Float): Value {
  return raw(`${f.int}.reinterpret_${f.float}`, [value]) as Value
}

export function isNaNBits(f: Format, bits: Value): I32 {
  const one = int(f.int, 1)
  return gtU(shl(bits, one) as Expr<'i64'>, int(f.int, f.infinity << 1n) as Expr<'i64'>)
}

/** The NaN that an operation on these operands gives. */
export function resultNaN(f: Format, x: Value, y: Value): Value {
  const quiet = int(f.int, f.quiet)
  const second = select(isNaNBits(f, y), or(y, quiet), int(f.int, f.defaultNaN))
  return select(isNaNBits(f, x), or(x, quiet), second)
}

/** The bits of `value`, or of the right NaN if it is one. */
export function settle(c: Context, f: Format, value: Float, x: Value, y: Value): Value {
  const result = c.let(value as Expr<'f64'>)
  const isNaN = raw(`${f.float}.ne`, [result, result]) as I32
  return c.f.choose(
    isNaN,
    () => resultNaN(f, x, y),
    () => toBits(f, result),
  )
}

export type BinaryName = 'add' | 'sub' | 'mul' | 'div'

/** x ∘ y for bit patterns that are bound. */
export function scalarBinary(c: Context, f: Format, name: BinaryName, x: Value, y: Value): Value {
  return settle(c, f, raw(`${f.float}.${name}`, [fromBits(f, x), fromBits(f, y)]) as Float, x, y)
}

export function scalarSqrt(c: Context, f: Format, x: Value): Value {
  return settle(c, f, raw(`${f.float}.sqrt`, [fromBits(f, x)]) as Float, x, x)
}

/** MIN and MAX give the second operand when the operands are equal or one is a NaN, as it is. */
export function scalarMinMax(f: Format, name: 'min' | 'max', x: Value, y: Value): Value {
  const compare = name === 'min' ? 'lt' : 'gt'
  return select(raw(`${f.float}.${compare}`, [fromBits(f, x), fromBits(f, y)]) as I32, x, y)
}

// Vectors

const isNaN = (f: Format, x: V128): V128 => vector(`${f.lanes}.ne`, x, x)

/** `result` with its NaN lanes replaced by the NaN that x and y give. Bound. */
export function settleVector(c: Context, f: Format, result: V128, x: V128, y: V128): V128 {
  const bound = c.f.variable('v128', result)
  const nan = isNaN(f, bound.value)
  c.f.if(op('v128.any_true', nan), () => {
    const quiet = repeated(f, f.quiet)
    const second = op('v128.bitselect', op('v128.or', y, quiet), repeated(f, f.defaultNaN), isNaN(f, y))
    const right = op('v128.bitselect', op('v128.or', x, quiet), second, isNaN(f, x))
    c.f.set(bound, op('v128.bitselect', right, bound.value, isNaN(f, bound.value)))
  })
  return c.let(bound.value)
}

export function vectorBinary(c: Context, f: Format, name: BinaryName, x: V128, y: V128): V128 {
  return settleVector(c, f, vector(`${f.lanes}.${name}`, x, y), x, y)
}

export function vectorSqrt(c: Context, f: Format, x: V128): V128 {
  return settleVector(c, f, vector(`${f.lanes}.sqrt`, x), x, x)
}

export function vectorMinMax(f: Format, name: 'min' | 'max', x: V128, y: V128): V128 {
  // pmin(a, b) is b < a ? b : a.
  return vector(`${f.lanes}.p${name}`, y, x)
}

// Rounding to integral values

/** Rounding control as MXCSR.RC and the immediate of ROUNDPS encode it. */
const roundings = ['nearest', 'floor', 'ceil', 'trunc'] as const

/** `type` is `f32`, `f32x4` and so on; `control` an i32 of 0 … 3. NaNs are made quiet by the callers. */
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
  return c.let(and(op('i32.shr_u', mxcsr, int('i32', 13)), int('i32', 3)))
}
