import {
  type AssembledCode,
  type AssemblerOperand,
  type Label,
  Memory,
  Register,
  controls,
  gpr64,
  mem,
  rbp,
  rsp,
  segments,
  symbol,
} from '../../../isa/index.ts'
import type { ModuleContext } from '../lower/context.ts'
import {
  type Inst,
  type MachineBlock,
  type MachineFunction,
  type Operand,
  type Reg,
  isReg,
} from '../lower/mir.ts'
import type { Allocation } from '../regalloc/linear-scan.ts'
import type { Location, Placement } from '../regalloc/resolve.ts'
import { CodeWriter, register } from './code.ts'
import { type Frame, layoutFrame } from './frame.ts'
import { loadConstant, writeConstant, writeMove, writeMoves } from './moves.ts'
import { writesFlags } from './flags.ts'
import { opposite } from '../lower/compare.ts'
import { pseudos } from './pseudo.ts'

export interface FunctionCode {
  readonly code: AssembledCode
  /** Machine-code offset → wasm offset. */
  readonly rows: readonly { offset: number; at: number }[]
  /** For each jump table, the offsets of its targets. */
  readonly jumpTables: readonly { symbol: string; offsets: number[] }[]
}

/** Writes the machine code of a function whose registers are allocated. */
export function emitFunction(
  machine: MachineFunction,
  allocation: Allocation,
  placement: Placement,
  context: ModuleContext,
  entryAt: number,
): FunctionCode {
  const frame = layoutFrame(machine, allocation)
  const write = (earlier?: readonly number[]): [FunctionEmitter, CodeWriter] => {
    const code = new CodeWriter(context, placement, frame, earlier)
    const emitter = new FunctionEmitter(machine, placement, code)
    emitter.write(entryAt)
    return [emitter, code]
  }
  const [first, long] = write()
  const labels = long.labelOffsets
  try {
    const [second, short] = write(labels)
    return { code: short.asm.finish(), rows: short.rows, jumpTables: second.jumpTables() }
  } catch (error) {
    // Padding of loop heads grew so much that a short branch no longer reached.
    if (!(error instanceof RangeError)) throw error
    return { code: long.asm.finish(), rows: long.rows, jumpTables: first.jumpTables() }
  }
}

const specials = new Map<string, Register>([...controls, ...segments].map((each) => [each.name, each]))

class FunctionEmitter {
  readonly #machine: MachineFunction
  readonly #placement: Placement
  readonly #code: CodeWriter
  readonly #frame: Frame
  readonly #labels: Label[]
  /** The block that control falls into at the end of the present one. */
  #next: MachineBlock | undefined
  /** Where a jump to a block really leads: blocks without any code are skipped. */
  readonly #forwards: MachineBlock[]

  constructor(machine: MachineFunction, placement: Placement, code: CodeWriter) {
    this.#machine = machine
    this.#placement = placement
    this.#code = code
    this.#frame = code.frame
    this.#labels = machine.blocks.map(() => code.label())
    this.#forwards = machine.blocks.map((block) => this.#skipEmpty(block))
  }

