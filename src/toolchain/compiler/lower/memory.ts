import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import { type Lower, type Lowering, atSymbol, bitsOf } from './lowering.ts'
import { type MemOperand, type Operand, rcx, rdi, rsi, rax } from './mir.ts'
import { imm, immediate } from './operands.ts'

/** Loads, stores, globals, and the bulk memory instructions. */

/** wasm load → x86 instruction, width in memory, width of the register written. */
const loads: Record<string, [op: string, bits: number, to: number]> = {
  'i32.load': ['mov', 32, 32],
  'i64.load': ['mov', 64, 64],
  'f32.load': ['movss', 32, 32],
  'f64.load': ['movsd', 64, 64],
  'v128.load': ['movups', 128, 128],
  'i32.load8_s': ['movsx', 8, 32],
  'i32.load8_u': ['movzx', 8, 32],
  'i32.load16_s': ['movsx', 16, 32],
  'i32.load16_u': ['movzx', 16, 32],
  'i64.load8_s': ['movsx', 8, 64],
  'i64.load8_u': ['movzx', 8, 32],
  'i64.load16_s': ['movsx', 16, 64],
  'i64.load16_u': ['movzx', 16, 32],
  'i64.load32_s': ['movsxd', 32, 64],
  'i64.load32_u': ['mov', 32, 32],
}

const stores: Record<string, [op: string, bits: number]> = {
  'i32.store': ['mov', 32],
  'i64.store': ['mov', 64],
  'f32.store': ['movss', 32],
  'f64.store': ['movsd', 64],
  'v128.store': ['movups', 128],
  'i32.store8': ['mov', 8],
  'i32.store16': ['mov', 16],
  'i64.store8': ['mov', 8],
  'i64.store16': ['mov', 16],
  'i64.store32': ['mov', 32],
}

function load(op: string, bits: number, to: number): Lower {
  return (lowering, value) => {
    const memory = address(lowering, value.args[0]!, value.imm, bits)
    lowering.emit(op, [lowering.def(lowering.use(value), to), memory])
  }
}

/** The value to store: an immediate, or a register of which the lower `bits` are right. */
function stored(lowering: Lowering, value: Value, bits: number): Operand {
  const constant = immediate(value)
  if (constant !== undefined && (bits < 64 || BigInt(constant) === value.wide || value.type === 'i32')) {
    return imm(bits === 8 ? (constant << 24) >> 24 : bits === 16 ? (constant << 16) >> 16 : constant)
  }
  // The bits of a float constant can be stored without going through a register.
  if (value.op === 'f32.const') return imm(value.imm)
  const reg = bits <= 32 && value.type === 'i32' ? lowering.low(value) : lowering.use(value)
  return lowering.reg(reg, bits)
}

function store(op: string, bits: number): Lower {
  return (lowering, value) => {
    const [pointer, data] = value.args as [Value, Value]
    if (op === 'mov' && updateInPlace(lowering, value, bits)) return
    const from = stored(lowering, data, bits)
    const memory = address(lowering, pointer, value.imm, bits)
    lowering.emit(from.kind === 'imm' ? 'mov' : op, [memory, from])
  }
}

const inPlace: Record<string, string> = { add: 'add', sub: 'sub', and: 'and', or: 'or', xor: 'xor' }

/** store(p, load(p) op x) as `op [p], x`, if nothing else reads the intermediate values. */
function updateInPlace(lowering: Lowering, value: Value, bits: number): boolean {
  const [pointer, data] = value.args as [Value, Value]
  const op = inPlace[data.op.slice(4)]
  const [old, operand] = data.args as [Value, Value]
  if (!op || bits < 32 || bitsOf(data.type) !== bits || !lowering.canFuse(data)) return false
  if (old.op !== `${data.type}.load` || old.args[0] !== pointer || old.imm !== value.imm) return false
  if (!lowering.canFuse(old)) return false
  lowering.fuse(data)
  lowering.fuse(old)
  const constant = immediate(operand)
  const reg =
    constant === undefined ? (bits === 32 ? lowering.low(operand) : lowering.use(operand)) : undefined
  const memory = address(lowering, pointer, value.imm, bits)
  lowering.emit(op, [memory, reg ? lowering.reg(reg, bits) : imm(constant!)])
  return true
}

const floatMoves: Record<string, string> = { f32: 'movss', f64: 'movsd', v128: 'movups' }

const globalGet: Lower = (lowering, value) => {
  const bits = bitsOf(value.type)
  const memory = atSymbol(lowering.context.globalSymbol(value.imm), bits)
  lowering.emit(floatMoves[value.type] ?? 'mov', [lowering.def(lowering.use(value), bits), memory])
}

const globalSet: Lower = (lowering, value) => {
  const [data] = value.args as [Value]
  const bits = bitsOf(data.type)
  const from = stored(lowering, data, bits)
  const memory = atSymbol(lowering.context.globalSymbol(value.imm), bits)
  lowering.emit(from.kind === 'imm' ? 'mov' : (floatMoves[data.type] ?? 'mov'), [memory, from])
}

