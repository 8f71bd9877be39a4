import { type Inst, type MachineBlock, type MachineFunction, type Reg, isReg } from '../lower/mir.ts'
import { Interval, type Range, type UsePosition } from './interval.ts'

/** Lives of all registers: virtual ones by their id, machine ones by class and number. */
export interface Lives {
  readonly intervals: (Interval | undefined)[]
  readonly fixed: Record<'gpr' | 'xmm', Range[][]>
  readonly liveIn: Uint32Array[]
}

/** Calls `visit` for each register that the instruction reads or writes. */
function forEachRegister(inst: Inst, visit: (reg: Reg, access: string, must: boolean) => void): void {
  for (const operand of inst.operands) {
    if (operand.kind === 'reg') visit(operand.reg, operand.access, !operand.orMemory)
    else if (operand.kind === 'mem') {
      const access = operand.late ? 'late' : 'use'
      if (operand.base) visit(operand.base, access, true)
      if (operand.index) visit(operand.index, access, true)
    }
  }
  for (const { reg, access } of inst.implicit) visit(reg, access, true)
  if (inst.tied && isReg(inst.tied)) visit(inst.tied, 'use', false)
  for (const { to, from } of inst.moves ?? []) {
    if (isReg(from)) visit(from, 'use', false)
    if (isReg(to)) visit(to, 'def', true)
  }
}

/** Numbers the instructions and finds where each register is live. */
export function findLives(machine: MachineFunction): Lives {
  let position = 0
  for (const block of machine.blocks) {
    block.from = position
    position += 2 * block.insts.length
    block.to = position
  }
  const liveIn = solve(machine)
  const count = machine.registers.length
  const ranges: (Range[] | undefined)[] = Array.from({ length: count })
  const uses: UsePosition[][] = Array.from({ length: count })
  const fixed = { gpr: emptyRanges(), xmm: emptyRanges() }
  // Everything is walked backwards, so lists are built last first and reversed at the end.
  const add = (id: number, from: number, to: number): void => addRange((ranges[id] ??= []), from, to)
  for (let index = machine.blocks.length - 1; index >= 0; index--) {
    const block = machine.blocks[index]!
    forEachBit(liveOutOf(block, liveIn), (id) => add(id, block.from, block.to))
    walkBlock(block, fixed, ranges, uses, add)
  }
  const intervals = ranges.map(
    (list, id) =>
      list && new Interval(machine.registers[id]!, list.reverse(), (uses[id] ?? []).reverse(), false),
  )
  for (const list of [...fixed.gpr, ...fixed.xmm]) list.reverse()
  return { intervals, fixed, liveIn }
}

const emptyRanges = (): Range[][] => Array.from({ length: 16 }, () => [])

/** Prepends a range; the list is in descending order. Merges with the neighbour that it touches. */
function addRange(list: Range[], from: number, to: number): void {
  const last = list.at(-1)
  if (last && last.from <= to) {
    last.from = Math.min(last.from, from)
    last.to = Math.max(last.to, to)
  } else list.push({ from, to })
}

function walkBlock(
  block: MachineBlock,
  fixed: Record<'gpr' | 'xmm', Range[][]>,
  ranges: (Range[] | undefined)[],
  uses: UsePosition[][],
  add: (id: number, from: number, to: number) => void,
): void {
  const fixedEnds = new Map<Reg, number>()
  const useFixed = (reg: Reg, access: string, position: number): void => {
    const list = fixed[reg.class][reg.fixed]!
    if (access === 'def' || access === 'temp' || access === 'usedef') {
      addRange(list, access === 'temp' ? position : position + 1, fixedEnds.get(reg) ?? position + 2)
      fixedEnds.delete(reg)
    }
    if (access !== 'def' && access !== 'temp' && !fixedEnds.has(reg)) {
      fixedEnds.set(reg, position + (access === 'late' ? 2 : 1))
    }
  }
  for (let index = block.insts.length - 1; index >= 0; index--) {
    const inst = block.insts[index]!
    const position = block.from + 2 * index
    for (const reg of inst.clobbers) {
      if (!fixedEnds.has(reg)) addRange(fixed[reg.class][reg.fixed]!, position + 1, position + 2)
    }
    const visit = (phase: 'def' | 'use') => (reg: Reg, access: string, must: boolean) => {
      const defines = access === 'def' || access === 'temp' || access === 'usedef'
      if (defines !== (phase === 'def')) return
      if (reg.fixed >= 0) return useFixed(reg, access, position)
      const list = (uses[reg.id] ??= [])
      if (defines) {
        const start = access === 'temp' ? position : position + 1
        const first = ranges[reg.id]?.at(-1)
        // The block's live-out range reaches to the block's start: shorten it to the definition.
        if (first && first.from <= start && first.to > start) first.from = start
        else add(reg.id, start, position + 2)
        list.push({ position: start, must })
      } else {
        add(reg.id, block.from, position + (access === 'late' ? 2 : 1))
        list.push({ position: access === 'late' ? position + 1 : position, must })
      }
    }
    forEachRegister(inst, visit('def'))
    if (inst.commutative) preferDyingOperand(inst, (reg) => isLiveAt(ranges[reg.id], position + 1))
    forEachRegister(inst, visit('use'))
  }
  for (const [reg, end] of fixedEnds) addRange(fixed[reg.class][reg.fixed]!, block.from, end)
  for (const { to } of block.phis) {
    // Live from the start of the block on; if nothing reads it, at least there.
    if (!ranges[to.id]?.length || ranges[to.id]!.at(-1)!.from > block.from)
      add(to.id, block.from, block.from + 1)
  }
}

