/** Floating-point arithmetic: ADDPS … MAXSD, SQRT, RCP, RSQRT, horizontal and dot products (manual volume 2; rules for NaN in `float.ts`). */
import { eqz, i32, int, laneOp, op, raw, select, type Expr, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import {
  double,
  fromBits,
  isNaNBits,
  scalarBinary,
  scalarMinMax,
  scalarSqrt,
  settle,
  settleVector,
  single,
  vectorBinary,
  vectorMinMax,
  vectorSqrt,
  type BinaryName,
  type Format,
} from './float.ts'
import { binary, scalar, unary, withImmediate } from './form.ts'
import { maskOfBits, pick, vector } from './lanes.ts'

const formats: readonly [packed: string, low: string, f: Format][] = [
  ['ps', 'ss', single],
  ['pd', 'sd', double],
]

function fourForms(): Record<string, Definition> {
  const result: Record<string, Definition> = {}
  for (const [packed, low, f] of formats) {
    for (const name of ['add', 'sub', 'mul', 'div'] as const satisfies readonly BinaryName[]) {
      result[name + packed] = binary((c, x, y) => vectorBinary(c, f, name, x, y))
      result[name + low] = scalar(f.bits, (c, x, y) => scalarBinary(c, f, name, x, y))
    }
    for (const name of ['min', 'max'] as const) {
      result[name + packed] = binary((_c, x, y) => vectorMinMax(f, name, x, y))
      result[name + low] = scalar(f.bits, (_c, x, y) => scalarMinMax(f, name, x, y))
    }
    result[`sqrt${packed}`] = unary((c, x) => vectorSqrt(c, f, x))
    result[`sqrt${low}`] = scalar(f.bits, (c, _x, y) => scalarSqrt(c, f, y))
  }
  return result
}

/** Even and odd lanes of x followed by y. */
const even = (f: Format, x: V128, y: V128): V128 =>
  f.bits === 32 ? pick(4, [0, 2, 4, 6], x, y) : pick(8, [0, 2], x, y)
const odd = (f: Format, x: V128, y: V128): V128 =>
  f.bits === 32 ? pick(4, [1, 3, 5, 7], x, y) : pick(8, [1, 3], x, y)

function horizontal(f: Format, name: 'add' | 'sub'): Definition {
  return binary((c, x, y) => vectorBinary(c, f, name, c.let(even(f, x, y)), c.let(odd(f, x, y))))
}

/** Subtracts in even lanes, adds in odd ones. */
function addSubtract(f: Format): Definition {
  return binary((c, x, y) => {
    const sum = vector(`${f.lanes}.add`, x, y)
    const difference = vector(`${f.lanes}.sub`, x, y)
    const merged = f.bits === 32 ? pick(4, [0, 5, 2, 7], difference, sum) : pick(8, [0, 3], difference, sum)
    return settleVector(c, f, merged, x, y)
  })
}

/** DPPS and DPPD: imm8[7:4] selects the products, imm8[3:0] the lanes that get the sum. */
function dotProduct(f: Format): Definition {
  return withImmediate((c, x, y, imm) => {
    const used = maskOfBits(f.intLanes, op('i32.shr_u', imm, i32(4)))
    const products = c.let(op('v128.and', vectorBinary(c, f, 'mul', x, y), used))
    // Which NaN comes out depends on the order: singles begin with the neighbour, everything else with the lane itself.
    const add = (x: V128, y: V128): V128 => vectorBinary(c, f, 'add', c.let(x), c.let(y))
    const swapped = c.let(pick(f.bits / 8, f.bits === 32 ? [1, 0, 3, 2] : [1, 0], products, products))
    let sum = f.bits === 32 ? add(swapped, products) : add(products, swapped)
    if (f.bits === 32) sum = add(sum, pick(4, [2, 3, 0, 1], sum, sum))
    return op('v128.and', sum, maskOfBits(f.intLanes, imm))
  })
}

/** Denormals count as zeros. */
function flushed(bits: I32): I32 {
  const exponent = op('i32.and', bits, i32(0x7f800000))
  return select(eqz(exponent), op('i32.and', bits, i32(-0x80000000)), bits)
}

/**
 * RCP and RSQRT promise a relative error below 1.5 · 2⁻¹² only, and every make of processor has its own table. Here the result is correctly
 * rounded to 12 bits of mantissa, so that it is the same on every host.
 */
function approximate(compute: (x: Expr<'f32'>) => Expr<'f32'>): (c: Context, x: Value) => Value {
  return (c, x) => {
    const input = c.let(flushed(x as I32))
    const float = compute(fromBits(single, input) as Expr<'f32'>)
    const exact = c.let(settle(c, single, float, input, input) as I32)
    const rounding = op('i32.and', op('i32.add', exact, i32(0x400)), i32(-0x800))
    return select(isNaNBits(single, exact), exact, flushed(rounding))
  }
}

const one = raw('f32.reinterpret_i32', [int('i32', 0x3f800000)]) as Expr<'f32'>
const reciprocal = approximate((x) => op('f32.div', one, x))
const reciprocalRoot = approximate((x) => op('f32.div', one, op('f32.sqrt', x)))

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

export const sseArithmetic: Definitions = {
  mnemonics: {
    ...fourForms(),
    haddps: horizontal(single, 'add'),
    haddpd: horizontal(double, 'add'),
    hsubps: horizontal(single, 'sub'),
    hsubpd: horizontal(double, 'sub'),
    addsubps: addSubtract(single),
    addsubpd: addSubtract(double),
    dpps: dotProduct(single),
    dppd: dotProduct(double),
    rcpss: scalar(32, (c, _x, y) => reciprocal(c, y)),
    rsqrtss: scalar(32, (c, _x, y) => reciprocalRoot(c, y)),
    rcpps: eachLane(reciprocal),
    rsqrtps: eachLane(reciprocalRoot),
  },
}
