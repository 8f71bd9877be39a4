/**
 * Conversions. What does not fit an integer gives the integer indefinite, 80000000H or 8000000000000000H. Rounding follows MXCSR.RC except in the
 * truncating forms and, for now, in results that are floats (always to nearest).
 */
import {
  and,
  f32,
  f64,
  i32,
  i64,
  int,
  laneOp,
  op,
  or,
  raw,
  select,
  shl,
  shrU,
  wrap,
  type Expr,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import { double, fromBits, isNaNBits, rounded, roundingControl, single, type Format } from './float.ts'
import { narrowing, scalar, unary, vectored, widening } from './form.ts'
import { lanes, pick, vector, ZERO } from './lanes.ts'

type F64 = Expr<'f64'>

/** Rounded by MXCSR.RC. */
function byControl<T extends 'f32' | 'f64' | 'v128'>(c: Context, type: string, x: Expr<T>): Expr<T> {
  return rounded(c, type, roundingControl(c, c.stateI32(L.MXCSR)), x)
}

/** CVT(T)SS2SI and CVT(T)SD2SI. */
function toInteger(f: Format, truncate: boolean): Definition {
  return vectored((c) => {
    const { bits } = c.operand(0)
    const to = bits === 64 ? 'i64' : 'i32'
    const source = c.let(fromBits(f, c.read(1, f.bits)) as F64)
    const x = truncate ? source : byControl(c, f.float, source)
    // trunc_sat is right for all that fits; the upper bound is exact in both formats.
    const limit = 2 ** (bits - 1)
    const bound = (value: number): Expr => (f.bits === 32 ? f32(value) : f64(value))
    const lowest = bits === 32 && f.bits === 64 ? -limit - 1 : -limit
    const above = raw(`${f.float}.${lowest < -limit ? 'gt' : 'ge'}`, [x, bound(lowest)]) as I32
    const below = raw(`${f.float}.lt`, [x, bound(limit)]) as I32
    const result = raw(`${to}.trunc_sat_${f.float}_s`, [x]) as Value
    c.write(0, select(and(above, below), result, int(to, -(1n << BigInt(bits - 1)))))
  })
}

/** CVTSI2SS and CVTSI2SD. */
function fromInteger(f: Format): Definition {
  const convert = (_c: Context, _x: Value, y: Value): Value => {
    const value = raw(`${f.float}.convert_${y.type}_s`, [y])
    return raw(`${f.int}.reinterpret_${f.float}`, [value]) as Value
  }
  return scalar(f.bits, convert, null)
}

/** Single to double; a NaN keeps sign and payload and becomes quiet. */
function promote(c: Context, bits: I32): I64 {
  return c.f.choose(
    isNaNBits(single, bits),
    () => {
      const wide = raw('i64.extend_i32_u', [bits]) as I64
      const sign = shl(shrU(wide, i64(31)), i64(63))
      const payload = and(shl(wide, i64(29)), i64(0x000fffffe0000000n))
      return or(or(sign, payload), i64(0x7ff8000000000000n))
    },
    () => op('i64.reinterpret_f64', op('f64.promote_f32', fromBits(single, bits) as Expr<'f32'>)),
  )
}

/** Double to single, likewise. */
function demote(c: Context, bits: I64): I32 {
  return c.f.choose(
    isNaNBits(double, bits),
    () => {
      const sign = and(wrap(shrU(bits, i64(32))), i32(-0x80000000))
      const payload = and(wrap(shrU(bits, i64(29))), i32(0x003fffff))
      return or(or(sign, payload), i32(0x7fc00000))
    },
    () => op('i32.reinterpret_f32', op('f32.demote_f64', fromBits(double, bits) as F64)),
  )
}

/** All ones in the lanes whose integral value fits a signed 32-bit integer. */
function fits(f: Format, x: V128): V128 {
  const limit = vector(`${f.lanes}.splat`, f.bits === 32 ? f32(2 ** 31) : f64(2 ** 31))
  return op(
    'v128.and',
    vector(`${f.lanes}.ge`, x, vector(`${f.lanes}.neg`, limit)),
    vector(`${f.lanes}.lt`, x, limit),
  )
}

const INDEFINITE = lanes(0x80000000, 0x80000000, 0x80000000, 0x80000000)
const INDEFINITE_LOW = lanes(0x80000000, 0x80000000, 0, 0)

/** Four singles to integers; also what CVT(T)PS2PI does with two. */
export function singlesToIntegers(c: Context, source: V128, truncate: boolean): V128 {
  const x = truncate ? c.let(op('f32x4.trunc', source)) : byControl(c, 'f32x4', source)
  return op('v128.bitselect', op('i32x4.trunc_sat_f32x4_s', x), INDEFINITE, fits(single, x))
}

/** Two doubles to integers in the low half. */
export function doublesToIntegers(c: Context, source: V128, truncate: boolean): V128 {
  const x = truncate ? c.let(op('f64x2.trunc', source)) : byControl(c, 'f64x2', source)
  const fitting = c.let(fits(double, x))
  const narrow = pick(4, [0, 2, 4, 4], fitting, ZERO)
  return op('v128.bitselect', op('i32x4.trunc_sat_f64x2_s_zero', x), INDEFINITE_LOW, narrow)
}

export const sseConvert: Definitions = {
  mnemonics: {
    cvtss2si: toInteger(single, false),
    cvttss2si: toInteger(single, true),
    cvtsd2si: toInteger(double, false),
    cvttsd2si: toInteger(double, true),
    cvtsi2ss: fromInteger(single),
    cvtsi2sd: fromInteger(double),
    cvtss2sd: scalar(64, (c, _x, y) => promote(c, y as I32), 32),
    cvtsd2ss: scalar(32, (c, _x, y) => demote(c, y as I64), 64),
    cvtps2pd: widening(64, (c, x) => {
      const low = promote(c, c.let(laneOp('i32x4.extract_lane', 0, x)))
      const high = promote(c, c.let(laneOp('i32x4.extract_lane', 1, x)))
      return laneOp('i64x2.replace_lane', 1, op('i64x2.splat', low), high)
    }),
    cvtpd2ps: narrowing((c, x) => {
      const low = demote(c, c.let(laneOp('i64x2.extract_lane', 0, x)))
      const high = demote(c, c.let(laneOp('i64x2.extract_lane', 1, x)))
      return laneOp('i32x4.replace_lane', 1, laneOp('i32x4.replace_lane', 0, ZERO, low), high)
    }),
    cvtdq2ps: unary((_c, x) => op('f32x4.convert_i32x4_s', x)),
    cvtdq2pd: widening(64, (_c, x) => op('f64x2.convert_low_i32x4_s', x)),
    cvtps2dq: unary((c, x) => singlesToIntegers(c, x, false)),
    cvttps2dq: unary((c, x) => singlesToIntegers(c, x, true)),
    cvtpd2dq: narrowing((c, x) => doublesToIntegers(c, x, false)),
    cvttpd2dq: narrowing((c, x) => doublesToIntegers(c, x, true)),
  },
}
