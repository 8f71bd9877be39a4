import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import type { Operand } from './mir.ts'
import { fusedLoad, imm, immediate, right } from './operands.ts'

/** Comparisons and what consumes them: SETcc, CMOVcc, and (in control.ts) Jcc. */

const conditions: Record<string, string> = {
  eq: 'e',
  ne: 'ne',
  lt_s: 'l',
  lt_u: 'b',
  gt_s: 'g',
  gt_u: 'a',
  le_s: 'le',
  le_u: 'be',
  ge_s: 'ge',
  ge_u: 'ae',
}

/**
 * UCOMISS sets CF for "below or unordered", so that only "above" conditions are false on a NaN: the operands are
 * exchanged for lt and le. Equality needs PF too: `fe` is "ZF and not PF", `fne` its opposite.
 */
const floatConditions: Record<string, [condition: string, exchange: boolean]> = {
  eq: ['fe', false],
  ne: ['fne', false],
  lt: ['a', true],
  gt: ['a', false],
  le: ['ae', true],
  ge: ['ae', false],
}

const opposites: Record<string, string> = {
  e: 'ne',
  ne: 'e',
  l: 'ge',
  ge: 'l',
  g: 'le',
  le: 'g',
  b: 'ae',
  ae: 'b',
  a: 'be',
  be: 'a',
  fe: 'fne',
  fne: 'fe',
  o: 'no',
  no: 'o',
  p: 'np',
  np: 'p',
}

export const opposite = (condition: string): string => opposites[condition]!

const integerCompare = /^i(32|64)\.(eqz|eq|ne|[lg][te]_[su])$/
const floatCompare = /^f(32|64)\.(eq|ne|lt|gt|le|ge)$/

/** Emits the comparison that decides `value` and returns the condition code that means "not zero". */
export function condition(lowering: Lowering, value: Value): string {
  const isCompare = integerCompare.test(value.op) || floatCompare.test(value.op)
  if (isCompare && lowering.canFuse(value)) {
    lowering.fuse(value)
    return compare(lowering, value)
  }
  if (value.op === 'i32.and' && lowering.canFuse(value)) {
    lowering.fuse(value)
    test(lowering, value)
    return 'ne'
  }
  const reg = lowering.low(value)
  lowering.emit('test', [lowering.reg(reg, 32), lowering.reg(reg, 32)])
  return 'ne'
}

/** Emits CMP, TEST or UCOMISx for a comparison; returns the condition that makes it true. */
export function compare(lowering: Lowering, value: Value): string {
  const operation = value.op.slice(4)
  const [left, second] = value.args as [Value, Value]
  if (value.op.startsWith('f')) {
    const [code, exchange] = floatConditions[operation]!
    const [a, b] = exchange ? [second, left] : [left, second]
    const memory = fusedLoad(lowering, b)
    const operand = memory ?? lowering.any(lowering.use(b))
    lowering.emit(value.op.startsWith('f32') ? 'ucomiss' : 'ucomisd', [
      lowering.reg(lowering.use(a)),
      operand,
    ])
    return code
  }
  if (operation === 'eqz') return compareWithZero(lowering, left)
  const narrow = narrowLoad(lowering, left, immediate(second), operation)
  if (narrow) {
    lowering.emit('cmp', [narrow, imm(immediate(second)!)])
    return conditions[operation]!
  }
  const bits = bitsOf(left.type)
  if (immediate(second) === 0 && /^(lt_s|ge_s|ne|gt_s|le_s)$/.test(operation)) {
    const reg = bits === 32 ? lowering.low(left) : lowering.use(left)
    lowering.emit('test', [lowering.reg(reg, bits), lowering.reg(reg, bits)])
    return conditions[operation]!
  }
  const operand = right(lowering, second)
  const memory = operand.kind === 'mem' ? undefined : fusedLoad(lowering, left)
  const first = memory ?? lowering.reg(bits === 32 ? lowering.low(left) : lowering.use(left), bits)
  const slotFree = memory && operand.kind === 'reg' ? { ...operand, orMemory: false } : operand
  lowering.emit('cmp', [first, slotFree])
  return conditions[operation]!
}

function compareWithZero(lowering: Lowering, value: Value): string {
  const bits = bitsOf(value.type)
  if (/^i(32|64)\.and$/.test(value.op) && lowering.canFuse(value)) {
    lowering.fuse(value)
    test(lowering, value)
    return 'e'
  }
  if (integerCompare.test(value.op) && lowering.canFuse(value)) {
    lowering.fuse(value)
    return opposite(compare(lowering, value))
  }
  if (floatCompare.test(value.op) && lowering.canFuse(value)) {
    lowering.fuse(value)
    return opposite(compare(lowering, value))
  }
  const memory = narrowLoad(lowering, value, 0, 'eq') ?? fusedLoad(lowering, value)
  if (memory) {
    lowering.emit('cmp', [memory, imm(0)])
    return 'e'
  }
  const reg = bits === 32 ? lowering.low(value) : lowering.use(value)
  lowering.emit('test', [lowering.reg(reg, bits), lowering.reg(reg, bits)])
  return 'e'
}

