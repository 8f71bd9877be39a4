import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import type { Reg } from './mir.ts'
import { imm } from './operands.ts'
import { change, expand, make, zeroes } from './vector.ts'

/** Lanes one by one: splat, extract, replace, shuffle, tests, and the loads and stores of parts of a vector. */

/** A general register's value in the lowest lane of an XMM register. */
function toVector(lowering: Lowering, value: Value): Reg {
  const wide = value.type === 'i64'
  const vector = lowering.temp('xmm', 128)
  const from = lowering.any(wide ? lowering.use(value) : lowering.low(value), wide ? 64 : 32)
  lowering.emit(wide ? 'movq' : 'movd', [lowering.def(vector, wide ? 64 : 32), from])
  return vector
}

const splat8 = (lowering: Lowering, lane: Reg, to: Reg): void =>
  void change(lowering, 'pshufb', lane, [zeroes], to)
const splat16 = (lowering: Lowering, lane: Reg, to: Reg): void => {
  make(lowering, 'pshufd', [make(lowering, 'pshuflw', [lane, 0]), 0], to)
}

const splats: Record<string, Lower> = {
  'i8x16.splat': expand((lowering, [lane], to) => splat8(lowering, toVector(lowering, lane!), to)),
  'i16x8.splat': expand((lowering, [lane], to) => splat16(lowering, toVector(lowering, lane!), to)),
  'i32x4.splat': expand(
    (lowering, [lane], to) => void make(lowering, 'pshufd', [toVector(lowering, lane!), 0], to),
  ),
  'i64x2.splat': expand(
    (lowering, [lane], to) => void make(lowering, 'pshufd', [toVector(lowering, lane!), 0x44], to),
  ),
  'f32x4.splat': expand((lowering, [lane], to) => {
    lowering.emit('pshufd', [lowering.def(to), lowering.reg(lowering.use(lane!)), imm(0)])
  }),
  'f64x2.splat': expand((lowering, [lane], to) => {
    lowering.emit('movddup', [lowering.def(to), lowering.reg(lowering.use(lane!))])
  }),
}

function extract(op: string, signExtend = 0): Lower {
  return (lowering, value) => {
    const to = lowering.use(value)
    const vector = lowering.reg(lowering.use(value.args[0]!))
    const width = bitsOf(value.type)
    if (!signExtend) return void lowering.emit(op, [lowering.def(to, width), vector, imm(value.imm)])
    const lane = lowering.temp('gpr', 32)
    lowering.emit(op, [lowering.def(lane, 32), vector, imm(value.imm)])
    lowering.emit('movsx', [lowering.def(to, 32), lowering.reg(lane, signExtend)])
  }
}

/** The lowest lane of a float vector is the scalar itself. */
function extractFloat(select: readonly number[]): Lower {
  return (lowering, value) => {
    const [vector] = value.args as [Value]
    if (value.imm === 0) lowering.parallel([{ to: lowering.use(value), from: lowering.source(vector) }])
    else make(lowering, 'pshufd', [vector, select[value.imm]!], lowering.use(value))
  }
}

function insert(op: string, bits: number): Lower {
  return (lowering, value) => {
    const [vector, lane] = value.args as [Value, Value]
    const from = lowering.reg(bits === 64 ? lowering.use(lane) : lowering.low(lane), Math.max(bits, 32))
    lowering.emit(op, [lowering.def(lowering.use(value)), from, imm(value.imm)], lowering.source(vector))
  }
}

const replaceF32: Lower = (lowering, value) => {
  const [vector, lane] = value.args as [Value, Value]
  const from = lowering.reg(lowering.use(lane))
  lowering.emit(
    'insertps',
    [lowering.def(lowering.use(value)), from, imm(value.imm << 4)],
    lowering.source(vector),
  )
}

const replaceF64: Lower = (lowering, value) => {
  const [vector, lane] = value.args as [Value, Value]
  const from = lowering.reg(lowering.use(lane))
  lowering.emit(
    value.imm === 0 ? 'movsd' : 'movlhps',
    [lowering.def(lowering.use(value)), from],
    lowering.source(vector),
  )
}

/** Puts a flag into the result. */
function setFlag(lowering: Lowering, code: string, to: Reg): void {
  const byte = lowering.temp('gpr', 32)
  lowering.emit(`set${code}`, [lowering.def(byte, 8)])
  lowering.emit('movzx', [lowering.def(to, 32), lowering.reg(byte, 8)])
}

const anyTrue: Lower = (lowering, value) => {
  const vector = lowering.reg(lowering.use(value.args[0]!))
  lowering.emit('ptest', [vector, vector])
  setFlag(lowering, 'ne', lowering.use(value))
}

/** All lanes are non-zero if none equals zero. */
const allTrue =
  (equal: string): Lower =>
  (lowering, value) => {
    const zeros = lowering.reg(change(lowering, equal, zeroes, [value.args[0]!]))
    lowering.emit('ptest', [zeros, zeros])
    setFlag(lowering, 'e', lowering.use(value))
  }

const bitmask =
  (op: string): Lower =>
  (lowering, value) => {
    lowering.emit(op, [lowering.def(lowering.use(value), 32), lowering.reg(lowering.use(value.args[0]!))])
  }

