/** CMPPS and kin, COMISS and UCOMISS. */
import * as O from '../../float-operations.ts'
import {
  and,
  extendS,
  extendU,
  fromBits,
  i32,
  i64,
  op,
  or,
  raw,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type Int,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { toI64, type Value } from '../values.ts'
import { double, oddLanesToCompare, single, type Format } from './float.ts'
import { binaryLanes, scalar, secondOf, vectored } from './form.ts'
import { immediate, vector } from './lanes.ts'
import { chooseLanes, codeOf, softLanes, softScalar } from './soft.ts'
import { countOf, settleOrder } from './settle.ts'

/**
 * The predicates of the immediate (SDM Vol. 2A, CMPPD, table 3-1) as sets of the outcomes that they are true for. Those of legacy SSE are the first
 * eight; from 16 on they repeat, and differ in which NaNs signal. NaNs go to the helper, so that only three outcomes are left.
 */
const LESS = 1
const EQUAL = 2
const GREATER = 4
const predicates: readonly number[] = [
  EQUAL,
  LESS,
  LESS | EQUAL,
  0,
  LESS | GREATER,
  EQUAL | GREATER,
  GREATER,
  LESS | EQUAL | GREATER,
  EQUAL,
  LESS,
  LESS | EQUAL,
  0,
  LESS | GREATER,
  EQUAL | GREATER,
  GREATER,
  LESS | EQUAL | GREATER,
]
const predicateTable = i64(predicates.reduce((all, set, n) => all | (BigInt(set) << BigInt(4 * n)), 0n))

const predicateOf = (c: Context): I32 => c.let(and(immediate(c, secondOf(c) + 1), i32(c.shape.vex ? 31 : 7)))

/** All ones if the predicate holds for an outcome. */
function isIn(predicate: I32, outcome: number): I32 {
  const set = wrap(shrU(predicateTable, extendU(shl(and(predicate, i32(15)), i32(2)))))
  return sub(i32(0), and(shrU(set, i32(Math.log2(outcome))), i32(1)))
}

function packed(f: Format): Definition {
  return binaryLanes((c, x, y) => {
    const predicate = predicateOf(c)
    const masks = [LESS, EQUAL, GREATER].map((outcome) => c.let(op('i32x4.splat', isIn(predicate, outcome))))
    const plain = x.map((v, n) =>
      ['lt', 'eq', 'gt']
        .map((name, at): V128 => op('v128.and', vector(`${f.lanes}.${name}`, v, y[n]!), masks[at]!))
        .reduce((a, b) => op('v128.or', a, b)),
    )
    const soft = (): V128[] => softLanes(c, codeOf(O.FLOAT_COMPARE, f), countOf(f, x), [x, y], predicate)
    return chooseLanes(c, oddLanesToCompare(f, x, y), plain, soft)
  })
}

const test = (f: Format, name: string, x: Value, y: Value): I32 =>
  raw(`${f.float}.${name}`, [fromBits(x), fromBits(y)]) as I32

/** The scalar forms compare in the lowest lane and keep the others. */
const low = (f: Format): Definition =>
  scalar(f.bits, (c, x, y) => {
    const predicate = predicateOf(c)
    const outcomes = ['lt', 'eq', 'gt'].map((name, n) =>
      and(sub(i32(0), test(f, name, x, y)), isIn(predicate, 1 << n)),
    )
    const mask = outcomes.reduce((a, b) => or(a, b))
    const usual = c.let(f.bits === 64 ? extendS(mask) : mask)
    return settleOrder<Int>(c, f, x, y, usual, () =>
      softScalar(c, codeOf(O.FLOAT_COMPARE, f), f.bits, [x, y], predicate),
    )
  })

/** ZF, PF and CF: 111 unordered, 000 greater, 001 less, 100 equal; the other flags are cleared. `quiet`: UCOMISS. */
function compareFlags(f: Format, quiet: boolean): Definition {
  return vectored((c) => {
    const y = c.readLowest(1, f.bits)
    const x = c.read(0, f.bits)
    const usual = extendU(or(test(f, 'lt', x, y), shl(test(f, 'eq', x, y), i32(6))))
    const flags = settleOrder(c, f, x, y, usual, () =>
      toI64(softScalar(c, codeOf(O.FLOAT_ORDER, f), 64, [x, y], i32(Number(quiet)))),
    )
    c.setOrderFlags(flags, fromBits(x), fromBits(y))
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
    comiss: compareFlags(single, false),
    ucomiss: compareFlags(single, true),
    comisd: compareFlags(double, false),
    ucomisd: compareFlags(double, true),
  },
}
