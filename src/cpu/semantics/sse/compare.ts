/** CMPPS and kin, COMISS and UCOMISS. */
import {
  and,
  extendU,
  i32,
  laneOp,
  op,
  or,
  raw,
  select,
  shl,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'
import { double, fromBits, single, type Float, type Format } from './float.ts'
import { immediate, readAligned, vector } from './lanes.ts'

/** The eight predicates of the immediate (manual: CMPPD, table 3-1): name of a comparison and whether it is negated. */
const predicates: readonly ['eq' | 'lt' | 'le' | 'unordered', boolean][] = [
  ['eq', false],
  ['lt', false],
  ['le', false],
  ['unordered', false],
  ['eq', true],
  ['lt', true],
  ['le', true],
  ['unordered', true],
]

function compareVector(c: Context, f: Format, x: V128, y: V128, imm: I32): V128 {
  const result = c.f.variable('v128')
  c.f.switch(
    and(imm, i32(7)),
    predicates.map(([name, negated]) => () => {
      const mask =
        name === 'unordered'
          ? op('v128.or', vector(`${f.lanes}.ne`, x, x), vector(`${f.lanes}.ne`, y, y))
          : vector(`${f.lanes}.${name}`, x, y)
      c.f.set(result, negated ? op('v128.not', mask) : mask)
    }),
  )
  return c.let(result.value)
}

function packed(f: Format): Definition {
  return plain((c) => {
    const y = readAligned(c, 1)
    c.writeVector(0, compareVector(c, f, c.readVector(0), y, immediate(c, 2)))
  })
}

/** The scalar forms compare in the lowest lane and keep the others. */
function low(f: Format): Definition {
  return plain((c) => {
    const y = c.let(vector(`${f.intLanes}.splat`, c.read(1, f.bits)))
    const mask = compareVector(c, f, c.readVector(0), y, immediate(c, 2))
    c.write(0, c.let(raw(`${f.int}.reinterpret_${f.float}`, [lowest(f, mask)]) as I64), f.bits)
  })
}

function lowest(f: Format, v: V128): Float {
  return f.bits === 32 ? laneOp('f32x4.extract_lane', 0, v) : laneOp('f64x2.extract_lane', 0, v)
}

/** ZF, PF and CF: 111 unordered, 000 greater, 001 less, 100 equal; the other flags are cleared. */
function compareFlags(f: Format): Definition {
  return plain((c) => {
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
    cmpps: packed(single),
    cmppd: packed(double),
    cmpss: low(single),
    comiss: compareFlags(single),
    ucomiss: compareFlags(single),
    comisd: compareFlags(double),
    ucomisd: compareFlags(double),
  },
}
