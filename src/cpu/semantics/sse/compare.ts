/** CMPPS and kin, COMISS and UCOMISS. */
import {
  and,
  extendU,
  i32,
  i64,
  laneOp,
  op,
  or,
  raw,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { double, fromBits, single, type Float, type Format } from './float.ts'
import type { Value } from '../values.ts'
import { scalar, secondOf, vectored, withImmediate } from './form.ts'
import { immediate, vector } from './lanes.ts'

/**
 * The predicates of the immediate (SDM volume 2, CMPPD, table 3-1) as sets of the outcomes that they are true for. Those of legacy SSE are the first eight;
 * from 16 on they repeat, and differ in which NaNs signal.
 */
const LESS = 1
const EQUAL = 2
const GREATER = 4
const UNORDERED = 8
const predicates: readonly number[] = [
  EQUAL,
  LESS,
  LESS | EQUAL,
  UNORDERED,
  LESS | GREATER | UNORDERED,
  EQUAL | GREATER | UNORDERED,
  GREATER | UNORDERED,
  LESS | EQUAL | GREATER,
  EQUAL | UNORDERED,
  LESS | UNORDERED,
  LESS | EQUAL | UNORDERED,
  0,
  LESS | GREATER,
  EQUAL | GREATER,
  GREATER,
  LESS | EQUAL | GREATER | UNORDERED,
]
const predicateTable = i64(predicates.reduce((all, set, n) => all | (BigInt(set) << BigInt(4 * n)), 0n))

/** The set of outcomes that an immediate asks for. */
function wanted(c: Context, imm: I32): I32 {
  const number = and(imm, i32(c.shape.vex ? 15 : 7))
  return c.let(wrap(shrU(predicateTable, extendU(shl(number, i32(2))))))
}

function compareVector(f: Format, x: V128, y: V128, set: I32): V128 {
  const isIn = (outcome: number): V128 => {
    const bit = and(shrU(set, i32(Math.log2(outcome))), i32(1))
    return op('i32x4.splat', sub(i32(0), bit))
  }
  const less = vector(`${f.lanes}.lt`, x, y)
  const equal = vector(`${f.lanes}.eq`, x, y)
  const greater = vector(`${f.lanes}.gt`, x, y)
  const unordered = op('v128.or', vector(`${f.lanes}.ne`, x, x), vector(`${f.lanes}.ne`, y, y))
  const chosen = [less, equal, greater, unordered].map((mask, n) => op('v128.and', mask, isIn(1 << n)))
  return chosen.reduce((a, b) => op('v128.or', a, b))
}

const packed = (f: Format): Definition =>
  withImmediate((c, x, y, imm) => compareVector(f, x, y, wanted(c, imm)))

/** The scalar forms compare in the lowest lane and keep the others. */
const low = (f: Format): Definition =>
  scalar(f.bits, (c, x, y) => {
    const [a, b] = [x, y].map((v) => c.let(vector(`${f.intLanes}.splat`, v)))
    const mask = compareVector(f, a!, b!, wanted(c, immediate(c, secondOf(c) + 1)))
    return raw(`${f.int}.reinterpret_${f.float}`, [lowest(f, mask)]) as Value
  })

function lowest(f: Format, v: V128): Float {
  return f.bits === 32 ? laneOp('f32x4.extract_lane', 0, v) : laneOp('f64x2.extract_lane', 0, v)
}

/** ZF, PF and CF: 111 unordered, 000 greater, 001 less, 100 equal; the other flags are cleared. */
function compareFlags(f: Format): Definition {
  return vectored((c) => {
    const x = c.let(fromBits(f, c.read(0, f.bits)) as Float & { type: 'f64' })
    const y = c.let(fromBits(f, c.read(1, f.bits)) as Float & { type: 'f64' })
    const test = (name: string): I32 => raw(`${f.float}.${name}`, [x, y]) as I32
    const unordered = or(raw(`${f.float}.ne`, [x, x]) as I32, raw(`${f.float}.ne`, [y, y]) as I32)
    const ordered = or(test('lt'), shl(test('eq'), i32(6)))
    c.setAllFlags(extendU(select(unordered, i32(0x45), ordered)))
  })
}

export const sseCompare: Definitions = {
  ids: {
    // The string instruction CMPSD has the same mnemonic.
    'cmpsd.xmm.xm64.imm8': low(double),
  },
  mnemonics: {
    vcmpsd: low(double),
    cmpps: packed(single),
    cmppd: packed(double),
    cmpss: low(single),
    comiss: compareFlags(single),
    ucomiss: compareFlags(single),
    comisd: compareFlags(double),
    ucomisd: compareFlags(double),
  },
}
