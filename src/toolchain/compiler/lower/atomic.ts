import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import { type Reg, rax } from './mir.ts'

/** The threads proposal's atomic accesses. x86 loads and stores of these widths are atomic as they are. */

const load =
  (bits: number): Lower =>
  (lowering, value) => {
    const memory = address(lowering, value.args[0]!, value.imm, bits)
    const to = lowering.def(lowering.use(value), Math.max(bits, 32))
    lowering.emit(bits < 32 ? 'movzx' : 'mov', [to, memory])
  }

/** XCHG is a store with the full barrier that sequential consistency wants. */
const store =
  (bits: number): Lower =>
  (lowering, value) => {
    const [pointer, data] = value.args as [Value, Value]
    const memory = address(lowering, pointer, value.imm, bits)
    const old = lowering.temp('gpr', 64)
    lowering.emit('xchg', [memory, lowering.def(old, bits)], lowering.source(data))
  }

/** Puts the old value, of which only `bits` are right, into the result. */
function finish(lowering: Lowering, value: Value, old: Reg, bits: number): void {
  const to = lowering.use(value)
  if (bits < 32) lowering.emit('movzx', [lowering.def(to, 32), lowering.reg(old, bits)])
  else lowering.emit('mov', [lowering.def(to, bits), lowering.reg(old, bits)])
}

/** XADD and XCHG give back the old value themselves. */
const exchange =
  (op: string, bits: number, negate = false): Lower =>
  (lowering, value) => {
    const [pointer, data] = value.args as [Value, Value]
    const memory = address(lowering, pointer, value.imm, bits)
    let source = lowering.source(data)
    if (negate) {
      const negated = lowering.temp('gpr', bitsOf(data.type))
      lowering.emit('neg', [lowering.def(negated)], source)
      source = negated
    }
    const old = lowering.temp('gpr', 64)
    lowering.emit(op, [memory, lowering.def(old, bits)], source)
    finish(lowering, value, old, bits)
  }

/** Others compare and exchange in a loop: pseudo instruction `rmw`, with the old value in RAX. */
const loop =
  (op: string, bits: number): Lower =>
  (lowering, value) => {
    const [pointer, data] = value.args as [Value, Value]
    const memory = { ...address(lowering, pointer, value.imm, bits), late: true }
    const changed = lowering.reg(lowering.temp('gpr', 64), 64, 'temp')
    const inst = lowering.emit('rmw', [memory, lowering.reg(lowering.use(data), bits, 'late'), changed])
    inst.condition = op
    inst.implicit = [lowering.reg(rax, 64, 'temp')]
    finish(lowering, value, rax, bits)
  }

const compareExchange =
  (bits: number): Lower =>
  (lowering, value) => {
    const [pointer, expected, data] = value.args as [Value, Value, Value]
    const memory = address(lowering, pointer, value.imm, bits)
    const replacement = lowering.reg(lowering.use(data), bits)
    lowering.parallel([{ to: rax, from: lowering.source(expected) }])
    const inst = lowering.emit('lock cmpxchg', [memory, replacement])
    inst.implicit = [lowering.reg(rax, 64, 'usedef')]
    finish(lowering, value, rax, bits)
  }

const lowerings: Record<string, Lower> = { 'atomic.fence': (lowering) => void lowering.emit('mfence', []) }
for (const [type, width] of [
  ['i32', 8],
  ['i32', 16],
  ['i32', 32],
  ['i64', 8],
  ['i64', 16],
  ['i64', 32],
  ['i64', 64],
] as const) {
  const isFull = width === bitsOf(type)
  const size = isFull ? '' : String(width)
  const suffix = isFull ? '' : '_u'
  lowerings[`${type}.atomic.load${size}${suffix}`] = load(width)
  lowerings[`${type}.atomic.store${size}`] = store(width)
  const rmw = (name: string): string => `${type}.atomic.rmw${size}.${name}${suffix}`
  lowerings[rmw('add')] = exchange('lock xadd', width)
  lowerings[rmw('sub')] = exchange('lock xadd', width, true)
  lowerings[rmw('xchg')] = exchange('xchg', width)
  for (const op of ['and', 'or', 'xor']) lowerings[rmw(op)] = loop(op, width)
  lowerings[rmw('cmpxchg')] = compareExchange(width)
}

export const atomicLowerings: Readonly<Record<string, Lower>> = lowerings
