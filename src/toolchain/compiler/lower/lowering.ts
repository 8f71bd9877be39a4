import { type Block, type Graph, type Value, effectOf, isConstant } from '../ssa/ir.ts'
import type { ModuleContext } from './context.ts'
import {
  type Access,
  Inst,
  MachineBlock,
  MachineFunction,
  type MemOperand,
  type Move,
  type Operand,
  Reg,
  type RegOperand,
  type RegisterClass,
  type Source,
  type Trap,
} from './mir.ts'

export type Lower = (lowering: Lowering, value: Value) => void

export function registerClassOf(type: Value['type']): RegisterClass {
  return type === 'f32' || type === 'f64' || type === 'v128' ? 'xmm' : 'gpr'
}

const typeBits: Record<string, number> = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128, ref: 64 }

/** Width of a value of the type, in bits. */
export const bitsOf = (type: Value['type']): number => typeBits[type] ?? 64

/**
 * Instruction selection. Blocks and their values are walked backwards, so that each use is known before the
 * definition: a value whose only user has taken it into its own instruction (a folded load, a compare before a
 * branch, part of an address) is never emitted.
 *
 * Invariant: the upper half of a register that holds an i32 is zero. So `i64.extend_i32_u` costs nothing, and
 * `i32.wrap_i64` costs nothing where only the lower half is read (`low`).
 */
export class Lowering {
  readonly context: ModuleContext
  readonly machine: MachineFunction = new MachineFunction()
  readonly graph: Graph
  readonly #registers = new Map<Value, Reg>()
  readonly #fused = new Set<Value>()
  /** How many effects of its block come before a value: a load may move down to a user with the same number. */
  readonly #epochs = new Map<Value, number>()
  #out: Inst[] = []
  #at = 0
  #block: Block
  #epoch = 0

  constructor(graph: Graph, context: ModuleContext) {
    this.graph = graph
    this.context = context
    this.#block = graph.blocks[0]!
  }

  /** Lowers all blocks with the given functions for values and for block exits. */
  run(lowerValue: Lower, lowerExit: (lowering: Lowering, block: Block) => void): MachineFunction {
    const blocks = new Map<Block, MachineBlock>()
    for (const [index, block] of this.graph.blocks.entries()) {
      block.order = index
      const made = new MachineBlock(index, block.loopDepth, block.isLoopHeader)
      blocks.set(block, made)
      this.machine.blocks.push(made)
    }
    for (const [block, made] of blocks) {
      made.preds = block.preds.map((pred) => blocks.get(pred)!)
      made.succs = [...new Set(block.exit.targets)].map((target) => blocks.get(target)!)
      made.phis = block.phis.map((phi) => ({
        to: this.use(phi),
        from: phi.args.map((arg) => this.source(arg)),
      }))
      this.#hintPhis(block)
    }
    for (let index = this.graph.blocks.length - 1; index >= 0; index--) {
      const block = this.graph.blocks[index]!
      this.#lowerBlock(block, blocks.get(block)!, lowerValue, lowerExit)
    }
    return this.machine
  }

