/** PUSH, POP, PUSHA, POPA, ENTER, LEAVE. In 64-bit code the stack is flat; elsewhere SS gives base and width of the stack pointer. */
import * as L from '../layout.ts'
import { add, and, extendU, i32, i64, ltU, select, sub, wrap, type I32, type I64 } from '../wasm/index.ts'
import type { Access, Context } from './context.ts'
import { modal, type Definitions } from './definition.ts'
import { selector } from './move.ts'
import { truncate, type Value } from './values.ts'

export const RSP = 4
const RBP = 5

/** All ones in the width of the stack pointer. */
function stackMask(c: Context): I64 {
  if (c.shape.long) return i64(-1)
  return c.let(select(and(c.stateI32(L.MODE), i32(L.MODE_STACK32)), i64(0xffffffff), i64(0xffff)))
}

/** Linear address of `bits` at an offset on the stack, checked in segmented code. */
function stackAddress(c: Context, offset: I64, access: Access, bits: number): I64 {
  if (c.shape.long) return c.let(offset)
  return c.segmentAddress(i32(L.SS), c.let(and(offset, stackMask(c))), access, bits / 8)
}

function loadStack(c: Context, bits: number, offset: I64): Value {
  return c.load(bits, stackAddress(c, offset, 'read', bits), true)
}

function storeStack(c: Context, bits: number, offset: I64, value: Value): void {
  c.store(bits, stackAddress(c, offset, 'write', bits), value, true)
}

/** Writes a stack register (RSP, RBP) in the stack's width. */
function setStackRegister(c: Context, number: number, value: I64): void {
  if (c.shape.long) return c.setGpr(number, 64, value)
  const bound = c.let(value)
  c.f.if(
    and(c.stateI32(L.MODE), i32(L.MODE_STACK32)),
    () => c.setGpr(number, 32, wrap(bound)),
    () => c.setGpr(number, 16, wrap(bound)),
  )
}

/** The stack pointer moved by `delta` bytes, which may be computed. */
export function moveStack(c: Context, delta: I64): void {
  setStackRegister(c, RSP, add(c.gpr(RSP, 64) as I64, delta))
}

/** Stores below the stack pointer, then moves it: a fault leaves it alone, also one of what else there is to check, `then`. */
export function push(c: Context, bits: number, value: Value, then: () => void = () => {}): void {
  const top = c.let(sub(c.gpr(RSP, 64) as I64, i64(bits / 8)))
  storeStack(c, bits, top, value)
  then()
  setStackRegister(c, RSP, top)
}

/** The value at the top of the stack; the pointer is left for `moveStack`. */
export function top(c: Context, bits: number): Value {
  return loadStack(c, bits, c.gpr(RSP, 64) as I64)
}

function pushOperand(c: Context): void {
  const bits = c.shape.operandBits
  const { kind } = c.operand(0)
  if (kind !== 'segment') return push(c, bits, c.read(0, bits))
  const value = selector(c, 0)
  push(c, bits, bits === 64 ? extendU(value) : value)
}

/** The address of a memory destination uses the moved stack pointer; the decoder has added the operand size to its displacement. */
function popOperand(c: Context): void {
  const bits = c.shape.operandBits
  const value = top(c, bits)
  const { kind } = c.operand(0)
  if (kind === 'segment') {
    const move = (): void => moveStack(c, i64(bits / 8))
    return c.systemThen(move, 'loadSegment', c.registerNumber(0), wrap(extend(value)))
  }
  if (kind === 'memory') {
    c.write(0, value, bits)
    return moveStack(c, i64(bits / 8))
  }
  moveStack(c, i64(bits / 8))
  c.write(0, value, bits)
}

const extend = (value: Value): I64 =>
  and(value.type === 'i64' ? (value as I64) : extendU(value as I32), i64(0xffff))

function pushAll(c: Context): void {
  const bits = c.shape.operandBits
  const sp = c.gpr(RSP, 64) as I64
  for (let n = 0; n < 8; n++) storeStack(c, bits, sub(sp, i64(((n + 1) * bits) / 8)), c.gpr(n, bits))
  moveStack(c, i64(-bits))
}

/** A fault leaves the registers that have been popped before it, as on silicon; the stack pointer has not moved. */
function popAll(c: Context): void {
  const bits = c.shape.operandBits
  const sp = c.gpr(RSP, 64) as I64
  for (let n = 7; n >= 0; n--) {
    // The stack pointer's own place is read, though not used.
    const value = loadStack(c, bits, add(sp, i64(((7 - n) * bits) / 8)))
    if (n !== RSP) c.setGpr(n, bits, value)
  }
  moveStack(c, i64(bits))
}

/** ENTER: the immediate is the frame's size, the second one the nesting level. */
function enter(c: Context): void {
  const { f } = c
  const bits = c.shape.operandBits
  const step = i64(bits / 8)
  const level = f.let(and(c.field('second'), i32(31)))
  const sp = f.variable('i64', sub(c.gpr(RSP, 64) as I64, step))
  const oldFrame = f.let(c.gpr(RBP, 64) as I64)
  storeStack(c, bits, sp.value, c.gpr(RBP, bits))
  const frame = f.let(sp.value)
  f.if(level, () => {
    const i = f.variable('i32', i32(1))
    const from = f.variable('i64', oldFrame)
    f.loop((again) => {
      f.if(ltU(i.value, level), () => {
        f.set(from, sub(from.value, step))
        f.set(sp, sub(sp.value, step))
        storeStack(c, bits, sp.value, loadStack(c, bits, from.value))
        f.set(i, add(i.value, i32(1)))
        f.br(again)
      })
    })
    f.set(sp, sub(sp.value, step))
    storeStack(c, bits, sp.value, truncate(frame, bits))
  })
  const size = and(c.immediate(0), i64(0xffff))
  // Raises what a write with the final stack pointer would raise.
  c.loadForWrite(bits, stackAddress(c, sub(sp.value, size), 'write', bits))
  c.setGpr(RBP, bits, truncate(frame, bits))
  setStackRegister(c, RSP, sub(sp.value, size))
}

function leave(c: Context): void {
  const bits = c.shape.operandBits
  const frame = c.gpr(RBP, 64) as I64
  const value = loadStack(c, bits, frame)
  setStackRegister(c, RSP, add(frame, i64(bits / 8)))
  c.setGpr(RBP, bits, value)
}

export const stack: Definitions = {
  mnemonics: {
    push: modal(pushOperand),
    pop: modal(popOperand),
    pusha: modal(pushAll),
    pushad: modal(pushAll),
    popa: modal(popAll),
    popad: modal(popAll),
    enter: modal(enter),
    leave: modal(leave),
  },
}
