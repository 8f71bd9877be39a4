/** Floating-point arithmetic: ADDPS … MAXSD, SQRT, horizontal and dot products. SDM Vol. 2A; exceptions and NaNs in `float.ts`. */
import { i32, op, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import {
  double,
  packedAddSubtract,
  packedBinary,
  packedMinMax,
  packedSqrt,
  scalarBinary,
  scalarMinMax,
  scalarSqrt,
  single,
  type BinaryName,
  type Format,
} from './float.ts'
import { binaryLanes, scalar, secondOf, unaryLanes } from './form.ts'
import { immediate, maskOfBits, pick } from './lanes.ts'

const formats: readonly [packed: string, low: string, f: Format][] = [
  ['ps', 'ss', single],
  ['pd', 'sd', double],
]

function fourForms(): Record<string, Definition> {
  const result: Record<string, Definition> = {}
  for (const [packed, low, f] of formats) {
    for (const name of ['add', 'sub', 'mul', 'div'] as const satisfies readonly BinaryName[]) {
      result[name + packed] = binaryLanes((c, x, y) => packedBinary(c, f, name, x, y))
      result[name + low] = scalar(f.bits, (c, x, y) => scalarBinary(c, f, name, x, y))
    }
    for (const name of ['min', 'max'] as const) {
      result[name + packed] = binaryLanes((c, x, y) => packedMinMax(c, f, name, x, y))
      result[name + low] = scalar(f.bits, (c, x, y) => scalarMinMax(c, f, name, x, y))
    }
    result[`sqrt${packed}`] = unaryLanes((c, x) => packedSqrt(c, f, x))
    result[`sqrt${low}`] = scalar(f.bits, (c, _x, y) => scalarSqrt(c, f, y))
    result[`addsub${packed}`] = binaryLanes((c, x, y) => packedAddSubtract(c, f, x, y))
  }
  return result
}

/** Even and odd lanes of x followed by y. */
const even = (f: Format, x: V128, y: V128): V128 =>
  f.bits === 32 ? pick(4, [0, 2, 4, 6], x, y) : pick(8, [0, 2], x, y)
const odd = (f: Format, x: V128, y: V128): V128 =>
  f.bits === 32 ? pick(4, [1, 3, 5, 7], x, y) : pick(8, [1, 3], x, y)

function horizontal(f: Format, name: 'add' | 'sub'): Definition {
  return binaryLanes((c, x, y) => {
    const first = x.map((v, n) => c.let(even(f, v, y[n]!)))
    const second = x.map((v, n) => c.let(odd(f, v, y[n]!)))
    return packedBinary(c, f, name, first, second)
  })
}

const all = (c: Context, v: readonly V128[], operation: (v: V128) => V128): V128[] =>
  v.map((lane) => c.let(operation(lane)))

/** DPPS and DPPD: imm8[7:4] selects the products, imm8[3:0] the lanes that get the sum. */
function dotProduct(f: Format): Definition {
  return binaryLanes((c, x, y) => {
    const imm = immediate(c, secondOf(c) + 1)
    const used = c.let(maskOfBits(f.intLanes, op('i32.shr_u', imm, i32(4))))
    const select = (v: readonly V128[]): V128[] => all(c, v, (lane) => op('v128.and', lane, used))
    const products = packedBinary(c, f, 'mul', select(x), select(y))
    // Which NaN comes out depends on the order: singles begin with the neighbour, everything else with the lane itself.
    const swapped = all(c, products, (v) => pick(f.bits / 8, f.bits === 32 ? [1, 0, 3, 2] : [1, 0], v, v))
    let sum =
      f.bits === 32
        ? packedBinary(c, f, 'add', swapped, products)
        : packedBinary(c, f, 'add', products, swapped)
    if (f.bits === 32) {
      const other = all(c, sum, (v) => pick(4, [2, 3, 0, 1], v, v))
      sum = packedBinary(c, f, 'add', sum, other)
    }
    return sum.map((v) => op('v128.and', v, maskOfBits(f.intLanes, imm)))
  })
}

export const sseArithmetic: Definitions = {
  mnemonics: {
    ...fourForms(),
    haddps: horizontal(single, 'add'),
    haddpd: horizontal(double, 'add'),
    hsubps: horizontal(single, 'sub'),
    hsubpd: horizontal(double, 'sub'),
    dpps: dotProduct(single),
    dppd: dotProduct(double),
  },
}