  #hintPhis(block: Block): void {
    for (const phi of block.phis) {
      const to = this.use(phi)
      for (const arg of phi.args) {
        if (isConstant(arg)) continue
        const from = this.use(arg)
        to.hint ??= from
        if (from !== to) from.hint ??= to
      }
    }
  }

  #lowerBlock(
    block: Block,
    made: MachineBlock,
    lowerValue: Lower,
    lowerExit: (lowering: Lowering, block: Block) => void,
  ): void {
    const chunks: Inst[][] = []
    let epoch = 0
    for (const value of block.values) {
      this.#epochs.set(value, epoch)
      if (effectOf(value.op) === 'effect') epoch++
    }
    this.#block = block
    this.#begin(block.exitAt, epoch)
    lowerExit(this, block)
    chunks.push(this.#out)
    for (let index = block.values.length - 1; index >= 0; index--) {
      const value = block.values[index]!
      if (this.#fused.has(value) || isConstant(value)) continue
      const effect = effectOf(value.op)
      if ((effect === 'none' || effect === 'global') && !this.#registers.has(value) && value.op !== 'param')
        continue
      this.#begin(value.at, this.#epochs.get(value)!)
      lowerValue(this, value)
      chunks.push(this.#out)
    }
    for (const chunk of chunks.reverse()) made.insts.push(...chunk)
  }

  #begin(at: number, epoch: number): void {
    this.#out = []
    this.#at = at
    this.#epoch = epoch
  }

  /** The register that holds the value. Constants have none: see `source` and `materialize`. */
  use(value: Value): Reg {
    // The upper half of an i32 register is zero, so the extended value is the same register.
    if (value.op === 'i64.extend_i32_u' && !isConstant(value.args[0]!)) return this.use(value.args[0]!)
    if (isConstant(value)) return this.materialize(value)
    let reg = this.#registers.get(value)
    if (!reg) {
      reg = this.machine.newReg(registerClassOf(value.type), bitsOf(value.type))
      this.#registers.set(value, reg)
    }
    return reg
  }

  /** A register whose lower 32 bits are the value; the upper ones may be anything. */
  low(value: Value): Reg {
    return value.op === 'i32.wrap_i64' && !this.#registers.has(value)
      ? this.low(value.args[0]!)
      : this.use(value)
  }

  /** The value as the source of a move: its register, or the constant itself. */
  source(value: Value): Source {
    return isConstant(value) ? value : this.use(value)
  }

  lowSource(value: Value): Source {
    return isConstant(value) ? value : this.low(value)
  }

  temp(registerClass: RegisterClass, bits: number): Reg {
    return this.machine.newReg(registerClass, bits)
  }

  /** Loads a constant into a new register. */
  materialize(value: Value): Reg {
    const reg = this.machine.newReg(registerClassOf(value.type), bitsOf(value.type))
    this.emit('constant', [this.def(reg)], value)
    return reg
  }

  emit(op: string, operands: Operand[], tied?: Source, clobbers?: readonly Reg[]): Inst {
    const inst = new Inst(op, operands, tied, clobbers)
    inst.at = this.#at
    if (tied && tied instanceof Reg && operands[0]?.kind === 'reg' && op !== 'constant') {
      const to = operands[0].reg
      to.hint ??= tied
      tied.hint ??= to
    }
    if (tied) for (const operand of operands) makeLate(operand)
    this.#out.push(inst)
    return inst
  }

  /** Moves that happen at once. */
  parallel(moves: Move[]): Inst {
    const inst = this.emit('parallel', [])
    inst.moves = moves
    for (const { to, from } of moves) {
      if (!(to instanceof Reg) || !(from instanceof Reg)) continue
      if (to.fixed < 0) to.hint = from
      if (from.fixed < 0 && to.fixed >= 0) from.hint ??= to
    }
    return inst
  }

  def(reg: Reg, bits: number = reg.bits): RegOperand {
    return { kind: 'reg', reg, bits, access: 'def', orMemory: false }
  }

  reg(reg: Reg, bits: number = reg.bits, access: Access = 'use'): RegOperand {
    return { kind: 'reg', reg, bits, access, orMemory: false }
  }

  /** A register that may be read from its stack slot instead. */
  any(reg: Reg, bits: number = reg.bits, access: Access = 'use'): RegOperand {
    return { kind: 'reg', reg, bits, access, orMemory: reg.fixed < 0 && bits <= Math.max(reg.bits, 64) }
  }

  trap(reason: Trap): Operand {
    return { kind: 'trap', reason }
  }

  /** Whether the instruction being emitted may take the value in, so that it is not emitted itself. */
  canFuse(value: Value): boolean {
    if (value.uses !== 1 || this.#registers.has(value)) return false
    if (value.block !== this.#block) return false
    const effect = effectOf(value.op)
    return (
      effect === 'none' ||
      ((effect === 'load' || effect === 'global') && this.#epochs.get(value) === this.#epoch)
    )
  }

  fuse(value: Value): void {
    this.#fused.add(value)
  }

  isFused(value: Value): boolean {
    return this.#fused.has(value)
  }

  /** The second and later results of a call that something reads. */
  furtherResults(call: Value): Value[] {
    return this.#block.values.filter((value) => value.op === 'result' && value.args[0] === call)
  }
}

function makeLate(operand: Operand): void {
  if (operand.kind === 'mem') operand.late = true
  else if (operand.kind === 'reg' && operand.access === 'use') (operand as { access: Access }).access = 'late'
}

/** A memory operand at a symbol, RIP-relative. */
export function atSymbol(symbol: string, bits: number): MemOperand {
  return {
    kind: 'mem',
    base: undefined,
    index: undefined,
    scale: 1,
    disp: 0,
    bits,
    wraps: false,
    symbol,
    late: false,
  }
}
