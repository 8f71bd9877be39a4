/** Moves between vector registers, memory and general registers. */
import {
  and,
  eqz,
  i32,
  i64,
  laneOp,
  op,
  or,
  select,
  shl,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import type { Value } from '../values.ts'
import { firstOf, replaceLow, secondOf, unary, vectored, writeResult } from './form.ts'
import { pick, widen, ZERO } from './lanes.ts'

/** The whole register, to or from memory. */
const whole: Definition = vectored((c) => {
  writeResult(c, c.shape.vex ? c.readVectors(1) : [c.readVector(1)])
})

const wholeAligned: Definition = vectored((c) => {
  const bytes = c.operand(0).bits / 8
  c.requireAligned(0, bytes)
  c.requireAligned(1, bytes)
  whole.emit(c)
})

/** A scalar: from memory with zeros above, to memory, or between registers with the rest of the first source kept. */
function scalarMove(bits: 32 | 64): Definition {
  return vectored((c) => {
    if (c.operand(1).kind === 'memory') writeResult(c, [c.loadScalar(bits, c.address(1))])
    else if (c.operand(0).kind === 'memory') c.write(0, c.read(1, bits), bits)
    else {
      const value = c.read(secondOf(c), bits)
      writeResult(c, [replaceLow(c.readVector(firstOf(c)), bits, value)])
    }
  })
}

const zeroExtended = (value: Value): V128 => replaceLow(ZERO, value.type === 'i64' ? 64 : 32, value)

/** MOVD and MOVQ: into a vector register with zeros above. */
const extendingMove: Definition = vectored((c) => {
  const to = c.operand(0)
  const from = c.operand(1)
  const bits = Math.min(from.bits, to.bits)
  const value = c.read(1, bits)
  if (to.kind === 'vector') writeResult(c, [zeroExtended(value)])
  else c.write(0, value, bits)
})

/** MOVQ between vector registers and 64 bits of anything. */
const quadwordMove: Definition = vectored((c) => {
  const value = c.read(1, 64)
  if (c.operand(0).kind === 'vector') writeResult(c, [zeroExtended(value)])
  else c.write(0, value, 64)
})

const lowHalf = (v: V128): I64 => laneOp('i64x2.extract_lane', 0, v)
const highHalf = (v: V128): I64 => laneOp('i64x2.extract_lane', 1, v)

/** One half of the first source replaced by a half of a register, or by 64 bits of memory. */
function halfMove(half: 0 | 1, from: 'low' | 'high'): Definition {
  return vectored((c) => {
    const of = from === 'low' ? lowHalf : highHalf
    if (c.operand(0).kind === 'memory') {
      c.write(0, c.let((half === 0 ? lowHalf : highHalf)(c.readVector(1))), 64)
      return
    }
    const second = secondOf(c)
    const value = c.operand(second).kind === 'memory' ? (c.read(second, 64) as I64) : of(c.readVector(second))
    writeResult(c, [laneOp('i64x2.replace_lane', half, c.readVector(firstOf(c)), value)])
  })
}

/** MOVDDUP: the low double of each lane, twice; the narrow forms read 64 bits of memory. */
const duplicateDoubles: Definition = vectored((c) => {
  if (c.operand(0).bits === 256)
    writeResult(
      c,
      c.readVectors(1).map((v) => c.let(pick(8, [0, 0], v, v))),
    )
  else writeResult(c, [op('i64x2.splat', c.read(1, 64) as I64)])
})

const signs = (name: 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask'): Definition =>
  vectored((c) => {
    const count = Number(/x(\d+)/.exec(name)![1])
    const lanes = c.shape.vex ? c.readVectors(1) : [c.readVector(1)]
    const all = lanes.map((v, n) => shl(op(name, v), i32(count * n))).reduce((a, b) => or(a, b))
    c.write(0, widen(c, 0, c.let(all)))
  })

/** MASKMOVDQU: stores the bytes whose mask byte has its sign bit set, at DS:rDI (the segment can be overridden). */
function maskedStore(c: Context): void {
  const mask = c.let(op('i8x16.bitmask', c.readVector(1)))
  c.f.store('v128.store', c.cpu, c.readVector(0), L.SCRATCH)
  const rdi = c.gpr(7, 64) as I64
  const bits = c.let(shl(c.field('address'), i32(3)))
  const offset = select(eqz(and(bits, i32(64))), and(rdi, i64(0xffffffff)), rdi)
  const short = and(rdi, i64(0xffff))
  const segment = c.field('segment')
  const start = c.let(select(and(bits, i32(16)), short, offset))
  c.system('maskedStore', c.segmentAddress(segment, start, 'write', 16), mask, i32(1))
}

const loadControl: Definition = vectored((c) => {
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
    vmovsd: scalarMove(64),
    movd: extendingMove,
    vmovq: quadwordMove,
    movlps: halfMove(0, 'low'),
    movlpd: halfMove(0, 'low'),
    movhps: halfMove(1, 'low'),
    movhpd: halfMove(1, 'low'),
    movhlps: halfMove(0, 'high'),
    movlhps: halfMove(1, 'low'),
    movddup: duplicateDoubles,
    movsldup: unary((_c, x) => pick(4, [0, 0, 2, 2], x, x)),
    movshdup: unary((_c, x) => pick(4, [1, 1, 3, 3], x, x)),
    movmskps: signs('i32x4.bitmask'),
    movmskpd: signs('i64x2.bitmask'),
    pmovmskb: signs('i8x16.bitmask'),
    maskmovdqu: { emit: maskedStore, modal: true, vex: true },
    ldmxcsr: loadControl,
    stmxcsr: vectored((c) => c.write(0, c.stateI32(L.MXCSR))),
  },
}
