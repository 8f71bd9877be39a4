/** RCPPS, RSQRTPS and their scalar forms. They set no flags, and MXCSR does not count. */
import {
  add,
  and,
  eqz,
  f64,
  fromBits,
  i32,
  i64,
  laneOp,
  op,
  or,
  select,
  shl,
  toBits,
  type Expr,
  type I32,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import { single } from './float.ts'
import { scalar, unary } from './form.ts'
import { isNaN, isNotFinite } from './plain.ts'

type F64 = Expr<'f64'>

/** Denormals count as zeros. */
function flushed(bits: I32): I32 {
  const exponent = op('i32.and', bits, i32(0x7f800000))
  return select(eqz(exponent), op('i32.and', bits, i32(-0x80000000)), bits)
}

/**
 * A relative error below 1.5 · 2⁻¹² is all that is promised, and every make of processor has its own table. Those of Intel that the tests ran on hold, for each
 * value of the first `index` bits of the fraction (and of the last of the exponent for roots), the function in the middle of that interval, rounded to 12 bits of fraction.
 */
function approximate(index: number, compute: (x: F64) => F64): (c: Context, x: Value) => Value {
  const below = 23 - index
  return (c, x) => {
    const input = c.let(flushed(x as I32))
    const special = or(eqz(shl(input, i32(1))), isNotFinite(single, input))
    const middle = or(and(input, i32(-1 << below)), i32(1 << (below - 1)))
    const argument = fromBits(c.let(select(special, input, middle))) as Expr<'f32'>
    const value = c.let(compute(op('f64.promote_f32', argument)))
    const rounded = and(add(op('i64.reinterpret_f64', value), i64(1n << 39n)), i64(-1n << 40n))
    const result = c.let(toBits(op('f32.demote_f64', op('f64.reinterpret_i64', rounded))) as I32)
    // Which NaN WebAssembly gives is open.
    const nan = select(isNaN(single, input), or(input, i32(0x00400000)), i32(-0x400000))
    return select(op('f64.ne', value, value), nan, flushed(result))
  }
}

const reciprocal = approximate(11, (x) => op('f64.div', f64(1), x))
const reciprocalRoot = approximate(10, (x) => op('f64.div', f64(1), op('f64.sqrt', x)))

function eachLane(compute: (c: Context, x: Value) => Value): Definition {
  return unary((c, x) => {
    let result: V128 = x
    for (let lane = 0; lane < 4; lane++) {
      const value = compute(c, c.let(laneOp('i32x4.extract_lane', lane, x)))
      result = laneOp('i32x4.replace_lane', lane, result, value as I32)
    }
    return result
  })
}

export const sseApproximate: Definitions = {
  mnemonics: {
    rcpss: scalar(32, (c, _x, y) => reciprocal(c, y)),
    rsqrtss: scalar(32, (c, _x, y) => reciprocalRoot(c, y)),
    rcpps: eachLane(reciprocal),
    rsqrtps: eachLane(reciprocalRoot),
  },
}
