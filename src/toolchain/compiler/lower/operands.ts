import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import { type Lowering, atSymbol, bitsOf } from './lowering.ts'
import type { ImmOperand, MemOperand, Operand } from './mir.ts'

export const imm = (value: number | bigint): ImmOperand => ({ kind: 'imm', value })

/** The value as a sign-extended 32-bit immediate, if it is a constant that fits. */
export function immediate(value: Value): number | undefined {
  if (value.op === 'i32.const') return value.imm
  if (value.op === 'i64.const' && BigInt.asIntN(32, value.wide) === value.wide) return Number(value.wide)
  return undefined
}

const fullLoads = new Set(['i32.load', 'i64.load', 'f32.load', 'f64.load'])

/** Takes a load into the instruction being emitted, if it reads exactly the value's width and nothing forbids it. */
export function fusedLoad(lowering: Lowering, value: Value): MemOperand | undefined {
  if (value.op === 'global.get' && value.type !== 'v128' && lowering.canFuse(value)) {
    lowering.fuse(value)
    return atSymbol(lowering.context.globalSymbol(value.imm), bitsOf(value.type))
  }
  if (!fullLoads.has(value.op) || !lowering.canFuse(value)) return undefined
  lowering.fuse(value)
  return address(lowering, value.args[0]!, value.imm, bitsOf(value.type))
}

/** The right operand of an integer instruction: an immediate, a load, or a register (or its slot). */
export function right(lowering: Lowering, value: Value): Operand {
  const constant = immediate(value)
  if (constant !== undefined) return imm(constant)
  const bits = bitsOf(value.type)
  return (
    fusedLoad(lowering, value) ?? lowering.any(bits === 32 ? lowering.low(value) : lowering.use(value), bits)
  )
}

/** The right operand of an instruction that takes no immediate. */
export function rightOrMemory(lowering: Lowering, value: Value): Operand {
  const bits = bitsOf(value.type)
  return (
    fusedLoad(lowering, value) ?? lowering.any(bits === 32 ? lowering.low(value) : lowering.use(value), bits)
  )
}