const isLiveAt = (descending: Range[] | undefined, position: number): boolean => {
  const first = descending?.at(-1)
  return first !== undefined && first.from <= position && position < first.to
}

/** The result takes the register of the tied operand, so that should be the one that is not needed any more. */
function preferDyingOperand(inst: Inst, isLiveAfter: (reg: Reg) => boolean): void {
  const other = inst.operands[1]
  const { tied } = inst
  if (!tied || !isReg(tied) || other?.kind !== 'reg' || tied.fixed >= 0 || other.reg.fixed >= 0) return
  if (!isLiveAfter(tied) || isLiveAfter(other.reg)) return
  inst.tied = other.reg
  other.reg = tied
}

/** Live-in sets by backward data flow. Arguments of phis are live out of the predecessor, not into the block. */
function solve(machine: MachineFunction): Uint32Array[] {
  const words = (machine.registers.length + 31) >> 5
  const gen = machine.blocks.map(() => new Uint32Array(words))
  const kill = machine.blocks.map(() => new Uint32Array(words))
  const phiUses = machine.blocks.map(() => new Uint32Array(words))
  for (const block of machine.blocks) {
    const generated = gen[block.id]!
    const killed = kill[block.id]!
    for (const { to, from } of block.phis) {
      set(killed, to.id)
      for (const [index, source] of from.entries()) {
        if (isReg(source)) set(phiUses[block.preds[index]!.id]!, source.id)
      }
    }
    for (const inst of block.insts) {
      forEachRegister(inst, (reg, access) => {
        if (reg.fixed < 0 && access !== 'def' && access !== 'temp' && !has(killed, reg.id))
          set(generated, reg.id)
      })
      forEachRegister(inst, (reg, access) => {
        if (reg.fixed < 0 && (access === 'def' || access === 'temp')) set(killed, reg.id)
      })
    }
  }
  const liveIn = gen.map((set) => set.slice())
  for (let changed = true; changed;) {
    changed = false
    for (let index = machine.blocks.length - 1; index >= 0; index--) {
      const block = machine.blocks[index]!
      const into = liveIn[block.id]!
      const killed = kill[block.id]!
      const generated = gen[block.id]!
      const used = phiUses[block.id]!
      for (let word = 0; word < words; word++) {
        let out = used[word]!
        for (const succ of block.succs) out |= liveIn[succ.id]![word]!
        const next = generated[word]! | (out & ~killed[word]!)
        if (next !== (into[word]! | 0)) {
          into[word] = next
          changed = true
        }
      }
    }
  }
  return liveIn
}

function liveOutOf(block: MachineBlock, liveIn: Uint32Array[]): Uint32Array {
  const out = new Uint32Array(liveIn[block.id]!.length)
  for (const succ of block.succs) {
    const into = liveIn[succ.id]!
    for (let word = 0; word < out.length; word++) out[word]! |= into[word]!
    const index = succ.preds.indexOf(block)
    for (const { from } of succ.phis) {
      const source = from[index]!
      if (isReg(source)) set(out, source.id)
    }
  }
  return out
}

const set = (bits: Uint32Array, id: number): void => {
  bits[id >> 5]! |= 1 << (id & 31)
}
const has = (bits: Uint32Array, id: number): boolean => (bits[id >> 5]! & (1 << (id & 31))) !== 0

export function forEachBit(bits: Uint32Array, visit: (id: number) => void): void {
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word]!; rest; rest &= rest - 1) visit((word << 5) + 31 - Math.clz32(rest & -rest))
  }
}
