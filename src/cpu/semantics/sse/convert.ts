/**
 * Conversions. What does not fit an integer gives the integer indefinite, 80000000H or 8000000000000000H. Rounding follows MXCSR.RC except in the
 * truncating forms.
 */
import * as O from '../../float-operations.ts'
import {
  and,
  eqz,
  f32,
  f64,
  fromBits,
  i32,
  i64,
  laneOp,
  op,
  or,
  raw,
  select,
  toBits,
  type Expr,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import { double, single, type Format } from './float.ts'
import { narrowingLanes, scalar, unaryLanes, vectored, wideningLanes } from './form.ts'
import { pick, vector } from './lanes.ts'
import * as P from './plain.ts'
import { chooseLanes, codeOf, softLanes, softScalar } from './soft.ts'
import { countOf } from './settle.ts'

type F64 = Expr<'f64'>

/** Immediates of the helper: round toward zero, or as MXCSR.RC says. */
const TRUNCATE = i32(3)
const BY_CONTROL = i32(4)
const roundingOf = (truncate: boolean): I32 => (truncate ? TRUNCATE : BY_CONTROL)

const floatConstant = (f: Format, value: number): Expr => (f.bits === 32 ? f32(value) : f64(value))

/** CVT(T)SS2SI and CVT(T)SD2SI. */
function toInteger(f: Format, truncate: boolean): Definition {
  return vectored((c) => {
    const bits = c.operand(0).bits as 32 | 64
    const source = c.read(1, f.bits)
    const x = c.let(raw(`${f.float}.${truncate ? 'trunc' : 'nearest'}`, [fromBits(source)]) as F64)
    const limit = 2 ** (bits - 1)
    const above = raw(`${f.float}.ge`, [x, floatConstant(f, -limit)]) as I32
    const below = raw(`${f.float}.lt`, [x, floatConstant(f, limit)]) as I32
    const odd = P.oneOf(P.oddMode(c), eqz(and(above, below)))
    const code = codeOf(bits === 64 ? O.FLOAT_TO_INT64 : O.FLOAT_TO_INT32, f)
    const result = c.f.choose(
      odd,
      () => softScalar(c, code, bits, [source], roundingOf(truncate)),
      () => raw(`i${bits}.trunc_sat_${f.float}_s`, [x]) as Value,
    )
    c.write(0, result)
  })
}

/** CVTSI2SS and CVTSI2SD. Doubles hold 32 bits, and 64 when these are few enough, without rounding. */
function fromInteger(f: Format): Definition {
  const convert = (c: Context, _x: Value, y: Value): Value => {
    const plain = c.let(toBits(raw(`${f.float}.convert_${y.type}_s`, [y]) as F64))
    if (f.bits === 64 && y.type === 'i32') return plain
    const half = f.bits === 32 ? 2 ** 24 : 2 ** 53
    const exact =
      y.type === 'i32'
        ? op('i32.le_u', op('i32.add', y as I32, i32(half)), i32(2 * half))
        : op('i64.le_u', op('i64.add', y as I64, i64(half)), i64(2 * half))
    const code = codeOf(y.type === 'i32' ? O.FLOAT_FROM_INT32 : O.FLOAT_FROM_INT64, f)
    return c.f.choose(
      select(exact, i32(0), P.oddMode(c)),
      () => softScalar(c, code, f.bits, [y]),
      () => plain,
    )
  }
  return scalar(f.bits, convert, null)
}

/** CVTSS2SD is exact: a denormal or a NaN is all that it may tell of. */
const promote = (c: Context, bits: Value): Value =>
  c.f.choose(
    or(P.isDenormal(single, bits), P.isNaN(single, bits)),
    () => softScalar(c, codeOf(O.FLOAT_WIDEN, single), 64, [bits]),
    () => toBits(op('f64.promote_f32', fromBits(bits) as Expr<'f32'>)),
  )

function demote(c: Context, bits: Value): Value {
  const plain = c.let(toBits(op('f32.demote_f64', fromBits(bits) as F64)))
  const odd = and(P.isNotOrdinary(single, plain), eqz(P.isZero(double, bits)))
  return c.f.choose(
    or(P.oddMode(c), odd),
    () => softScalar(c, codeOf(O.FLOAT_NARROW, double), 32, [bits]),
    () => plain,
  )
}

/** CVTPS2PD: singles in the low half of a vector, or in all of it. */
function promoteLanes(c: Context, x: V128, lanes: number): V128[] {
  const halves = [x, pick(8, [1, 0], x, x)].slice(0, lanes)
  const plain = halves.map((v) => op('f64x2.promote_low_f32x4', v))
  // The upper half counts as well only if it is used.
  const source = lanes === 1 ? c.let(pick(8, [0, 0], x, x)) : x
  const odd = P.anyOf([P.denormalLanes(single, source), P.nanLanes(single, source)])
  const soft = (): V128[] => softLanes(c, codeOf(O.FLOAT_WIDEN, single), 2 * lanes, [[x]], i32(0), lanes)
  return chooseLanes(c, odd, plain, soft)
}

const SMALLEST_SINGLE = 2 ** -126
const LARGEST_SINGLE = 2 ** 128 - 2 ** 104

/** The low halves of two vectors next to each other, or of one with zeros above. */
const joined = (low: V128, high?: V128): V128 => (high ? pick(8, [0, 2], low, high) : low)

/** CVTPD2PS. */
function demoteLanes(c: Context, x: readonly V128[]): V128 {
  const plain = joined(...(x.map((v) => op('f32x4.demote_f64x2_zero', v)) as [V128, V128?]))
  const fitting = x.map((v) => {
    const magnitude = c.let(op('f64x2.abs', v))
    const limit = (value: number): V128 => op('f64x2.splat', f64(value))
    const ordinary = op(
      'v128.and',
      op('f64x2.ge', magnitude, limit(SMALLEST_SINGLE)),
      op('f64x2.le', magnitude, limit(LARGEST_SINGLE)),
    )
    return op('v128.not', op('v128.or', ordinary, P.zeroLanes(double, v)))
  })
  const odd = P.oneOf(P.oddMode(c), P.anyOf(fitting))
  return narrowed(c, odd, plain, codeOf(O.FLOAT_NARROW, double), x)
}

/** The helper leaves what lies above the lanes as it was: two lanes have zeros there. */
function narrowed(
  c: Context,
  odd: I32,
  plain: V128,
  code: number,
  x: readonly V128[],
  immediate?: I32,
): V128 {
  const soft = (): V128[] => {
    const [all] = softLanes(c, code, countOf(double, x), [x], immediate, 1)
    return [x.length === 1 ? laneOp('i64x2.replace_lane', 1, all!, i64(0)) : all!]
  }
  return chooseLanes(c, odd, [plain], soft)[0]!
}

/** Not 0 in the lanes whose integral value does not fit a signed 32-bit integer. */
function tooLarge(f: Format, x: V128): V128 {
  const limit = (value: number): V128 => vector(`${f.lanes}.splat`, floatConstant(f, value))
  const above = vector(`${f.lanes}.ge`, x, limit(-(2 ** 31)))
  return op('v128.not', op('v128.and', above, vector(`${f.lanes}.lt`, x, limit(2 ** 31))))
}

/** CVT(T)PS2DQ, on `count` lanes. */
export function singlesToIntegers(
  c: Context,
  x: readonly V128[],
  truncate: boolean,
  count = countOf(single, x),
): V128[] {
  const whole = x.map((v) => c.let(vector(`f32x4.${truncate ? 'trunc' : 'nearest'}`, v)))
  const odd = P.oneOf(P.oddMode(c), P.anyOf(whole.map((v) => tooLarge(single, v))))
  const plain = whole.map((v) => op('i32x4.trunc_sat_f32x4_s', v))
  const code = codeOf(O.FLOAT_TO_INT32, single)
  return chooseLanes(c, odd, plain, () => softLanes(c, code, count, [x], roundingOf(truncate)))
}

/** CVT(T)PD2DQ. */
export function doublesToIntegers(c: Context, x: readonly V128[], truncate: boolean): V128 {
  const whole = x.map((v) => c.let(vector(`f64x2.${truncate ? 'trunc' : 'nearest'}`, v)))
  const odd = P.oneOf(P.oddMode(c), P.anyOf(whole.map((v) => tooLarge(double, v))))
  const plain = joined(...(whole.map((v) => op('i32x4.trunc_sat_f64x2_s_zero', v)) as [V128, V128?]))
  return narrowed(c, odd, plain, codeOf(O.FLOAT_TO_INT32, double), x, roundingOf(truncate))
}

/** CVTDQ2PS, on `count` lanes. */
export function integersToSingles(c: Context, x: readonly V128[], count = countOf(single, x)): V128[] {
  const plain = x.map((v) => op('f32x4.convert_i32x4_s', v))
  const code = codeOf(O.FLOAT_FROM_INT32, single)
  return chooseLanes(c, P.oddMode(c), plain, () => softLanes(c, code, count, [x]))
}

export const sseConvert: Definitions = {
  mnemonics: {
    cvtss2si: toInteger(single, false),
    cvttss2si: toInteger(single, true),
    cvtsd2si: toInteger(double, false),
    cvttsd2si: toInteger(double, true),
    cvtsi2ss: fromInteger(single),
    cvtsi2sd: fromInteger(double),
    cvtss2sd: scalar(64, (c, _x, y) => promote(c, y), 32),
    cvtsd2ss: scalar(32, (c, _x, y) => demote(c, y), 64),
    cvtps2pd: wideningLanes(64, promoteLanes),
    cvtpd2ps: narrowingLanes(demoteLanes),
    cvtdq2ps: unaryLanes((c, x) => integersToSingles(c, x)),
    cvtdq2pd: wideningLanes(64, (_c, x, lanes) =>
      [x, pick(8, [1, 0], x, x)].slice(0, lanes).map((v) => op('f64x2.convert_low_i32x4_s', v)),
    ),
    cvtps2dq: unaryLanes((c, x) => singlesToIntegers(c, x, false)),
    cvttps2dq: unaryLanes((c, x) => singlesToIntegers(c, x, true)),
    cvtpd2dq: narrowingLanes((c, x) => doublesToIntegers(c, x, false)),
    cvttpd2dq: narrowingLanes((c, x) => doublesToIntegers(c, x, true)),
  },
}
