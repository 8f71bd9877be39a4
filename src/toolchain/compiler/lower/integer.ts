import type { Value } from '../ssa/ir.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import { type MemOperand, type Reg, type RegOperand, type Source, rax, rcx, rdx } from './mir.ts'
import { imm, immediate, right, rightOrMemory } from './operands.ts'

/** Integer arithmetic. */

const source = (lowering: Lowering, value: Value): Source =>
  value.type === 'i32' ? lowering.lowSource(value) : lowering.source(value)

/** d = a op b, where op has the two-operand form `op a, b`. */
function binary(op: string, commutative = false): Lower {
  return (lowering, value) => {
    const [left, second] = value.args as [Value, Value]
    const operand = right(lowering, second)
    const inst = lowering.emit(op, [lowering.def(lowering.use(value)), operand], source(lowering, left))
    inst.commutative = commutative
  }
}

const addPlain = binary('add', true)

/** Additions that LEA does without destroying an operand: a + b * 2^k, a + b + c. */
const add: Lower = (lowering, value) => {
  const [left, second] = value.args as [Value, Value]
  const bits = bitsOf(value.type)
  const lea = (base: Value, index: Value, scale: 1 | 2 | 4 | 8, disp: number): void => {
    const pick = (each: Value): Reg => (bits === 32 ? lowering.low(each) : lowering.use(each))
    const parts = { base: pick(base), index: pick(index), scale, disp }
    const memory: MemOperand = { kind: 'mem', bits, wraps: false, symbol: undefined, late: false, ...parts }
    lowering.emit('lea', [lowering.def(lowering.use(value)), memory])
  }
  const constant = immediate(second)
  if (
    constant !== undefined &&
    left.op === value.op &&
    lowering.canFuse(left) &&
    immediate(left.args[1]!) === undefined
  ) {
    lowering.fuse(left)
    const [base, index] = left.args as [Value, Value]
    const shift = shiftOf(lowering, index)
    if (shift) return lea(base, shift.value, shift.scale, constant)
    return lea(base, index, 1, constant)
  }
  if (constant === undefined) {
    for (const [base, index] of [
      [left, second],
      [second, left],
    ] as const) {
      const shift = shiftOf(lowering, index)
      if (shift) return lea(base, shift.value, shift.scale, 0)
    }
  }
  addPlain(lowering, value)
}

function shiftOf(lowering: Lowering, value: Value): { value: Value; scale: 2 | 4 | 8 } | undefined {
  const by = value.args[1]
  if (!value.op.endsWith('.shl') || !by || !lowering.canFuse(value)) return undefined
  const count = immediate(by)
  if (count === undefined || count < 1 || count > 3) return undefined
  lowering.fuse(value)
  return { value: value.args[0]!, scale: (1 << count) as 2 | 4 | 8 }
}

const multiply: Lower = (lowering, value) => {
  const [left, second] = value.args as [Value, Value]
  const bits = bitsOf(value.type)
  const constant = immediate(second)
  if (constant === undefined) {
    const operand = rightOrMemory(lowering, second)
    const inst = lowering.emit('imul', [lowering.def(lowering.use(value)), operand], source(lowering, left))
    inst.commutative = true
    return
  }
  if (constant === 3 || constant === 5 || constant === 9) {
    const reg = bits === 32 ? lowering.low(left) : lowering.use(left)
    const parts = { base: reg, index: reg, scale: (constant - 1) as 2 | 4 | 8, disp: 0 }
    const memory: MemOperand = { kind: 'mem', bits, wraps: false, symbol: undefined, late: false, ...parts }
    lowering.emit('lea', [lowering.def(lowering.use(value)), memory])
    return
  }
  lowering.emit('imul', [lowering.def(lowering.use(value)), rightOrMemory(lowering, left), imm(constant)])
}

/** and with a mask of the lower bits is a zero extension. */
const andPlain = binary('and', true)
const and: Lower = (lowering, value) => {
  const [left, mask] = value.args as [Value, Value]
  const constant = immediate(mask)
  const isLow32 = mask.op === 'i64.const' && mask.wide === 0xffff_ffffn
  const width = constant === 0xff ? 8 : constant === 0xffff ? 16 : isLow32 ? 32 : 0
  if (width === 0) return andPlain(lowering, value)
  const reg = value.type === 'i32' ? lowering.low(left) : lowering.use(left)
  const to = lowering.def(lowering.use(value), 32)
  lowering.emit(width === 32 ? 'mov' : 'movzx', [to, lowering.any(reg, width)])
}

