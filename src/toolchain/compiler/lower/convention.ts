import type { FunctionType, ValueType } from '../reader/types.ts'
import { type Reg, gpr, xmm } from './mir.ts'

/**
 * System V AMD64: integers in RDI RSI RDX RCX R8 R9, floats and vectors in XMM0–7, the rest on the stack in order,
 * 8 bytes each (16, aligned, for a vector); result in RAX or XMM0. An i32 is passed zero-extended to 64 bits.
 * Further results of a multi-value function: RDX RCX RSI RDI R8 … and XMM1–7, then the stack above the arguments.
 */
const integerArguments: readonly Reg[] = [7, 6, 2, 1, 8, 9].map((number) => gpr[number]!)
const integerResults: readonly Reg[] = [0, 2, 1, 6, 7, 8, 9, 10, 11].map((number) => gpr[number]!)
const floatArguments: readonly Reg[] = xmm.slice(0, 8)

/** What a call destroys; RBX, RBP and R12–R15 survive. */
export const callerSaved: readonly Reg[] = [
  ...[0, 1, 2, 6, 7, 8, 9, 10, 11].map((number) => gpr[number]!),
  ...xmm,
]
export const calleeSaved: readonly number[] = [3, 12, 13, 14, 15]

/** A machine register, or an offset in bytes from the first stack argument. */
export type Place = Reg | number

export interface Convention {
  readonly params: readonly Place[]
  readonly results: readonly Place[]
  /** Bytes of stack for arguments and results that are not in registers; a multiple of 16. */
  readonly stackBytes: number
}

export function conventionOf(type: FunctionType): Convention {
  let stack = 0
  const place = (types: readonly ValueType[], integers: readonly Reg[]): Place[] => {
    let integer = 0
    let float = 0
    return types.map((each) => {
      const isFloat = each === 'f32' || each === 'f64' || each === 'v128'
      const reg = isFloat ? floatArguments[float++] : integers[integer++]
      if (reg) return reg
      const size = each === 'v128' ? 16 : 8
      stack = Math.ceil(stack / size) * size
      const offset = stack
      stack += size
      return offset
    })
  }
  const params = place(type.params, integerArguments)
  const results = place(type.results, integerResults)
  return { params, results, stackBytes: Math.ceil(stack / 16) * 16 }
}