  write(entryAt: number): void {
    const blocks = this.#machine.blocks.filter(
      (block) => block.id === 0 || this.#forwards[block.id] === block,
    )
    this.#code.mark(entryAt)
    this.#prologue()
    for (const [index, block] of blocks.entries()) {
      this.#next = blocks[index + 1]
      if (block.isLoopHeader && index > 0) this.#code.asm.align(16)
      this.#code.bind(this.#labels[block.id]!)
      this.#block(block)
    }
    this.#code.writeTraps()
  }

  jumpTables(): { symbol: string; offsets: number[] }[] {
    return this.#machine.jumpTables.map(({ symbol: name, blocks }) => ({
      symbol: name,
      offsets: blocks.map((id) => this.#labels[this.#forwards[id]!.id]!.offset),
    }))
  }

  /** A block that only jumps, with no moves to make, is stood for by its target. */
  #skipEmpty(start: MachineBlock): MachineBlock {
    const passed = new Set<MachineBlock>()
    let block = start
    while (this.#isEmpty(block)) {
      // A loop without any code stays as it is.
      if (passed.has(block)) return start
      passed.add(block)
      block = block.succs[0]!
    }
    return block
  }

  #isEmpty(block: MachineBlock): boolean {
    const { atEnd, atStart, before, phiStores } = this.#placement
    if (block.id === 0 || block.insts.length !== 1 || block.insts[0]!.op !== 'jmp') return false
    return !atEnd.has(block) && !atStart.has(block) && !before.has(block.from) && !phiStores.has(block)
  }

  #prologue(): void {
    const { exists, saved, size } = this.#frame
    const code = this.#code
    if (exists) {
      code.emit('push', rbp)
      code.emit('mov', rbp, rsp)
    }
    for (const number of saved) code.emit('push', gpr64[number]!)
    if (size > 0) code.emit('sub', rsp, size)
  }

  #epilogue(): void {
    const { exists, saved, size } = this.#frame
    const code = this.#code
    if (size > 0 && saved.length > 0) code.emit('add', rsp, size)
    for (const number of saved.toReversed()) code.emit('pop', gpr64[number]!)
    if (exists && size > 0 && saved.length === 0) code.emit('leave')
    else if (exists) code.emit('pop', rbp)
    code.emit('ret')
  }

  #block(block: MachineBlock): void {
    const { before, atStart, atEnd, phiStores } = this.#placement
    const code = this.#code
    writeMoves(code, atStart.get(block) ?? [])
    for (const { to, from } of phiStores.get(block) ?? []) writeMove(code, to, from as Location)
    for (const [index, inst] of block.insts.entries()) {
      const position = block.from + 2 * index
      code.mark(inst.at)
      const moves = before.get(position)
      if (moves) writeMoves(code, moves)
      if (index === block.insts.length - 1) writeMoves(code, atEnd.get(block) ?? [])
      this.#inst(inst, position, block, index)
      this.#storeSpilled(inst, position)
    }
  }

  /** A spilled register is stored to its slot as soon as it is defined. */
  #storeSpilled(inst: Inst, position: number): void {
    const store = (reg: Reg): void => {
      if (reg.fixed >= 0 || !this.#placement.spilled.has(reg)) return
      const from = this.#placement.locate(reg, position + 1)
      if (from.kind === 'register') writeMove(this.#code, { kind: 'slot', reg }, from)
    }
    for (const operand of inst.operands) {
      if (operand.kind === 'reg' && operand.access === 'def') store(operand.reg)
    }
    for (const { to } of inst.moves ?? []) if (isReg(to)) store(to)
  }

  #inst(inst: Inst, position: number, block: MachineBlock, index: number): void {
    const code = this.#code
    const [first, second] = inst.operands
    switch (inst.op) {
      case 'parallel':
        return this.#parallel(inst, position)
      case 'constant':
        return this.#constant(inst, position, block, index)
      case 'jmp':
        return this.#jump(this.#target(first!))
      case 'branch':
        return this.#branch(inst.condition, this.#target(first!), this.#target(second!))
      case 'jcc':
        return code.branch(`j${inst.condition}`, this.#labels[this.#target(first!).id]!)
      case 'switch':
        code.branch(`j${inst.condition}`, this.#labels[this.#target(second!).id]!)
        return code.emit('jmp', this.#operand(first!, position, inst))
      case 'trapif':
        return code.branch(
          `j${inst.condition}`,
          code.trapLabel(first!.kind === 'trap' ? first!.reason : 'unreachable', inst.at),
        )
      case 'trap':
        return code.trap(first!.kind === 'trap' ? first!.reason : 'unreachable')
      case 'return':
        return this.#epilogue()
    }
    this.#tie(inst, position)
    const pseudo = pseudos[inst.op]
    if (pseudo) return pseudo(code, inst, position)
    if (inst.op === 'add' && this.#addAsLea(inst, position)) return
    const words = inst.op.split(' ')
    for (const prefix of words.slice(0, -1)) code.asm.prefix(prefix as 'rep')
    const operands = inst.operands.map((operand) => this.#operand(operand, position, inst))
    // From the stack slot of an XMM register into a general one is a plain load.
    const [to, from] = operands
    const isLoad =
      /^mov[dq]$/.test(inst.op) && from instanceof Memory && to instanceof Register && to.size <= 64
    code.emit(isLoad ? 'mov' : words.at(-1)!, ...operands)
  }

  /** Moves the tied source into the result's register. */
  #tie(inst: Inst, position: number): void {
    if (!inst.tied) return
    const result = inst.operands.find((operand) => operand.kind === 'reg' && operand.access === 'def')
    if (result?.kind !== 'reg') throw new Error('a tied instruction defines a register')
    const to = this.#placement.locate(result.reg, position + 1)
    if (isReg(inst.tied)) {
      if (inst.op === 'add' && this.#canBeLea(inst, position)) return
      writeMove(this.#code, to, this.#placement.locate(inst.tied, position))
    } else writeConstant(this.#code, to, inst.tied)
  }

  /** d = a + b in three different registers (or b a constant) is LEA, without a move. */
  #canBeLea(inst: Inst, position: number): boolean {
    const [result, other] = inst.operands
    const { tied } = inst
    if (!tied || !isReg(tied) || result?.kind !== 'reg' || result.bits < 32) return false
    const to = this.#placement.locate(result.reg, position + 1)
    const from = this.#placement.locate(tied, position)
    if (to.kind !== 'register' || from.kind !== 'register' || to.number === from.number) return false
    if (other?.kind === 'imm') return typeof other.value === 'number'
    return other?.kind === 'reg' && this.#placement.locate(other.reg, position).kind === 'register'
  }

  #addAsLea(inst: Inst, position: number): boolean {
    if (!this.#canBeLea(inst, position)) return false
    const [result, other] = inst.operands
    if (result?.kind !== 'reg') return false
    const base = this.#code.at(inst.tied as Reg, position, 64)
    const to = this.#code.at(result.reg, position + 1, result.bits)
    if (other?.kind === 'imm') this.#code.emit('lea', to, mem({ base, disp: Number(other.value) }))
    else if (other?.kind === 'reg') {
      this.#code.emit('lea', to, mem({ base, index: this.#code.at(other.reg, position, 64) }))
    }
    return true
  }

  #parallel(inst: Inst, position: number): void {
    const moves = inst.moves!.map(({ to, from }) => ({
      to: this.#placement.target(to, position + 1, from),
      from: this.#placement.source(from, position),
    }))
    writeMoves(this.#code, moves)
  }

  #constant(inst: Inst, position: number, block: MachineBlock, index: number): void {
    const operand = inst.operands[0]!
    const value = inst.tied!
    if (operand.kind !== 'reg' || isReg(value)) throw new Error('a constant needs a register')
    const inXmm = operand.reg.class === 'xmm'
    const to = this.#code.at(operand.reg, position + 1, 64)
    const isZero =
      (value.op === 'i32.const' && value.imm === 0) || (value.op === 'i64.const' && value.wide === 0n)
    if (isZero && this.#flagsAreDead(block, index)) {
      const low = register('gpr', to.number, 32)
      return this.#code.emit('xor', low, low)
    }
    loadConstant(this.#code, to, value, inXmm)
  }

  /** Whether an instruction that writes the flags, without reading them, comes before any that reads them. */
  #flagsAreDead(block: MachineBlock, index: number): boolean {
    for (const inst of block.insts.slice(index + 1, index + 6)) {
      const effect = writesFlags(inst)
      if (effect !== undefined) return effect
    }
    return false
  }

  #target(operand: Operand): MachineBlock {
    if (operand.kind !== 'block') throw new Error('not a block')
    return this.#forwards[operand.id]!
  }

  #jump(target: MachineBlock): void {
    if (target !== this.#next) this.#code.branch('jmp', this.#labels[target.id]!)
  }

  #branch(condition: string, then: MachineBlock, otherwise: MachineBlock): void {
    const code = this.#code
    const label = (block: MachineBlock): Label => this.#labels[block.id]!
    if (then === otherwise) return this.#jump(then)
    if (condition === 'fe' || condition === 'fne') {
      // Unordered sets PF and ZF: "not equal" is either of them.
      const [equal, unequal] = condition === 'fe' ? [then, otherwise] : [otherwise, then]
      code.branch('jp', label(unequal))
      if (equal === this.#next) return code.branch('jne', label(unequal))
      code.branch('je', label(equal))
      return this.#jump(unequal)
    }
    if (then === this.#next) return code.branch(`j${opposite(condition)}`, label(otherwise))
    code.branch(`j${condition}`, label(then))
    this.#jump(otherwise)
  }

  #operand(operand: Operand, position: number, inst: Inst): AssemblerOperand {
    switch (operand.kind) {
      case 'imm':
        return operand.value
      case 'symbol':
        return symbol(operand.name)
      case 'mem':
        return this.#code.memory(operand, position, inst.op === 'lea')
      case 'fixed':
        return register(operand.reg.class, operand.reg.fixed, operand.bits)
      case 'special':
        return specials.get(operand.name)!
      case 'reg': {
        const isWritten = operand.access === 'def'
        const place = this.#placement.locate(operand.reg, isWritten ? position + 1 : position)
        return this.#code.place(
          place,
          operand.reg.class === 'xmm' && place.kind === 'register' ? 128 : operand.bits,
        )
      }
    }
    throw new Error(`${inst.op}: unexpected operand`)
  }
}
