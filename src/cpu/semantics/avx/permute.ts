/** Permutations within and across lanes, insertion and extraction of lanes (SDM volume 2: VPERM…, VEXTRACT…, VINSERT…). */
import { and, i32, laneOp, op, select, shrU, type I32, type I64, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'
import { binary, unaryImmediate } from '../sse/form.ts'
import { immediate, lanes, pick, ZERO } from '../sse/lanes.ts'
import { shuffleDoubles, shuffleDoublewords } from '../sse/shuffle.ts'

/** Indexes of bytes, from indexes of doublewords in their low two bits. */
function bytesOf(indexes: V128): V128 {
  const low = op('v128.and', indexes, lanes(3, 3, 3, 3))
  const four = 0x04040404
  const first = 0x03020100
  return op(
    'i32x4.add',
    op('i32x4.mul', low, lanes(four, four, four, four)),
    lanes(first, first, first, first),
  )
}

/** All ones in the doublewords in which bit `bit` of the index is set. */
const whereBit = (indexes: V128, bit: number): V128 =>
  op('i32x4.shr_s', op('i32x4.shl', indexes, i32(31 - bit)), i32(31))

/** VPERMILPS by a register. */
const permuteSingles: Definition = binary((_c, x, control) => op('i8x16.swizzle', x, bytesOf(control)))

/** VPERMILPD by a register: bit 1 of each quadword of the control. */
const permuteDoubles: Definition = binary((_c, x, control) => {
  const bits = whereBit(control, 1)
  return op('v128.bitselect', pick(8, [1, 1], x, x), pick(8, [0, 0], x, x), pick(4, [0, 0, 2, 2], bits, bits))
})

const byKind = (register: Definition, constant: Definition): Definition =>
  plain((c) => (c.operand(2).kind === 'immediate' ? constant : register).emit(c))

/** VPERMD, VPERMPS: any doubleword of both lanes; the indexes are the first source. */
const permuteAcross: Definition = plain((c) => {
  const [low, high] = c.readVectors(2) as [V128, V128]
  const indexes = c.readVectors(1)
  c.writeVectors(
    0,
    indexes.map((index) => {
      const bytes = c.let(bytesOf(index))
      const [from, upper] = [op('i8x16.swizzle', low, bytes), op('i8x16.swizzle', high, bytes)]
      return c.let(op('v128.bitselect', upper, from, whereBit(index, 2)))
    }),
  )
})

/** VPERMQ, VPERMPD: two bits of the immediate for each quadword. */
const permuteQuadwords: Definition = plain((c) => {
  const sources = c.readVectors(1)
  const imm = immediate(c, 2)
  const quadwords = sources.flatMap((v) => [0, 1].map((n) => c.let(laneOp('i64x2.extract_lane', n, v))))
  const chosen = (place: number): I64 => {
    const bit = (n: number): I32 => and(shrU(imm, i32(2 * place + n)), i32(1))
    const of = (n: number): I64 => select(bit(0), quadwords[n + 1]!, quadwords[n]!)
    return select(bit(1), of(2), of(0))
  }
  c.writeVectors(
    0,
    [0, 2].map((n) => c.let(laneOp('i64x2.replace_lane', 1, op('i64x2.splat', chosen(n)), chosen(n + 1)))),
  )
})

/** VPERM2F128, VPERM2I128: four bits of the immediate for each lane, the highest of which clears it. */
const permuteLanes: Definition = plain((c) => {
  const sources = [c.readVectors(1), c.readVectors(2)].flat()
  const imm = immediate(c, 3)
  const chosen = (lane: number): V128 => {
    const bit = (n: number): I32 => and(shrU(imm, i32(4 * lane + n)), i32(1))
    const of = (n: number): V128 => select(bit(0), sources[n + 1]!, sources[n]!)
    return select(bit(3), ZERO, select(bit(1), of(2), of(0)))
  }
  c.writeVectors(0, [c.let(chosen(0)), c.let(chosen(1))])
})

const lowBit = (c: Context, index: number): I32 => c.let(and(immediate(c, index), i32(1)))

const extractLane: Definition = plain((c) => {
  const [low, high] = c.readVectors(1) as [V128, V128]
  c.writeVectors(0, [c.let(select(lowBit(c, 2), high, low))])
})

const insertLane: Definition = plain((c) => {
  const value = c.readVector(2)
  const [low, high] = c.readVectors(1) as [V128, V128]
  const upper = lowBit(c, 3)
  c.writeVectors(0, [c.let(select(upper, low, value)), c.let(select(upper, value, high))])
})

const permuteDoublesConstant = unaryImmediate((c, x, imm, lane) => shuffleDoubles(c, x, x, imm, lane))

export const avxPermute: Definitions = {
  mnemonics: {
    vpermilps: byKind(permuteSingles, unaryImmediate(shuffleDoublewords)),
    vpermilpd: byKind(permuteDoubles, permuteDoublesConstant),
    vpermd: permuteAcross,
    vpermps: permuteAcross,
    vpermq: permuteQuadwords,
    vpermpd: permuteQuadwords,
    vperm2f128: permuteLanes,
    vperm2i128: permuteLanes,
    vextractf128: extractLane,
    vextracti128: extractLane,
    vinsertf128: insertLane,
    vinserti128: insertLane,
  },
}