const memorySize: Lower = (lowering, value) => {
  const memory = atSymbol(lowering.context.memoryPagesSymbol, 32)
  lowering.emit('mov', [lowering.def(lowering.use(value)), memory])
}

const memoryGrow: Lower = (lowering, value) => {
  lowering.parallel([{ to: rdi, from: lowering.source(value.args[0]!) }])
  const inst = lowering.emit(
    'call',
    [{ kind: 'symbol', name: lowering.context.helper('memory.grow') }],
    undefined,
    [rdi],
  )
  inst.implicit = [lowering.reg(rdi), lowering.reg(rax, 64, 'def')]
  lowering.machine.hasCalls = true
  lowering.parallel([{ to: lowering.use(value), from: rax }])
}

/** memory.copy, memory.fill: a helper that clobbers only its own arguments. */
function bulk(helper: string, second: typeof rsi): Lower {
  return (lowering, value) => {
    const [to, from, length] = value.args as [Value, Value, Value]
    if (inlineCopy(lowering, value)) return
    lowering.parallel([
      { to: rdi, from: lowering.source(to) },
      { to: second, from: lowering.source(from) },
      { to: rcx, from: lowering.source(length) },
    ])
    const clobbers = [rdi, rsi, rcx, rax]
    const inst = lowering.emit(
      'call',
      [{ kind: 'symbol', name: lowering.context.helper(helper) }],
      undefined,
      clobbers,
    )
    inst.implicit = [lowering.reg(rdi), lowering.reg(second), lowering.reg(rcx)]
    lowering.machine.hasCalls = true
  }
}

/** Short copies of known length: everything is loaded before anything is stored, so overlap does not matter. */
function inlineCopy(lowering: Lowering, value: Value): boolean {
  const [to, from, length] = value.args as [Value, Value, Value]
  if (value.op !== 'memory.copy' || length.op !== 'i32.const') return false
  let rest = length.imm >>> 0
  if (rest > 64) return false
  const pieces: [reg: ReturnType<Lowering['temp']>, offset: number, bits: number, op: string][] = []
  for (const bytes of [16, 8, 4, 2, 1]) {
    for (; rest >= bytes; rest -= bytes) {
      const offset = (length.imm >>> 0) - rest
      const reg = bytes === 16 ? lowering.temp('xmm', 128) : lowering.temp('gpr', 64)
      pieces.push([reg, offset, bytes * 8, bytes === 16 ? 'movups' : 'mov'])
    }
  }
  for (const [reg, offset, bits, op] of pieces) {
    const memory = address(lowering, from, offset, bits)
    const width = Math.max(bits, 32)
    lowering.emit(bits < 32 ? 'movzx' : op, [lowering.def(reg, width), memory])
  }
  for (const [reg, offset, bits, op] of pieces) {
    lowering.emit(op, [address(lowering, to, offset, bits), lowering.reg(reg, bits)])
  }
  return true
}

const memoryInit: Lower = (lowering, value) => {
  const [to, from, length] = value.args as [Value, Value, Value]
  const segment = lowering.context.dataSegment(value.imm)
  // from + length must not exceed what is left of the segment.
  const end = lowering.temp('gpr', 64)
  const memory: MemOperand = {
    ...atSymbol('', 64),
    base: lowering.use(from),
    index: lowering.use(length),
    symbol: undefined,
  }
  lowering.emit('lea', [lowering.def(end), memory])
  lowering.emit('cmp', [lowering.reg(end), atSymbol(segment.length, 64)])
  lowering.emit('trapif', [lowering.trap('bounds')]).condition = 'a'
  const start = lowering.temp('gpr', 64)
  const source = lowering.temp('gpr', 64)
  lowering.emit('lea', [lowering.def(start), atSymbol(segment.bytes, 64)])
  lowering.emit('add', [lowering.def(source), lowering.any(lowering.use(from), 64)], start)
  lowering.parallel([
    { to: rdi, from: lowering.source(to) },
    { to: rsi, from: source },
    { to: rcx, from: lowering.source(length) },
  ])
  const inst = lowering.emit('rep movsb', [])
  inst.implicit = [
    lowering.reg(rdi, 64, 'usedef'),
    lowering.reg(rsi, 64, 'usedef'),
    lowering.reg(rcx, 64, 'usedef'),
  ]
}

const dataDrop: Lower = (lowering, value) => {
  lowering.emit('mov', [atSymbol(lowering.context.dataSegment(value.imm).length, 64), imm(0)])
}

const lowerings: Record<string, Lower> = {
  'global.get': globalGet,
  'global.set': globalSet,
  'memory.size': memorySize,
  'memory.grow': memoryGrow,
  'memory.copy': bulk('memory.copy', rsi),
  'memory.fill': bulk('memory.fill', rax),
  'memory.init': memoryInit,
  'data.drop': dataDrop,
}
for (const [name, row] of Object.entries(loads)) lowerings[name] = load(...row)
for (const [name, row] of Object.entries(stores)) lowerings[name] = store(...row)

export const memoryLowerings: Readonly<Record<string, Lower>> = lowerings