const bitmask16: Lower = (lowering, value) => {
  const packed = change(lowering, 'packsswb', value.args[0]!, [value.args[0]!])
  const bits = lowering.temp('gpr', 32)
  lowering.emit('pmovmskb', [lowering.def(bits, 32), lowering.reg(packed)])
  lowering.emit('movzx', [lowering.def(lowering.use(value), 32), lowering.reg(bits, 8)])
}

/** PSHUFB zeroes lanes whose index has bit 7 set: indices of 16 and more are raised to there, saturating. */
const swizzle = expand((lowering, [vector, indices], to) => {
  const raised = change(lowering, 'paddusb', indices!, [new Uint8Array(16).fill(0x70)])
  change(lowering, 'pshufb', vector!, [raised], to)
})

/** Loads that widen, and loads of one lane into a vector of zeros. */
const wideningLoads: Record<string, [op: string, bits: number]> = {
  load8x8_s: ['pmovsxbw', 64],
  load8x8_u: ['pmovzxbw', 64],
  load16x4_s: ['pmovsxwd', 64],
  load16x4_u: ['pmovzxwd', 64],
  load32x2_s: ['pmovsxdq', 64],
  load32x2_u: ['pmovzxdq', 64],
  load64_splat: ['movddup', 64],
  load32_zero: ['movss', 32],
  load64_zero: ['movsd', 64],
}

const wideningLoad =
  (op: string, bits: number): Lower =>
  (lowering, value) => {
    const memory = address(lowering, value.args[0]!, value.imm, bits)
    lowering.emit(op, [lowering.def(lowering.use(value)), memory])
  }

const splatLoad =
  (bits: 8 | 16 | 32): Lower =>
  (lowering, value) => {
    const memory = address(lowering, value.args[0]!, value.imm, bits)
    const lane = lowering.temp('xmm', 128)
    const to = lowering.use(value)
    if (bits === 32) {
      lowering.emit('movss', [lowering.def(lane), memory])
      make(lowering, 'pshufd', [lane, 0], to)
      return
    }
    const scalar = lowering.temp('gpr', 32)
    lowering.emit('movzx', [lowering.def(scalar, 32), memory])
    lowering.emit('movd', [lowering.def(lane, 32), lowering.reg(scalar, 32)])
    if (bits === 8) splat8(lowering, lane, to)
    else splat16(lowering, lane, to)
  }

const letters: Record<number, string> = { 8: 'b', 16: 'w', 32: 'd', 64: 'q' }

const laneLoad =
  (bits: number): Lower =>
  (lowering, value) => {
    const [pointer, vector] = value.args as [Value, Value]
    const memory = address(lowering, pointer, value.imm, bits)
    const operands = [lowering.def(lowering.use(value)), memory, imm(value.lane)]
    lowering.emit(`pinsr${letters[bits]}`, operands, lowering.source(vector))
  }

const laneStore =
  (bits: number): Lower =>
  (lowering, value) => {
    const [pointer, vector] = value.args as [Value, Value]
    const memory = address(lowering, pointer, value.imm, bits)
    const from = lowering.reg(lowering.use(vector))
    if (value.lane === 0 && bits >= 32) lowering.emit(bits === 32 ? 'movss' : 'movsd', [memory, from])
    else lowering.emit(`pextr${letters[bits]}`, [memory, from, imm(value.lane)])
  }

const memoryLowerings: Record<string, Lower> = {}
for (const [name, row] of Object.entries(wideningLoads))
  memoryLowerings[`v128.${name}`] = wideningLoad(...row)
for (const bits of [8, 16, 32] as const) memoryLowerings[`v128.load${bits}_splat`] = splatLoad(bits)
for (const bits of [8, 16, 32, 64]) {
  memoryLowerings[`v128.load${bits}_lane`] = laneLoad(bits)
  memoryLowerings[`v128.store${bits}_lane`] = laneStore(bits)
}

export const simdLaneLowerings: Readonly<Record<string, Lower>> = {
  ...splats,
  ...memoryLowerings,
  'i8x16.extract_lane_s': extract('pextrb', 8),
  'i8x16.extract_lane_u': extract('pextrb'),
  'i16x8.extract_lane_s': extract('pextrw', 16),
  'i16x8.extract_lane_u': extract('pextrw'),
  'i32x4.extract_lane': extract('pextrd'),
  'i64x2.extract_lane': extract('pextrq'),
  'f32x4.extract_lane': extractFloat([0xe4, 0xe5, 0xee, 0xff]),
  'f64x2.extract_lane': extractFloat([0xe4, 0xee]),
  'i8x16.replace_lane': insert('pinsrb', 8),
  'i16x8.replace_lane': insert('pinsrw', 16),
  'i32x4.replace_lane': insert('pinsrd', 32),
  'i64x2.replace_lane': insert('pinsrq', 64),
  'f32x4.replace_lane': replaceF32,
  'f64x2.replace_lane': replaceF64,
  'v128.any_true': anyTrue,
  'i8x16.all_true': allTrue('pcmpeqb'),
  'i16x8.all_true': allTrue('pcmpeqw'),
  'i32x4.all_true': allTrue('pcmpeqd'),
  'i64x2.all_true': allTrue('pcmpeqq'),
  'i8x16.bitmask': bitmask('pmovmskb'),
  'i16x8.bitmask': bitmask16,
  'i32x4.bitmask': bitmask('movmskps'),
  'i64x2.bitmask': bitmask('movmskpd'),
  'i8x16.swizzle': swizzle,
}
