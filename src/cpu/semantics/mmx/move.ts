/** Moves between MM, XMM and general registers and memory; shuffles and single lanes. SDM Vol. 2. */
import * as L from '../../layout.ts'
import {
  add,
  and,
  eqz,
  extendU,
  gtU,
  i32,
  i64,
  laneOp,
  ltU,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type I64,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { plain, type Definition } from '../definition.ts'
import { widen, ZERO } from '../sse/lanes.ts'
import { toI64, truncate } from '../values.ts'
import { checkPending, enterMmx, immediateOf, mmxPlain, readPacked } from './operand.ts'

/** MOVD, MOVQ, MOVNTQ: zero-extended into a register, cut on the way out. */
const move = mmxPlain((c) => {
  const bits = Math.min(c.operand(0).bits, c.operand(1).bits)
  const value = c.let(toI64(c.read(1, bits)))
  if (c.operand(0).kind === 'mmx') c.write(0, value, 64)
  else c.write(0, truncate(value, bits), bits)
})

/** EMMS: all registers are empty. */
const empty = plain((c) => {
  checkPending(c)
  enterMmx(c)
  c.f.store('i32.store8', c.cpu, i32(0), L.FTW)
})

const wordShift = (imm: I32): I64 => shl(extendU(and(imm, i32(3))), i64(4))

const shuffleWords = mmxPlain((c) => {
  const x = c.read(1, 64) as I64
  const imm = immediateOf(c, 2)
  let result: I64 = i64(0)
  for (let lane = 0; lane < 4; lane++) {
    const word = and(shrU(x, wordShift(shrU(imm, i32(2 * lane)))), i64(0xffff))
    result = or(result, shl(word, i64(16 * lane)))
  }
  c.write(0, result, 64)
})

const insertWord = mmxPlain((c) => {
  const word = c.let(and(toI64(c.read(1, c.operand(1).kind === 'memory' ? 16 : 32)), i64(0xffff)))
  const shift = c.let(wordShift(immediateOf(c, 2)))
  const x = c.read(0, 64) as I64
  c.write(0, or(and(x, op('i64.xor', shl(i64(0xffff), shift), i64(-1))), shl(word, shift)), 64)
})

const extractWord = mmxPlain((c) => {
  const x = c.read(1, 64) as I64
  const word = and(wrap(shrU(x, wordShift(immediateOf(c, 2)))), i32(0xffff))
  c.write(0, widen(c, 0, c.let(word)))
})

const signs = mmxPlain((c) => {
  c.write(0, widen(c, 0, c.let(and(op('i8x16.bitmask', readPacked(c, 1)), i32(0xff)))))
})

/** PALIGNR: eight bytes from byte `imm` on of the source followed by the destination. */
const align = mmxPlain((c) => {
  const y = c.read(1, 64) as I64
  const x = c.read(0, 64) as I64
  const bits = c.let(shl(toI64(immediateOf(c, 2)), i64(3)))
  const low = or(shrU(y, bits), select(eqz(bits), i64(0), shl(x, sub(i64(64), bits))))
  const high = select(gtU(bits, i64(127)), i64(0), shrU(x, sub(bits, i64(64))))
  c.write(0, select(ltU(bits, i64(64)), low, high), 64)
})

/** MASKMOVQ: stores the bytes whose mask byte has its sign bit set, at DS:rDI (the segment can be overridden). */
function maskedStore(c: Context): void {
  const { f } = c
  checkPending(c)
  const mask = c.let(op('i8x16.bitmask', readPacked(c, 1)))
  const value = c.read(0, 64) as I64
  const rdi = c.gpr(7, 64) as I64
  const size = c.field('address')
  const offset = select(
    eqz(op('i32.ne', size, i32(8))),
    rdi,
    and(rdi, select(op('i32.eq', size, i32(2)), i64(0xffff), i64(0xffffffff))),
  )
  const segment = c.field('segment')
  const start = c.let(offset)
  for (let byte = 0; byte < 8; byte++) {
    f.if(and(shrU(mask, i32(byte)), i32(1)), () => {
      c.store(
        8,
        c.segmentAddress(segment, add(start, i64(byte)), 'write', 1),
        and(wrap(shrU(value, i64(8 * byte))), i32(0xff)),
      )
    })
  }
  enterMmx(c)
}

/** MOVQ2DQ and MOVDQ2Q. */
const toVector = mmxPlain((c) => {
  c.writeVector(0, laneOp('i64x2.replace_lane', 0, ZERO, c.read(1, 64) as I64))
})
const fromVector = mmxPlain((c) => c.write(0, c.read(1, 64), 64))

export const mmxMove: Readonly<Record<string, Definition>> = {
  movd: move,
  movq: move,
  movntq: move,
  emms: empty,
  pshufw: shuffleWords,
  pinsrw: insertWord,
  pextrw: extractWord,
  pmovmskb: signs,
  palignr: align,
  maskmovq: { emit: maskedStore, modal: true },
  movq2dq: toVector,
  movdq2q: fromVector,
}
