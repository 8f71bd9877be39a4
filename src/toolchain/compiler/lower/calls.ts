import type { FunctionType } from '../reader/types.ts'
import type { Value } from '../ssa/ir.ts'
import { callerSaved, conventionOf } from './convention.ts'
import { lowerIntrinsic } from './intrinsics.ts'
import { type Lower, type Lowering, bitsOf } from './lowering.ts'
import { type Inst, type MemOperand, Reg, rbp, rsp } from './mir.ts'
import { imm } from './operands.ts'

/** Parameters, calls and results. */

const moveOps: Record<string, string> = { f32: 'movss', f64: 'movsd', v128: 'movups' }

/** A value in the frame: arguments of this function lie above the return address. */
export function frameMemory(base: Reg, disp: number, bits: number): MemOperand {
  return {
    kind: 'mem',
    base,
    index: undefined,
    scale: 1,
    disp,
    bits,
    wraps: false,
    symbol: undefined,
    late: false,
  }
}

/** Moves the parameters out of their registers, all at once; called for the entry block. */
export function lowerParams(lowering: Lowering, type: FunctionType, params: readonly Value[]): Inst[] {
  const { params: places } = conventionOf(type)
  const moves = params.map((param) => {
    const from = places[param.imm]!
    return from instanceof Reg ? [{ to: lowering.use(param), from }] : []
  })
  return [lowering.parallel(moves.flat())]
}

/** A parameter that arrives on the stack. */
export function lowerStackParam(lowering: Lowering, type: FunctionType, value: Value): void {
  const place = conventionOf(type).params[value.imm]!
  if (place instanceof Reg) return
  lowering.machine.needsFrame = true
  const bits = bitsOf(value.type)
  const op = moveOps[value.type] ?? 'mov'
  lowering.emit(op, [lowering.def(lowering.use(value)), frameMemory(rbp, 16 + place, bits)])
}

const call: Lower = (lowering, value) => {
  const { module } = lowering.context
  const callee = module.functions[value.imm]!
  if (callee.imported?.module === 'cpu') return lowerIntrinsic(lowering, value, callee.imported.name)
  finish(lowering, value, callee.type, value.args, (uses) => {
    const symbol = lowering.context.functionSymbol(value.imm)
    const inst = lowering.emit('call', [{ kind: 'symbol', name: symbol }], undefined, callerSaved)
    uses(inst)
  })
}

/** Checks the index and the signature in the table's entry, then calls the address in it. */
const callIndirect: Lower = (lowering, value) => {
  const { context } = lowering
  const type = context.module.types[value.imm]!
  const pointer = value.args.at(-1)!
  let index = lowering.use(pointer)
  if (context.tableBase !== 0) {
    const rebased = lowering.temp('gpr', 32)
    lowering.emit('sub', [lowering.def(rebased), imm(context.tableBase)], index)
    index = rebased
  }
  lowering.emit('cmp', [lowering.reg(index, 32), imm(context.tableSize - context.tableBase)])
  lowering.emit('trapif', [lowering.trap('bounds')]).condition = 'ae'
  const entry = (disp: number): MemOperand => ({
    ...frameMemory(rsp, disp, 32),
    base: undefined,
    index,
    scale: 8,
    symbol: context.tableSymbol,
  })
  lowering.emit('cmp', [entry(4), imm(context.signature(type))])
  lowering.emit('trapif', [lowering.trap('indirectCall')]).condition = 'ne'
  const target = lowering.temp('gpr', 64)
  lowering.emit('mov', [lowering.def(target, 32), entry(0)])
  finish(lowering, value, type, value.args.slice(0, -1), (uses) => {
    uses(lowering.emit('call', [lowering.reg(target, 64)], undefined, callerSaved))
  })
}

function finish(
  lowering: Lowering,
  value: Value,
  type: FunctionType,
  args: readonly Value[],
  emitCall: (uses: (inst: Inst) => void) => void,
): void {
  const { machine } = lowering
  const convention = conventionOf(type)
  machine.hasCalls = true
  machine.outgoing = Math.max(machine.outgoing, convention.stackBytes)
  const moves = args.map((arg, index) => {
    const place = convention.params[index]!
    return {
      to: place instanceof Reg ? place : { kind: 'stack' as const, offset: place },
      from: lowering.source(arg),
    }
  })
  if (moves.length > 0) lowering.parallel(moves)
  emitCall((inst) => {
    const used = convention.params.filter((place) => place instanceof Reg)
    const defined = convention.results.filter((place) => place instanceof Reg)
    inst.implicit = [
      ...used.map((reg) => lowering.reg(reg)),
      ...defined.map((reg) => lowering.reg(reg, reg.bits, 'def')),
    ]
  })
  if (type.results.length === 0) return
  const results = [value, ...lowering.furtherResults(value)]
  const taken = results.filter((each) => convention.results[each === value ? 0 : each.imm] instanceof Reg)
  lowering.parallel(
    taken.map((each) => ({
      to: lowering.use(each),
      from: convention.results[each === value ? 0 : each.imm] as Reg,
    })),
  )
  for (const each of results) {
    const place = convention.results[each === value ? 0 : each.imm]!
    if (place instanceof Reg) continue
    const memory = frameMemory(rsp, place, bitsOf(each.type))
    lowering.emit(moveOps[each.type] ?? 'mov', [lowering.def(lowering.use(each)), memory])
  }
}

/** Puts the results where the caller expects them. */
export function lowerReturn(lowering: Lowering, type: FunctionType, args: readonly Value[]): void {
  const { results } = conventionOf(type)
  const inRegisters: { to: Reg; from: ReturnType<Lowering['source']> }[] = []
  for (const [index, arg] of args.entries()) {
    const place = results[index]!
    if (place instanceof Reg) inRegisters.push({ to: place, from: lowering.source(arg) })
    else {
      lowering.machine.needsFrame = true
      const memory = frameMemory(rbp, 16 + place, bitsOf(arg.type))
      lowering.emit(moveOps[arg.type] ?? 'mov', [memory, lowering.reg(lowering.use(arg))])
    }
  }
  if (inRegisters.length > 0) lowering.parallel(inRegisters)
  lowering.emit('return', []).implicit = inRegisters.map(({ to }) => lowering.reg(to))
}

const refFunc: Lower = (lowering, value) => {
  const symbol = lowering.context.functionSymbol(value.imm)
  lowering.emit('mov', [lowering.def(lowering.use(value), 32), { kind: 'symbol', name: symbol }])
}

const refIsNull: Lower = (lowering, value) => {
  const reg = lowering.use(value.args[0]!)
  lowering.emit('test', [lowering.reg(reg, 64), lowering.reg(reg, 64)])
  const byte = lowering.temp('gpr', 32)
  lowering.emit('sete', [lowering.def(byte, 8)])
  lowering.emit('movzx', [lowering.def(lowering.use(value), 32), lowering.reg(byte, 8)])
}

export const callLowerings: Readonly<Record<string, Lower>> = {
  call,
  call_indirect: callIndirect,
  'ref.func': refFunc,
  'ref.null': (lowering, value) => {
    lowering.emit('mov', [lowering.def(lowering.use(value), 32), imm(0)])
  },
  'ref.is_null': refIsNull,
  // A call defines its further results itself.
  result: () => {},
  param: () => {},
}
