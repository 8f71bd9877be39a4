/** Unpacking, shuffles, alignment, whole-register and per-lane shifts, extension. */
import {
  add,
  and,
  extendU,
  gtU,
  i32,
  i64,
  laneOp,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { toI64 } from '../values.ts'
import {
  binary,
  firstOf,
  secondOf,
  unaryImmediate,
  vectored,
  widening,
  withImmediate,
  writeResult,
} from './form.ts'
import { immediate, IOTA, pick, vector, ZERO } from './lanes.ts'

/** PUNPCK: lanes of the low or high half, alternating. */
function unpack(bytes: number, high: boolean): Definition {
  const count = 16 / bytes
  const first = high ? count / 2 : 0
  const from = Array.from({ length: count }, (_, lane) => first + (lane >> 1) + (lane & 1 ? count : 0))
  return binary((_c, x, y) => pick(bytes, from, x, y))
}

/** The two bits of the immediate that select for lane `lane`. */
const selector = (imm: I32, lane: number): I32 => and(shrU(imm, i32(2 * lane)), i32(3))

/** Byte indexes for a swizzle by doublewords. */
function doublewordIndexes(imm: I32): V128 {
  let indexes: V128 = ZERO
  for (let lane = 0; lane < 4; lane++) {
    const bytes = add(op('i32.mul', selector(imm, lane), i32(0x04040404)), i32(0x03020100))
    indexes = laneOp('i32x4.replace_lane', lane, indexes, bytes)
  }
  return indexes
}

export function shuffleDoublewords(c: Context, x: V128, imm: I32): V128 {
  if (imm.constant !== undefined) {
    const order = [0, 1, 2, 3].map((lane) => (Number(imm.constant) >> (2 * lane)) & 3)
    return pick(4, order, x, x)
  }
  return op('i8x16.swizzle', x, c.let(doublewordIndexes(imm)))
}

/** PSHUFLW and PSHUFHW: the words of one half; the other stays. */
function shuffleWords(half: 0 | 1): Definition {
  return unaryImmediate((_c, x, imm) => {
    let indexes: I64 = i64(0)
    for (let lane = 0; lane < 4; lane++) {
      const bytes = add(op('i32.mul', selector(imm, lane), i32(0x0202)), i32(half === 0 ? 0x0100 : 0x0908))
      indexes = or(indexes, shl(extendU(bytes), i64(16 * lane)))
    }
    return op('i8x16.swizzle', x, laneOp('i64x2.replace_lane', half, IOTA, indexes))
  })
}

/** SHUFPS: two lanes of the destination, then two of the source. */
function shuffleSingles(c: Context, x: V128, y: V128, imm: I32): V128 {
  return pick(8, [0, 3], shuffleDoublewords(c, x, imm), shuffleDoublewords(c, y, imm))
}

/** Two doubles by two bits for each lane: SHUFPD, VPERMILPD. */
export function shuffleDoubles(_c: Context, x: V128, y: V128, imm: I32, lane: 0 | 1): V128 {
  const chosen = (v: V128, bit: number): V128 =>
    select(and(shrU(imm, i32(bit)), i32(1)), pick(8, [1, 1], v, v), pick(8, [0, 0], v, v))
  return pick(8, [0, 3], chosen(x, 2 * lane), chosen(y, 2 * lane + 1))
}

/** Bytes from `offset` on; zeros outside. `offset` is -16 … 32. */
function window(x: V128, offset: I32): V128 {
  return op('i8x16.swizzle', x, op('i8x16.add', IOTA, op('i8x16.splat', offset)))
}

const atMost = (c: Context, value: I32, limit: number): I32 =>
  c.let(select(gtU(value, i32(limit)), i32(limit), value))

/** PALIGNR: sixteen bytes from byte `imm` on of the source followed by the destination. */
function align(c: Context, x: V128, y: V128, imm: I32): V128 {
  const offset = atMost(c, imm, 32)
  return op('v128.or', window(y, offset), window(x, sub(offset, i32(16))))
}

function shiftBytes(left: boolean): Definition {
  return vectored((c) => {
    const count = atMost(c, immediate(c, secondOf(c)), 16)
    const lanes = c.shape.vex ? c.readVectors(1) : [c.readVector(0)]
    writeResult(
      c,
      lanes.map((v) => c.let(window(v, left ? sub(i32(0), count) : count))),
    )
  })
}

type Direction = 'shl' | 'shr_u' | 'shr_s'

/** PSLL, PSRL, PSRA: one count for all lanes; one beyond the lane gives zeros, or copies of the sign. */
function shiftLanes(shape: 'i16x8' | 'i32x4' | 'i64x2', direction: Direction): Definition {
  const bits = { i16x8: 16, i32x4: 32, i64x2: 64 }[shape]
  return vectored((c) => {
    const second = secondOf(c)
    let count: I64
    if (c.operand(second).kind === 'immediate') count = c.let(toI64(immediate(c, second)))
    else {
      if (!c.shape.vex) c.requireAligned(second)
      // All 128 bits are accessed, though only half of them count.
      count = c.let(laneOp('i64x2.extract_lane', 0, c.readVector(second)))
    }
    const beyond = c.let(gtU(count, i64(bits - 1)))
    const shift = c.let(direction === 'shr_s' ? select(beyond, i32(bits - 1), wrap(count)) : wrap(count))
    const shifted = (x: V128): V128 => vector(`${shape}.${direction}`, x, shift)
    const lanes = c.shape.vex ? c.readVectors(firstOf(c)) : [c.readVector(0)]
    writeResult(
      c,
      lanes.map((x) => c.let(direction === 'shr_s' ? shifted(x) : select(beyond, ZERO, shifted(x)))),
    )
  })
}

const steps = [
  ['b', 'w', 'i16x8.extend_low_i8x16'],
  ['w', 'd', 'i32x4.extend_low_i16x8'],
  ['d', 'q', 'i64x2.extend_low_i32x4'],
] as const

/** PMOVSX and PMOVZX: as many steps of widening as lie between the two sizes. */
function extensions(): Record<string, Definition> {
  const result: Record<string, Definition> = {}
  for (const [prefix, sign] of [
    ['pmovsx', 's'],
    ['pmovzx', 'u'],
  ] as const) {
    for (let from = 0; from < 3; from++) {
      for (let to = from; to < 3; to++) {
        const names = steps.slice(from, to + 1).map(([, , name]) => `${name}_${sign}`)
        const bits = (64 >> (to - from)) as 16 | 32 | 64
        result[`${prefix}${steps[from]![0]}${steps[to]![1]}`] = widening(bits, (_c, x) =>
          names.reduce((v: V128, name) => vector(name, v), x),
        )
      }
    }
  }
  return result
}

export const sseShuffle: Definitions = {
  mnemonics: {
    punpcklbw: unpack(1, false),
    punpcklwd: unpack(2, false),
    punpckldq: unpack(4, false),
    punpcklqdq: unpack(8, false),
    punpckhbw: unpack(1, true),
    punpckhwd: unpack(2, true),
    punpckhdq: unpack(4, true),
    punpckhqdq: unpack(8, true),
    unpcklps: unpack(4, false),
    unpcklpd: unpack(8, false),
    unpckhps: unpack(4, true),
    unpckhpd: unpack(8, true),
    // An index with its sign bit set gives 0 in both; wasm looks at bits 4 to 6 too.
    pshufb: binary((_c, x, y) => op('i8x16.swizzle', x, op('v128.and', y, op('i8x16.splat', i32(0x8f))))),
    pshufd: unaryImmediate(shuffleDoublewords),
    pshuflw: shuffleWords(0),
    pshufhw: shuffleWords(1),
    shufps: withImmediate(shuffleSingles),
    shufpd: withImmediate(shuffleDoubles),
    palignr: withImmediate(align),
    pslldq: shiftBytes(true),
    psrldq: shiftBytes(false),
    psllw: shiftLanes('i16x8', 'shl'),
    pslld: shiftLanes('i32x4', 'shl'),
    psllq: shiftLanes('i64x2', 'shl'),
    psrlw: shiftLanes('i16x8', 'shr_u'),
    psrld: shiftLanes('i32x4', 'shr_u'),
    psrlq: shiftLanes('i64x2', 'shr_u'),
    psraw: shiftLanes('i16x8', 'shr_s'),
    psrad: shiftLanes('i32x4', 'shr_s'),
    ...extensions(),
  },
}
