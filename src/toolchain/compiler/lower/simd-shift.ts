import type { Value } from '../ssa/ir.ts'
import { repeated } from './float.ts'
import type { Lower, Lowering } from './lowering.ts'
import { type Part, change, expand, ones } from './vector.ts'
import type { Reg } from './mir.ts'
import { imm } from './operands.ts'

/** Shifts of all lanes by one count, which wasm takes modulo the lane's width. */

/** The count plus `bias`: an immediate, or the low half of an XMM register. */
function countOf(lowering: Lowering, count: Value, laneBits: number, bias = 0): Part {
  if (count.op === 'i32.const') return (count.imm & (laneBits - 1)) + bias
  const masked = lowering.temp('gpr', 32)
  lowering.emit('and', [lowering.def(masked), imm(laneBits - 1)], lowering.low(count))
  let biased: Reg = masked
  if (bias > 0) {
    biased = lowering.temp('gpr', 32)
    lowering.emit('add', [lowering.def(biased), imm(bias)], masked)
  }
  const vector = lowering.temp('xmm', 128)
  lowering.emit('movd', [lowering.def(vector, 32), lowering.reg(biased, 32)])
  return vector
}

function shift(op: string, laneBits: number): Lower {
  return expand((lowering, [argument, count], to) => {
    change(lowering, op, argument!, [countOf(lowering, count!, laneBits)], to)
  })
}

/** Bytes whose lowest 8 − count bits are set. */
function lowMask(lowering: Lowering, count: Value): Part {
  if (count.op === 'i32.const') return repeated(BigInt(0xff >> (count.imm & 7)), 8)
  const words = change(lowering, 'psrlw', ones, [countOf(lowering, count, 8, 8)])
  return change(lowering, 'packuswb', words, [words])
}

/** There is no shift of bytes: shift words, and mask what crosses from one byte to the other. */
const shiftLeft8 = expand((lowering, [argument, count], to) => {
  const kept = change(lowering, 'pand', argument!, [lowMask(lowering, count!)])
  change(lowering, 'psllw', kept, [countOf(lowering, count!, 8)], to)
})

const shiftRight8 = expand((lowering, [argument, count], to) => {
  const shifted = change(lowering, 'psrlw', argument!, [countOf(lowering, count!, 8)])
  change(lowering, 'pand', shifted, [lowMask(lowering, count!)], to)
})

/** Each byte is put into the upper half of a word, shifted there, and the words are packed again. */
const shiftRightSigned8 = expand((lowering, [argument, count], to) => {
  const by = countOf(lowering, count!, 8, 8)
  const low = change(lowering, 'psraw', change(lowering, 'punpcklbw', argument!, [argument!]), [by])
  const high = change(lowering, 'psraw', change(lowering, 'punpckhbw', argument!, [argument!]), [by])
  change(lowering, 'packsswb', low, [high], to)
})

/** There is no arithmetic shift of quadwords: (a >>> n xor m) − m, where m is the sign bit shifted likewise. */
const shiftRightSigned64 = expand((lowering, [argument, count], to) => {
  const by = countOf(lowering, count!, 64)
  const shifted = change(lowering, 'psrlq', argument!, [by])
  const sign = change(lowering, 'psrlq', repeated(1n << 63n, 64), [by])
  change(lowering, 'psubq', change(lowering, 'pxor', shifted, [sign]), [sign], to)
})

export const simdShiftLowerings: Readonly<Record<string, Lower>> = {
  'i8x16.shl': shiftLeft8,
  'i8x16.shr_u': shiftRight8,
  'i8x16.shr_s': shiftRightSigned8,
  'i16x8.shl': shift('psllw', 16),
  'i16x8.shr_u': shift('psrlw', 16),
  'i16x8.shr_s': shift('psraw', 16),
  'i32x4.shl': shift('pslld', 32),
  'i32x4.shr_u': shift('psrld', 32),
  'i32x4.shr_s': shift('psrad', 32),
  'i64x2.shl': shift('psllq', 64),
  'i64x2.shr_u': shift('psrlq', 64),
  'i64x2.shr_s': shiftRightSigned64,
}
