/**
 * FMA: x · y ± z with one rounding. Singles are multiplied exactly as doubles, so that only a sum that lies half-way between two singles could be rounded
 * twice; doubles need the helper. SDM Vol. 2C, VFMADD132PD ….
 */
import * as O from '../../float-operations.ts'
import {
  and,
  eqz,
  f64,
  fromBits,
  geU,
  i32,
  i64,
  op,
  or,
  raw,
  sub,
  toBits,
  xor,
  type Expr,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import { double, single, type Format } from './float.ts'
import { replaceLow, vectored } from './form.ts'
import { lanes, pick } from './lanes.ts'
import * as P from './plain.ts'
import { chooseLanes, codeOf, softLanes, softScalar } from './soft.ts'
import { countOf } from './settle.ts'

interface Kind {
  /** Operation of even and odd lanes. */
  even: number
  odd: number
}

const kinds: Readonly<Record<string, Kind>> = {
  vfmadd: { even: O.FLOAT_FMADD, odd: O.FLOAT_FMADD },
  vfmsub: { even: O.FLOAT_FMSUB, odd: O.FLOAT_FMSUB },
  vfnmadd: { even: O.FLOAT_FNMADD, odd: O.FLOAT_FNMADD },
  vfnmsub: { even: O.FLOAT_FNMSUB, odd: O.FLOAT_FNMSUB },
  vfmaddsub: { even: O.FLOAT_FMSUB, odd: O.FLOAT_FMADD },
  vfmsubadd: { even: O.FLOAT_FMADD, odd: O.FLOAT_FMSUB },
}

/** Which operands are multiplied, and which is added. */
const orders: Readonly<Record<string, readonly [x: number, y: number, z: number]>> = {
  132: [0, 2, 1],
  213: [1, 0, 2],
  231: [1, 2, 0],
}

const negatesProduct = (code: number): boolean => code === O.FLOAT_FNMADD || code === O.FLOAT_FNMSUB
const negatesAddend = (code: number): boolean => code === O.FLOAT_FMSUB || code === O.FLOAT_FNMSUB

/** From where on a double surely is a normal single, up to where it surely is finite. */
const LEAST = 2 ** -125
const MOST = 2 ** 128 - 2 ** 104
/** The bits of a double that a single has no room for, and half of its last place. */
const TAIL = 0x1fffffffn
const HALF = 0x10000000n

function signMask({ even, odd }: Kind, negates: (code: number) => boolean): V128 {
  const signs = [even, odd].map((code) => (negates(code) ? single.sign : 0n))
  return lanes(...signs, ...signs)
}

/** Two singles of the sum, as doubles, and whether they must not be rounded here. */
function sumOf(c: Context, x: V128, y: V128, z: V128): { sum: V128; odd: V128 } {
  const [a, b, d] = [x, y, z].map((v) => op('f64x2.promote_low_f32x4', v)) as [V128, V128, V128]
  const sum = c.let(op('f64x2.add', op('f64x2.mul', a, b), d))
  const magnitude = c.let(op('f64x2.abs', sum))
  const limit = (value: number): V128 => op('f64x2.splat', f64(value))
  const ordinary = op(
    'v128.and',
    op('f64x2.ge', magnitude, limit(LEAST)),
    op('f64x2.le', magnitude, limit(MOST)),
  )
  const tail = op('v128.and', sum, lanes(TAIL, TAIL))
  const tie = op('i64x2.eq', tail, lanes(HALF, HALF))
  return { sum, odd: op('v128.or', op('v128.not', op('v128.or', ordinary, P.zeroLanes(double, sum))), tie) }
}

function packedSingles(c: Context, kind: Kind, x: V128[], y: V128[], z: V128[]): V128[] {
  const upper = (v: V128): V128 => pick(8, [1, 0], v, v)
  const masks: V128[] = [...x, ...y, ...z].map((v) => P.denormalLanes(single, v))
  const plain = x.map((v, n) => {
    const a = c.let(op('v128.xor', v, signMask(kind, negatesProduct)))
    const d = c.let(op('v128.xor', z[n]!, signMask(kind, negatesAddend)))
    const low = sumOf(c, a, y[n]!, d)
    const high = sumOf(c, upper(a), upper(y[n]!), upper(d))
    masks.push(low.odd, high.odd)
    return c.let(
      pick(8, [0, 2], op('f32x4.demote_f64x2_zero', low.sum), op('f32x4.demote_f64x2_zero', high.sum)),
    )
  })
  const code = codeOf(kind.even, single, kind.odd)
  const odd = P.oneOf(P.oddMode(c), P.anyOf(masks))
  return chooseLanes(c, odd, plain, () => softLanes(c, code, countOf(single, x), [x, y, z]))
}

function packed(f: Format, kind: Kind, order: readonly number[]): Definition {
  return vectored((c) => {
    const memory = c.readVectors(2)
    const operands = [c.readVectors(0), c.readVectors(1), memory]
    const [x, y, z] = order.map((n) => operands[n]!) as [V128[], V128[], V128[]]
    const code = codeOf(kind.even, f, kind.odd)
    const result =
      f.bits === 32 ? packedSingles(c, kind, x, y, z) : softLanes(c, code, countOf(f, x), [x, y, z])
    c.writeVectors(0, result)
  })
}

const flipped = (x: Value, when: boolean): I32 => (when ? xor(x as I32, i32(-0x80000000)) : (x as I32))

function scalarSingle(c: Context, kind: Kind, x: Value, y: Value, z: Value): Value {
  const wide = (bits: Value): Expr<'f64'> => op('f64.promote_f32', fromBits(bits) as Expr<'f32'>)
  const product = op('f64.mul', wide(flipped(x, negatesProduct(kind.even))), wide(y))
  const sum = c.let(op('f64.add', product, wide(flipped(z, negatesAddend(kind.even)))))
  const bits = c.let(op('i64.reinterpret_f64', sum))
  const result = c.let(toBits(op('f32.demote_f64', sum)))
  const tie = eqz(xor(and(bits, i64(TAIL)), i64(HALF)))
  const from = BigInt.asUintN(64, doubleBits(LEAST))
  const magnitude: I64 = and(bits, i64(double.sign - 1n))
  const strange = and(
    geU(sub(magnitude, i64(from)), i64(doubleBits(MOST) - from)),
    raw('f64.ne', [sum, f64(0)]) as I32,
  )
  const denormal = [x, y, z].map((v) => P.isDenormal(single, v)).reduce((a, b) => or(a, b))
  return c.f.choose(
    P.oneOf(P.oddMode(c), tie, strange, denormal),
    () => softScalar(c, codeOf(kind.even, single), 32, [x, y, z]),
    () => result,
  )
}

const doubleBits = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

/** The lowest lane; the others keep the destination's. */
function low(f: Format, kind: Kind, order: readonly number[]): Definition {
  return vectored((c) => {
    const memory = c.read(2, f.bits)
    const operands = [c.read(0, f.bits), c.read(1, f.bits), memory]
    const [x, y, z] = order.map((n) => operands[n]!) as [Value, Value, Value]
    const result =
      f.bits === 32 ? scalarSingle(c, kind, x, y, z) : softScalar(c, codeOf(kind.even, f), 64, [x, y, z])
    c.writeVectors(0, [replaceLow(c.readVector(0), f.bits, c.let(result))])
  })
}

export const fma: Definitions = {
  mnemonics: Object.fromEntries(
    Object.entries(kinds).flatMap(([name, kind]) =>
      Object.entries(orders).flatMap(([digits, order]) => [
        [`${name}${digits}ps`, packed(single, kind, order)],
        [`${name}${digits}pd`, packed(double, kind, order)],
        [`${name}${digits}ss`, low(single, kind, order)],
        [`${name}${digits}sd`, low(double, kind, order)],
      ]),
    ),
  ),
}
