import type { Value } from '../ssa/ir.ts'
import { constantBytes } from '../emit/constants.ts'
import { inMemory } from './float.ts'
import { type Lower, type Lowering } from './lowering.ts'
import { type Operand, Reg } from './mir.ts'
import { imm } from './operands.ts'

/**
 * Helpers for SIMD. Most instructions have the form `op a, b` with the result in a; a memory operand must be aligned,
 * so only constants and stack slots are folded, never loads.
 */

/** A register, a value, the bytes of a constant, or an immediate. */
export type Part = Reg | Value | Uint8Array | number

/** An operand that may be in memory. */
export function part(lowering: Lowering, each: Part): Operand {
  if (typeof each === 'number') return imm(each)
  if (each instanceof Uint8Array) return inMemory(lowering, each)
  if (each instanceof Reg) return lowering.any(each)
  if (each.op === 'v128.const') return inMemory(lowering, constantBytes(each))
  return lowering.any(lowering.use(each))
}

function tied(lowering: Lowering, each: Part): Reg | Value {
  if (each instanceof Reg) return each
  if (each instanceof Uint8Array) return vectorConstant(lowering, each)
  if (typeof each === 'number') throw new TypeError('an immediate cannot be changed')
  return lowering.source(each) as Reg | Value
}

/** A constant as a value of the graph, for use as the source of a move. */
export function vectorConstant(lowering: Lowering, bytes: Uint8Array): Value {
  const value = lowering.graph.newValue('v128.const', 'v128', [], lowering.graph.blocks[0]!, 0)
  value.bytes = bytes
  return value
}

export const zeroes: Uint8Array = new Uint8Array(16)
export const ones: Uint8Array = new Uint8Array(16).fill(0xff)

/** `op a, rest…` in a new register, or in the given one. */
export function change(lowering: Lowering, op: string, first: Part, rest: readonly Part[], to?: Reg): Reg {
  const result = to ?? lowering.temp('xmm', 128)
  const operands = rest.map((each) => part(lowering, each))
  lowering.emit(op, [lowering.def(result), ...operands], tied(lowering, first))
  return result
}

/** `op result, a` for instructions whose memory form reads less than the whole vector. */
export function fromRegister(lowering: Lowering, op: string, from: Reg | Value, to?: Reg): Reg {
  const result = to ?? lowering.temp('xmm', 128)
  lowering.emit(op, [lowering.def(result), lowering.reg(from instanceof Reg ? from : lowering.use(from))])
  return result
}

/** `op result, rest…`, where the old content of the result does not matter. */
export function make(lowering: Lowering, op: string, rest: readonly Part[], to?: Reg): Reg {
  const result = to ?? lowering.temp('xmm', 128)
  lowering.emit(op, [lowering.def(result), ...rest.map((each) => part(lowering, each))])
  return result
}

/** result = a op b. */
export function binary(op: string, commutative = false): Lower {
  return (lowering, value) => {
    const [left, right] = value.args as [Value, Value]
    const operand = part(lowering, right)
    const inst = lowering.emit(op, [lowering.def(lowering.use(value)), operand], lowering.source(left))
    inst.commutative = commutative
  }
}

/** result = b op a. */
export function reversed(op: string, ...more: number[]): Lower {
  return (lowering, value) => {
    const [left, right] = value.args as [Value, Value]
    change(lowering, op, right, [left, ...more], lowering.use(value))
  }
}

/** result = op a, with constants after it. */
export function unary(op: string, ...more: Part[]): Lower {
  return (lowering, value) => void make(lowering, op, [value.args[0]!, ...more], lowering.use(value))
}

/** result = a op constant. */
export function withConstant(op: string, bytes: Uint8Array): Lower {
  return (lowering, value) => void change(lowering, op, value.args[0]!, [bytes], lowering.use(value))
}

/** A function of the arguments' parts that makes the result in `to`. */
export function expand(make: (lowering: Lowering, args: Value[], to: Reg) => void): Lower {
  return (lowering, value) => make(lowering, value.args, lowering.use(value))
}
