import { type Memory, type Register, mem, rbp, symbol, xmm15 } from '../../../isa/index.ts'
import { constantBytes, isZero } from './constants.ts'
import type { Value } from '../ssa/ir.ts'
import { type Location, type PlacedMove, sequence } from '../regalloc/resolve.ts'
import { type CodeWriter, register } from './code.ts'

/** Moves between registers, stack slots and argument slots, and of constants. No move changes the flags. */

const isLocation = (from: PlacedMove['from']): from is Location => 'kind' in from

/** Width that a move between two places must keep. */
function widthOf(to: Location, from: Location): number {
  const bits = [to.reg, from.reg].flatMap((reg) => (reg && reg.fixed < 0 ? [reg.bits] : []))
  return bits.length > 0 ? Math.min(...bits) : (from.reg?.bits ?? 64)
}

const isXmm = (place: Location): boolean => place.reg?.class === 'xmm'

const memoryMoves: Record<number, string> = { 32: 'movss', 64: 'movsd', 128: 'movaps' }

/** Performs moves that happen at once. */
export function writeMoves(code: CodeWriter, moves: readonly PlacedMove[]): void {
  for (const step of sequence(moves, (reg) => code.frame.slots.get(reg)!)) {
    if (step.kind === 'exchange') writeExchange(code, step.a, step.b)
    else if (isLocation(step.move.from)) writeMove(code, step.move.to, step.move.from)
    else writeConstant(code, step.move.to, step.move.from)
  }
}

export function writeMove(code: CodeWriter, to: Location, from: Location): void {
  if (to.kind === 'register' && from.kind === 'register') {
    if (to.number === from.number && to.reg.class === from.reg.class) return
    if (to.reg.class === 'xmm') code.emit('movaps', code.place(to, 128), code.place(from, 128))
    else {
      const bits = widthOf(to, from) <= 32 ? 32 : 64
      code.emit('mov', code.place(to, bits), code.place(from, bits))
    }
    return
  }
  if (to.kind !== 'register' && from.kind !== 'register') return writeMemoryMove(code, to, from)
  const bits = widthOf(to, from)
  if (isXmm(to) || isXmm(from)) {
    // A stack argument is 8-byte aligned only.
    const isAligned = to.kind !== 'argument' && from.kind !== 'argument'
    const op = bits === 128 && !isAligned ? 'movups' : memoryMoves[bits]!
    code.emit(op, code.place(to, bits), code.place(from, bits))
    return
  }
  // Slots are written whole, so that they can be read at any width.
  const width = to.kind === 'register' && bits <= 32 ? 32 : 64
  code.emit('mov', code.place(to, width), code.place(from, width))
}

/** PUSH and POP go through neither a register nor the flags; POP computes an RSP-relative target after it has popped. */
function writeMemoryMove(code: CodeWriter, to: Location, from: Location): void {
  if (widthOf(to, from) === 128) {
    code.emit('movups', xmm15, code.place(from, 128))
    code.emit('movups', code.place(to, 128), xmm15)
    return
  }
  code.emit('push', code.place(from, 64))
  code.emit('pop', code.place(to, 64))
}

function writeExchange(code: CodeWriter, a: Location, b: Location): void {
  if (a.kind === 'register' && b.kind === 'register') {
    if (!isXmm(a)) return code.emit('xchg', code.place(a, 64), code.place(b, 64))
    code.emit('movaps', xmm15, code.place(a, 128))
    code.emit('movaps', code.place(a, 128), code.place(b, 128))
    code.emit('movaps', code.place(b, 128), xmm15)
    return
  }
  if (!isXmm(a) && !isXmm(b)) {
    if (a.kind === 'register') return code.emit('xchg', code.place(b, 64), code.place(a, 64))
    if (b.kind === 'register') return code.emit('xchg', code.place(a, 64), code.place(b, 64))
  }
  const slot = a.kind === 'register' ? b : a
  const other = a.kind === 'register' ? a : b
  if (other.kind === 'register') {
    const bits = widthOf(slot, slot)
    code.emit('movaps', xmm15, code.place(other, 128))
    code.emit(memoryMoves[bits]!, code.place(other, 128), code.place(slot, bits))
    code.emit(memoryMoves[bits]!, code.place(slot, bits), xmm15)
    return
  }
  for (const offset of widthOf(a, b) === 128 ? [0, 8] : [0]) {
    code.emit('push', half(code, a, offset))
    code.emit('push', half(code, b, offset))
    code.emit('pop', half(code, a, offset))
    code.emit('pop', half(code, b, offset))
  }
}

function half(code: CodeWriter, place: Location, offset: number): Memory {
  const whole = code.place(place, 64) as Memory
  return mem({ base: rbp, disp: whole.disp + offset, size: 64 })
}

/** Loads a constant without touching the flags. */
export function writeConstant(code: CodeWriter, to: Location, value: Value): void {
  if (to.kind === 'register') return loadConstant(code, code.place(to, 64) as Register, value, isXmm(to))
  const bytes = constantBytes(value)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const memory = code.place(to, 64) as Memory
  const word = (offset: number): number => (offset + 4 <= bytes.length ? view.getInt32(offset, true) : 0)
  for (let offset = 0; offset < Math.max(bytes.length, 8); offset += 8) {
    const at = (extra: number, size: number): Memory =>
      mem({ base: memory.base!, disp: memory.disp + offset + extra, size })
    if (word(offset) >> 31 === word(offset + 4)) code.emit('mov', at(0, 64), word(offset))
    else {
      code.emit('mov', at(0, 32), word(offset))
      code.emit('mov', at(4, 32), word(offset + 4))
    }
  }
}

export function loadConstant(code: CodeWriter, to: Register, value: Value, inXmm: boolean): void {
  if (inXmm) {
    if (isZero(value)) return code.emit('xorps', to, to)
    const bytes = constantBytes(value)
    const memory = mem({ rip: symbol(code.context.constant(bytes)), size: bytes.length * 8 })
    return code.emit(memoryMoves[bytes.length * 8]!, to, memory)
  }
  const bits = value.op === 'i32.const' ? BigInt(value.imm >>> 0) : BigInt.asUintN(64, value.wide)
  if (bits <= 0xffff_ffffn) code.emit('mov', register('gpr', to.number, 32), Number(bits))
  else if (BigInt.asIntN(32, bits) === BigInt.asIntN(64, bits))
    code.emit('mov', to, Number(BigInt.asIntN(64, bits)))
  else code.emit('mov', to, bits)
}