/** TEST for an AND of which only "is it zero" matters. */
function test(lowering: Lowering, value: Value): void {
  const [left, mask] = value.args as [Value, Value]
  const bits = bitsOf(value.type)
  const constant = immediate(mask)
  const register = (each: Value): Operand =>
    lowering.reg(bits === 32 ? lowering.low(each) : lowering.use(each), bits)
  if (constant === undefined) {
    const second = register(mask)
    lowering.emit('test', [register(left), second])
  } else {
    const narrow = constant >= 0 && constant <= 0xff ? narrowLoad(lowering, left, constant, 'eq') : undefined
    lowering.emit('test', [narrow ?? fusedLoad(lowering, left) ?? register(left), imm(constant)])
  }
}

const narrowLoads: Record<string, number> = { load8_u: 8, load16_u: 16 }

/** A zero-extended narrow load can be compared in memory with a constant that fits, unsigned or for equality. */
function narrowLoad(
  lowering: Lowering,
  value: Value,
  constant: number | undefined,
  operation: string,
): Operand | undefined {
  const bits = /^i(32|64)\.load(8|16)_u$/.test(value.op) ? narrowLoads[value.op.slice(4)]! : 0
  if (!bits || constant === undefined || constant < 0 || constant >= 2 ** bits) return undefined
  if (!/^(eq|ne|.._u)$/.test(operation) || !lowering.canFuse(value)) return undefined
  lowering.fuse(value)
  return address(lowering, value.args[0]!, value.imm, bits)
}

/** Puts a condition into a register as 0 or 1. */
const materializeCompare: Lower = (lowering, value) => {
  const to = lowering.use(value)
  setFrom(lowering, compare(lowering, value), lowering.def(to, 32))
}

function setFrom(lowering: Lowering, code: string, to: ReturnType<Lowering['def']>): void {
  const byte = lowering.temp('gpr', 32)
  if (code === 'fe' || code === 'fne') {
    const parity = lowering.temp('gpr', 32)
    const both = lowering.temp('gpr', 32)
    lowering.emit(code === 'fe' ? 'setnp' : 'setp', [lowering.def(parity, 8)])
    lowering.emit(code === 'fe' ? 'sete' : 'setne', [lowering.def(byte, 8)])
    lowering.emit(code === 'fe' ? 'and' : 'or', [lowering.def(both, 8), lowering.reg(parity, 8)], byte)
    lowering.emit('movzx', [to, lowering.reg(both, 8)])
    return
  }
  lowering.emit(`set${code}`, [lowering.def(byte, 8)])
  byte.hint = to.reg
  lowering.emit('movzx', [to, lowering.reg(byte, 8)])
}

/** select: CMOVcc for integers; a short jump over a move for floats and vectors. */
const select: Lower = (lowering, value) => {
  let [whenTrue, whenFalse, decider] = value.args as [Value, Value, Value]
  const to = lowering.use(value)
  const bits = bitsOf(value.type)
  const isGpr = to.class === 'gpr'
  // Constants must be in registers before the flags are set.
  const reg = (each: Value): ReturnType<Lowering['use']> => lowering.use(each)
  const constantTrue = whenTrue.op.endsWith('.const') ? reg(whenTrue) : undefined
  const constantFalse = whenFalse.op.endsWith('.const') ? reg(whenFalse) : undefined
  let code = condition(lowering, decider)
  let first = constantTrue ?? reg(whenTrue)
  let second = constantFalse ?? reg(whenFalse)
  if (code === 'fe') {
    code = 'fne'
    ;[first, second] = [second, first]
  }
  if (!isGpr) {
    const inst = lowering.emit('select', [lowering.def(to, bits), lowering.any(first, bits)], second)
    inst.condition = code
    return
  }
  const width = Math.max(bits, 32)
  if (code === 'fne') {
    const half = lowering.temp('gpr', bits)
    lowering.emit('cmovne', [lowering.def(half, width), lowering.any(first, width)], second)
    lowering.emit('cmovp', [lowering.def(to, width), lowering.any(first, width)], half)
    return
  }
  lowering.emit(`cmov${code}`, [lowering.def(to, width), lowering.any(first, width)], second)
}

const lowerings: Record<string, Lower> = { select }
for (const type of ['i32', 'i64']) {
  lowerings[`${type}.eqz`] = materializeCompare
  for (const name of Object.keys(conditions)) lowerings[`${type}.${name}`] = materializeCompare
}
for (const type of ['f32', 'f64']) {
  for (const name of Object.keys(floatConditions)) lowerings[`${type}.${name}`] = materializeCompare
}

export const compareLowerings: Readonly<Record<string, Lower>> = lowerings
