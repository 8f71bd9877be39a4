import type { Value } from '../ssa/ir.ts'
import type { Lowering } from './lowering.ts'
import type { MemOperand, Reg } from './mir.ts'

/**
 * Below this address nothing is mapped, and nothing is mapped just above 4 GiB. So a sum that wraps around to less
 * than this, or does not wrap and ends just above 4 GiB, faults either way, and small offsets may be added without
 * regard to the wrap-around of wasm's 32-bit addition.
 */
const unmapped = 4096

const INT32_MAX = 0x7fff_ffff

/**
 * The memory operand for an access at `pointer + offset`, with as much of the computation of the pointer in it as
 * x86 can do. Sums of two registers take the address-size prefix, which computes modulo 2^32 as wasm does.
 */
export function address(lowering: Lowering, pointer: Value, offset: number, bits: number): MemOperand {
  const memory = (parts: Partial<MemOperand>): MemOperand => ({
    kind: 'mem',
    base: undefined,
    index: undefined,
    scale: 1,
    disp: 0,
    bits,
    wraps: false,
    symbol: undefined,
    late: false,
    ...parts,
  })
  if (pointer.op === 'i32.const') {
    const absolute = (pointer.imm >>> 0) + offset
    if (absolute <= INT32_MAX) return memory({ disp: absolute })
    if (absolute < 2 ** 32) return memory({ disp: absolute, wraps: true })
  }
  if (offset > INT32_MAX) return memory({ base: farBase(lowering, pointer, offset) })
  if (offset < unmapped) {
    const folded = foldSum(lowering, pointer, offset)
    if (folded) return memory(folded)
  }
  return memory({ base: lowering.use(pointer), disp: offset })
}

/** An offset that does not fit in a displacement is added in 64 bits. */
function farBase(lowering: Lowering, pointer: Value, offset: number): Reg {
  const far = lowering.temp('gpr', 64)
  const big = lowering.temp('gpr', 64)
  lowering.emit('mov', [lowering.def(big, 32), { kind: 'imm', value: offset }])
  lowering.emit('add', [lowering.def(far), lowering.reg(big)], lowering.use(pointer))
  return far
}

/** Sums up to this many users are computed again in each of them. */
const maxUsers = 3

function foldSum(lowering: Lowering, pointer: Value, offset: number): Partial<MemOperand> | undefined {
  if (pointer.op !== 'i32.add') return undefined
  let constant = 0
  let sum = pointer
  if (pointer.args[1]!.op === 'i32.const') {
    constant = pointer.args[1]!.imm
    sum = pointer.args[0]!
    const foldable =
      sum.op === 'i32.add' && sum.args[1]!.op !== 'i32.const' && sum.uses === 1 && pointer.uses <= maxUsers
    if (!foldable) {
      if (constant >= 0 && constant + offset < unmapped)
        return { base: lowering.use(sum), disp: constant + offset }
      if (offset !== 0 && constant < 0) return undefined
      return { base: lowering.low(sum), disp: constant + offset, wraps: true }
    }
  } else if (pointer.uses > maxUsers) return undefined
  const disp = constant + offset
  if (disp > INT32_MAX) return undefined
  const [left, right] = sum.args as [Value, Value]
  const scaledLeft = scaled(left)
  const scaledRight = scaled(right)
  if (scaledRight) return { base: lowering.low(left), ...indexed(lowering, scaledRight), disp, wraps: true }
  if (scaledLeft) return { base: lowering.low(right), ...indexed(lowering, scaledLeft), disp, wraps: true }
  return { base: lowering.low(left), index: lowering.low(right), disp, wraps: true }
}

type Scaled = { value: Value; scale: 2 | 4 | 8 }

function scaled(value: Value): Scaled | undefined {
  const by = value.args[1]
  if (value.op !== 'i32.shl' || by?.op !== 'i32.const' || by.imm < 1 || by.imm > 3 || value.uses > maxUsers)
    return undefined
  return { value: value.args[0]!, scale: (1 << by.imm) as 2 | 4 | 8 }
}

function indexed(lowering: Lowering, { value, scale }: Scaled): Partial<MemOperand> {
  return { index: lowering.low(value), scale }
}
