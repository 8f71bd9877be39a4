/** Insertion and extraction of single lanes, and blends. */
import { and, extendU, i32, laneOp, op, shl, shrU, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { toI32, type Value } from '../values.ts'
import { binaryLanes, firstOf, secondOf, vectored, withImmediate, writeResult } from './form.ts'
import { immediate, IOTA, lanes, maskOfBits, vector, widen } from './lanes.ts'

type Shape = 'i8x16' | 'i16x8' | 'i32x4' | 'i64x2'

const laneBits: Record<Shape, number> = { i8x16: 8, i16x8: 16, i32x4: 32, i64x2: 64 }
const laneNumbers: Record<Shape, V128> = {
  i8x16: IOTA,
  i16x8: lanes(0, 1, 2, 3, 4, 5, 6, 7),
  i32x4: lanes(0, 1, 2, 3),
  i64x2: lanes(0, 1),
}

/** x with one lane replaced. */
function insertLane(shape: Shape, x: V128, value: Value, lane: I32): V128 {
  const index = shape === 'i64x2' ? extendU(lane) : lane
  const here = vector(`${shape}.eq`, laneNumbers[shape], vector(`${shape}.splat`, index))
  return op('v128.bitselect', vector(`${shape}.splat`, value), x, here)
}

/** The lane moved to the lowest place. */
function lowered(shape: Shape, x: V128, lane: I32): V128 {
  const bytes = shl(lane, i32(Math.log2(laneBits[shape] / 8)))
  return op('i8x16.swizzle', x, op('i8x16.add', IOTA, op('i8x16.splat', bytes)))
}

const laneOf = (shape: Shape, imm: I32): I32 => and(imm, i32(128 / laneBits[shape] - 1))

function insert(shape: Shape): Definition {
  return vectored((c) => {
    const second = secondOf(c)
    const bits = laneBits[shape]
    // A general register is wider than a byte or word; only its low part counts.
    const value = c.read(second, c.operand(second).kind === 'memory' ? bits : Math.max(bits, 32))
    const lane = c.let(laneOf(shape, immediate(c, second + 1)))
    writeResult(c, [insertLane(shape, c.readVector(firstOf(c)), value, lane)])
  })
}

function extract(shape: Shape): Definition {
  return vectored((c) => {
    const v = lowered(shape, c.readVector(1), c.let(laneOf(shape, immediate(c, 2))))
    if (shape === 'i64x2') {
      c.write(0, c.let(laneOp('i64x2.extract_lane', 0, v)), 64)
      return
    }
    const name =
      shape === 'i32x4' ? 'i32x4.extract_lane' : (`${shape}.extract_lane_u` as 'i8x16.extract_lane_u')
    const value = c.let(laneOp(name, 0, v))
    if (c.operand(0).kind === 'memory') c.write(0, value, laneBits[shape])
    else c.write(0, widen(c, 0, value))
  })
}

/** INSERTPS: imm8[7:6] source lane (of a register), imm8[5:4] destination lane, imm8[3:0] lanes to clear. */
function insertSingle(c: Context): void {
  const second = secondOf(c)
  const imm = immediate(c, second + 1)
  let value: I32
  if (c.operand(second).kind === 'memory') value = c.read(second, 32) as I32
  else {
    const moved = lowered('i32x4', c.readVector(second), and(shrU(imm, i32(6)), i32(3)))
    value = laneOp('i32x4.extract_lane', 0, moved)
  }
  const lane = c.let(and(shrU(imm, i32(4)), i32(3)))
  const inserted = insertLane('i32x4', c.readVector(firstOf(c)), c.let(toI32(value)), lane)
  writeResult(c, [op('v128.andnot', inserted, maskOfBits('i32x4', imm))])
}

/** By bits of the immediate. Each lane has its own, but for words, of which a lane has eight. */
export function blend(shape: Shape): Definition {
  const count = 128 / laneBits[shape]
  return withImmediate((_c, x, y, imm, lane) => {
    const choice = count < 8 && lane ? shrU(imm, i32(count)) : imm
    return op('v128.bitselect', y, x, maskOfBits(shape, choice))
  })
}

/** By the sign bits of XMM0's lanes, or in the VEX form of a fourth operand's. */
function variableBlend(shape: Shape): Definition {
  return binaryLanes((c, x, y) => {
    const masks = c.shape.vex ? c.readVectors(3) : [c.vector(0)]
    const chosen = masks.map((mask) => vector(`${shape}.shr_s`, mask, i32(laneBits[shape] - 1)))
    return x.map((v, n) => c.let(op('v128.bitselect', y[n]!, v, chosen[n]!)))
  })
}

export const sseInsert: Definitions = {
  mnemonics: {
    pinsrb: insert('i8x16'),
    pinsrw: insert('i16x8'),
    pinsrd: insert('i32x4'),
    pinsrq: insert('i64x2'),
    pextrb: extract('i8x16'),
    pextrw: extract('i16x8'),
    pextrd: extract('i32x4'),
    pextrq: extract('i64x2'),
    extractps: extract('i32x4'),
    insertps: vectored(insertSingle),
    blendps: blend('i32x4'),
    blendpd: blend('i64x2'),
    pblendw: blend('i16x8'),
    blendvps: variableBlend('i32x4'),
    blendvpd: variableBlend('i64x2'),
    pblendvb: variableBlend('i8x16'),
  },
}
