/** Moves between vector registers, memory and general registers. */
import {
  add,
  and,
  eqz,
  i32,
  i64,
  laneOp,
  loadI64,
  ltU,
  op,
  select,
  shl,
  shrU,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'
import { pick, readAligned, unary, widen, ZERO } from './lanes.ts'

/** All 128 bits, to or from memory. */
const whole: Definition = plain((c) => c.writeVector(0, c.readVector(1)))

const wholeAligned: Definition = plain((c) => {
  c.requireAligned(0)
  c.writeVector(0, readAligned(c, 1))
})

/** A scalar: from memory with zeros above, to memory, or between registers with the rest of the destination kept. */
function scalarMove(bits: 32 | 64): Definition {
  return plain((c) => {
    const value = c.read(1, bits)
    if (c.operand(1).kind === 'memory')
      c.writeVector(0, zeroExtended(value.type === 'i64', value as I64 & I32))
    else c.write(0, value, bits)
  })
}

function zeroExtended(wide: boolean, value: I32 & I64): V128 {
  return wide ? laneOp('i64x2.replace_lane', 0, ZERO, value) : laneOp('i32x4.replace_lane', 0, ZERO, value)
}

/** MOVD and MOVQ: into a vector register with zeros above. */
const extendingMove: Definition = plain((c) => {
  const to = c.operand(0)
  const from = c.operand(1)
  const bits = Math.min(from.bits, to.bits)
  const value = c.read(1, bits)
  if (to.kind === 'vector') c.writeVector(0, zeroExtended(bits === 64, value as I64 & I32))
  else c.write(0, value, bits)
})

/** MOVQ between vector registers and 64 bits of memory. */
const quadwordMove: Definition = plain((c) => {
  const value = c.read(1, 64) as I64
  if (c.operand(0).kind === 'vector') c.writeVector(0, zeroExtended(true, value as I32 & I64))
  else c.write(0, value, 64)
})

const highHalf = (v: V128): I64 => laneOp('i64x2.extract_lane', 1, v)

function setHigh(c: Context, value: I64): void {
  c.writeVector(0, laneOp('i64x2.replace_lane', 1, c.readVector(0), value))
}

/** MOVLPS, MOVLPD: the low half to or from memory. */
const lowMove: Definition = plain((c) => c.write(0, c.read(1, 64), 64))

/** MOVHPS, MOVHPD. */
const highMove: Definition = plain((c) => {
  if (c.operand(0).kind === 'memory') c.write(0, c.let(highHalf(c.readVector(1))), 64)
  else setHigh(c, c.read(1, 64) as I64)
})

const signs = (name: 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask'): Definition =>
  plain((c) => c.write(0, widen(c, 0, c.let(op(name, c.readVector(1))))))

/** MASKMOVDQU: stores the bytes whose mask byte has its sign bit set, at DS:rDI (the segment can be overridden). */
function maskedStore(c: Context): void {
  const { f } = c
  const mask = c.let(op('i8x16.bitmask', c.readVector(1)))
  const value = c.readVector(0)
  const rdi = c.gpr(7, 64) as I64
  const bits = c.let(shl(c.field('address'), i32(3)))
  const offset = select(eqz(and(bits, i32(64))), and(rdi, i64(0xffffffff)), rdi)
  const short = and(rdi, i64(0xffff))
  const segment = c.field('segment')
  const base = loadI64(add(c.cpu, add(i32(L.SEGMENTS + L.SEG_BASE), shl(segment, i32(5)))))
  // In 64-bit code only FS and GS have a base.
  const based = c.shape.long ? select(ltU(segment, i32(L.FS)), i64(0), base) : base
  const start = c.let(add(select(and(bits, i32(16)), short, offset), based))
  for (let byte = 0; byte < 16; byte++) {
    f.if(and(shrU(mask, i32(byte)), i32(1)), () => {
      c.store(8, add(start, i64(byte)), laneOp('i8x16.extract_lane_u', byte, value))
    })
  }
}

const loadControl: Definition = plain((c) => {
  const value = c.read(0) as I32
  c.f.if(and(value, i32(~MXCSR_MASK)), () => c.raise(13, 0))
  c.setStateI32(L.MXCSR, value)
})

/** Bits of MXCSR that exist. */
const MXCSR_MASK = 0xffff

export const sseMove: Definitions = {
  ids: {
    'movsd.xmm.xmm': scalarMove(64),
    'movsd.xmm.m64': scalarMove(64),
    'movsd.xmm.xmm.store': scalarMove(64),
    'movsd.m64.xmm': scalarMove(64),
    'movq.xmm.xm64': quadwordMove,
    'movq.xm64.xmm': quadwordMove,
    'movq.xmm.rm64': extendingMove,
    'movq.rm64.xmm': extendingMove,
  },
  mnemonics: {
    movups: whole,
    movupd: whole,
    movdqu: whole,
    lddqu: whole,
    movaps: wholeAligned,
    movapd: wholeAligned,
    movdqa: wholeAligned,
    movntps: wholeAligned,
    movntpd: wholeAligned,
    movntdq: wholeAligned,
    movntdqa: wholeAligned,
    movss: scalarMove(32),
    movd: extendingMove,
    movlps: lowMove,
    movlpd: lowMove,
    movhps: highMove,
    movhpd: highMove,
    movhlps: plain((c) => c.write(0, c.let(highHalf(c.readVector(1))), 64)),
    movlhps: plain((c) => setHigh(c, c.read(1, 64) as I64)),
    movddup: plain((c) => c.writeVector(0, op('i64x2.splat', c.read(1, 64) as I64))),
    movsldup: unary((_c, x) => pick(4, [0, 0, 2, 2], x, x)),
    movshdup: unary((_c, x) => pick(4, [1, 1, 3, 3], x, x)),
    movmskps: signs('i32x4.bitmask'),
    movmskpd: signs('i64x2.bitmask'),
    pmovmskb: signs('i8x16.bitmask'),
    maskmovdqu: { emit: maskedStore, modal: true },
    ldmxcsr: loadControl,
    stmxcsr: plain((c) => c.write(0, c.stateI32(L.MXCSR))),
  },
}