/** Shifts and rotations: the count is an immediate or in CL; x86 takes it modulo the width as wasm does. */
function shift(op: string): Lower {
  return (lowering, value) => {
    const [left, by] = value.args as [Value, Value]
    const to = lowering.def(lowering.use(value))
    if (by.op.endsWith('.const')) {
      const count = Number(
        BigInt.asUintN(to.bits === 32 ? 5 : 6, by.op === 'i32.const' ? BigInt(by.imm) : by.wide),
      )
      lowering.emit(op, [to, imm(count)], source(lowering, left))
      return
    }
    const from = source(lowering, left)
    lowering.parallel([{ to: rcx, from: by.type === 'i32' ? lowering.low(by) : lowering.use(by) }])
    lowering.emit(op, [to, lowering.reg(rcx, 8)], from)
  }
}

const implicit = (lowering: Lowering, reg: Reg, access: 'use' | 'def' | 'usedef'): RegOperand => ({
  ...lowering.reg(reg),
  access,
})

/** Division: RDX:RAX by the operand. By zero and INT_MIN / −1 raise #DE, as wasm traps there. */
function divide(signed: boolean, result: Reg): Lower {
  return (lowering, value) => {
    const [left, second] = value.args as [Value, Value]
    const bits = bitsOf(value.type)
    const to = lowering.use(value)
    const divisor = bits === 32 ? lowering.low(second) : lowering.use(second)
    lowering.parallel([{ to: rax, from: source(lowering, left) }])
    if (signed && result === rdx && immediate(second) === undefined) {
      // The remainder of INT_MIN by −1 is 0 in wasm, but IDIV raises #DE: `rem` tests for it.
      const inst = lowering.emit('rem', [lowering.reg(divisor, bits, 'late')])
      inst.implicit = [implicit(lowering, rax, 'usedef'), implicit(lowering, rdx, 'def')]
    } else {
      const extend = signed
        ? lowering.emit(bits === 32 ? 'cdq' : 'cqo', [])
        : lowering.emit('xor', [lowering.def(rdx, 32), lowering.def(rdx, 32)])
      if (signed) extend.implicit = [implicit(lowering, rax, 'use'), implicit(lowering, rdx, 'def')]
      const inst = lowering.emit(signed ? 'idiv' : 'div', [lowering.any(divisor, bits)])
      inst.implicit = [implicit(lowering, rax, 'usedef'), implicit(lowering, rdx, 'usedef')]
    }
    lowering.parallel([{ to, from: result }])
  }
}

/** The upper half of the 128-bit product. */
function multiplyHigh(op: 'mul' | 'imul'): Lower {
  return (lowering, value) => {
    const [left, second] = value.args as [Value, Value]
    const operand = lowering.any(lowering.use(second), 64)
    lowering.parallel([{ to: rax, from: lowering.source(left) }])
    const inst = lowering.emit(op, [operand])
    inst.implicit = [implicit(lowering, rax, 'usedef'), implicit(lowering, rdx, 'def')]
    lowering.parallel([{ to: lowering.use(value), from: rdx }])
  }
}

function extend(op: string, from: number): Lower {
  return (lowering, value) => {
    const [argument] = value.args as [Value]
    const reg = argument.type === 'i32' ? lowering.low(argument) : lowering.use(argument)
    lowering.emit(op, [lowering.def(lowering.use(value)), lowering.any(reg, from)])
  }
}

/** Without LZCNT: the position of the highest bit of 2x + 1 is 0 … 32, and 32 minus it the answer. */
const clz32: Lower = (lowering, value) => {
  const to = lowering.use(value)
  const reg = lowering.use(value.args[0]!)
  if (lowering.context.options.v3)
    return void lowering.emit('lzcnt', [lowering.def(to), lowering.any(reg, 32)])
  const doubled = lowering.temp('gpr', 64)
  const position = lowering.temp('gpr', 64)
  const parts = { base: reg, index: reg, scale: 1 as const, disp: 1 }
  const memory: MemOperand = { kind: 'mem', bits: 64, wraps: false, symbol: undefined, late: false, ...parts }
  lowering.emit('lea', [lowering.def(doubled), memory])
  lowering.emit('bsr', [lowering.def(position), lowering.reg(doubled)])
  const difference = lowering.temp('gpr', 32)
  lowering.emit('neg', [lowering.def(difference, 32)], position)
  lowering.emit('add', [lowering.def(to), imm(32)], difference)
}

