/** Memory operands of x87 instructions. */
import { add, i32, i64, type I32, type I64 } from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Emit } from '../definition.ts'
import { checkPending } from '../mmx/operand.ts'
import { signed64, toI64 } from '../values.ts'

/** Formats as the helpers number them. */
export const SINGLE = 0
export const DOUBLE = 1
export const EXTENDED = 2
export const INTEGER = 3
export const DECIMAL = 4

/** The format of a memory operand that is a float of its size. */
export function floatFormat(bits: number): number {
  return bits === 32 ? SINGLE : bits === 64 ? DOUBLE : EXTENDED
}

/** An instruction that first looks at pending exceptions. */
export function waiting(emit: Emit): Definition {
  return plain((c) => {
    checkPending(c)
    emit(c)
  })
}

/** Says where the memory operand is, for FDP if the instruction finds an exception. */
export function keepPointer(c: Context): void {
  c.setStateI64(L.FPU_OPERAND, c.offset(0))
}

/** The memory operand: 64 bits, sign-extended when an integer, and 16 more of ten bytes. */
export function readMemory(c: Context, format: number): { value: I64; high: I32 } {
  const { bits } = c.operand(0)
  if (bits !== 80) {
    const value = c.read(0, bits)
    return { value: c.let(format === INTEGER ? signed64(value, bits) : toI64(value)), high: i32(0) }
  }
  const va = c.address(0, 'read', 10)
  const value = c.load(64, va) as I64
  return { value, high: c.load(16, add(va, i64(8))) as I32 }
}
