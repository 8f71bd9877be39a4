/** How MMX instructions reach their operands, and what each does to the x87 unit beside its work. SDM Vol. 1, 9.5; Vol. 3A, 12. */
import * as L from '../../layout.ts'
import { and, i32, laneOp, load, op, wrap, type I32, type I64, type V128 } from '../../wasm/index.ts'
import { MF, type Context } from '../context.ts'
import { plain, type Definition, type Emit } from '../definition.ts'
import { toI64 } from '../values.ts'

const ES = 0x80
const CR0_NE = 0x20
const TOP_CLEAR = ~0x3800

/** Raises #MF when an unmasked x87 exception is pending; without CR0.NE, tells the board by FERR#. */
export function checkPending(c: Context): void {
  c.f.if(and(load('i32.load16_u', c.cpu, L.FSW), i32(ES)), () => {
    c.f.if(and(wrap(c.stateI64(L.CR0)), i32(CR0_NE)), () => c.raise(MF))
    c.system('x87Ferr')
  })
}

/** TOP becomes 0 and no register is empty. */
export function enterMmx(c: Context): void {
  c.f.store('i32.store16', c.cpu, and(load('i32.load16_u', c.cpu, L.FSW), i32(TOP_CLEAR)), L.FSW)
  c.f.store('i32.store8', c.cpu, i32(0xff), L.FTW)
}

/** An instruction on MM registers; the change of the x87 unit comes after all that may fault. */
export function mmxPlain(emit: Emit): Definition {
  return plain((c) => {
    checkPending(c)
    emit(c)
    enterMmx(c)
  })
}

/** `mm/m64` (or `mm/m32`) in both halves of a vector. */
export function readPacked(c: Context, index: number): V128 {
  const { kind, bits } = c.operand(index)
  return c.let(op('i64x2.splat', toI64(c.read(index, kind === 'memory' ? bits : 64))))
}

/** Writes the low half. */
export function writePacked(c: Context, value: V128): void {
  c.write(0, c.let(lowHalf(value)), 64)
}

export const lowHalf = (value: V128): I64 => laneOp('i64x2.extract_lane', 0, value)

export type PackedOperation = (c: Context, x: V128, y: V128) => V128

/** `mm ← f(mm, mm/m64)`. */
export function packed(operation: PackedOperation): Definition {
  return mmxPlain((c) => {
    const y = readPacked(c, 1)
    writePacked(c, operation(c, readPacked(c, 0), y))
  })
}

/** The immediate as an i32. */
export function immediateOf(c: Context, index: number): I32 {
  return c.let(wrap(c.immediate(index)))
}