const ctz32: Lower = (lowering, value) => {
  const to = lowering.use(value)
  const reg = lowering.low(value.args[0]!)
  if (lowering.context.options.v3)
    return void lowering.emit('tzcnt', [lowering.def(to), lowering.any(reg, 32)])
  const marked = lowering.temp('gpr', 64)
  lowering.emit('bts', [lowering.def(marked), imm(32)], reg)
  lowering.emit('bsf', [lowering.def(to, 64), lowering.reg(marked)])
}

/** BSF and BSR of 0 set ZF and give nothing: a conditional move takes the answer then. */
function scan64(op: 'bsf' | 'bsr', whenZero: number, v3: string): Lower {
  return (lowering, value) => {
    const to = lowering.use(value)
    const reg = lowering.use(value.args[0]!)
    if (lowering.context.options.v3) return void lowering.emit(v3, [lowering.def(to), lowering.any(reg, 64)])
    const zero = lowering.temp('gpr', 64)
    const found = lowering.temp('gpr', 64)
    lowering.emit('mov', [lowering.def(zero, 32), imm(whenZero)])
    lowering.emit(op, [lowering.def(found), lowering.reg(reg, 64)])
    if (op === 'bsf') return void lowering.emit('cmove', [lowering.def(to), lowering.reg(zero)], found)
    const position = lowering.temp('gpr', 64)
    lowering.emit('cmove', [lowering.def(position), lowering.reg(zero)], found)
    lowering.emit('xor', [lowering.def(to), imm(63)], position)
  }
}

const popcount: Lower = (lowering, value) => {
  lowering.emit('popcnt', [lowering.def(lowering.use(value)), rightOrMemory(lowering, value.args[0]!)])
}

const negate: Lower = (lowering, value) => {
  lowering.emit('neg', [lowering.def(lowering.use(value))], source(lowering, value.args[1]!))
}

const subtractPlain = binary('sub')
const subtract: Lower = (lowering, value) => {
  const zero = immediate(value.args[0]!) === 0
  if (zero) negate(lowering, value)
  else subtractPlain(lowering, value)
}

const both = (name: string, lower: Lower): Record<string, Lower> => ({
  [`i32.${name}`]: lower,
  [`i64.${name}`]: lower,
})

export const integerLowerings: Record<string, Lower> = {
  ...both('add', add),
  ...both('sub', subtract),
  ...both('mul', multiply),
  ...both('and', and),
  ...both('or', binary('or', true)),
  ...both('xor', binary('xor', true)),
  ...both('shl', shift('shl')),
  ...both('shr_s', shift('sar')),
  ...both('shr_u', shift('shr')),
  ...both('rotl', shift('rol')),
  ...both('rotr', shift('ror')),
  ...both('div_s', divide(true, rax)),
  ...both('div_u', divide(false, rax)),
  ...both('rem_s', divide(true, rdx)),
  ...both('rem_u', divide(false, rdx)),
  ...both('popcnt', popcount),
  'i32.clz': clz32,
  'i32.ctz': ctz32,
  'i64.clz': scan64('bsr', 127, 'lzcnt'),
  'i64.ctz': scan64('bsf', 64, 'tzcnt'),
  'i64.mulh_s': multiplyHigh('imul'),
  'i64.mulh_u': multiplyHigh('mul'),
  'i32.extend8_s': extend('movsx', 8),
  'i32.extend16_s': extend('movsx', 16),
  'i64.extend8_s': extend('movsx', 8),
  'i64.extend16_s': extend('movsx', 16),
  'i64.extend32_s': extend('movsxd', 32),
  'i64.extend_i32_s': extend('movsxd', 32),
  'i32.wrap_i64': (lowering, value) => {
    lowering.emit('mov', [lowering.def(lowering.use(value)), lowering.any(lowering.use(value.args[0]!), 32)])
  },
  // Emitted only for a constant argument that was not folded; otherwise it is the same register.
  'i64.extend_i32_u': (lowering, value) => {
    lowering.emit('mov', [
      lowering.def(lowering.use(value), 32),
      lowering.reg(lowering.use(value.args[0]!), 32),
    ])
  },
}
