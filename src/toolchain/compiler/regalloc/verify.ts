import { type Inst, type MachineBlock, type MachineFunction, type Reg, isReg } from '../lower/mir.ts'
import { type Location, type PlacedMove, Placement } from './resolve.ts'

/** Which virtual registers' values each place holds. */
type State = Map<string, Set<number>>

const keyOf = (place: Location): string =>
  place.kind === 'register'
    ? `${place.reg.class}${place.number}`
    : place.kind === 'slot'
      ? `s${place.reg.id}`
      : `a${place.offset}`

/**
 * Checks an allocation by running it symbolically: wherever an instruction reads a register, the place it was given
 * must hold that register's value on every path. For tests.
 * @returns what is wrong, empty if nothing is
 */
export function verifyAllocation(machine: MachineFunction, placement: Placement): string[] {
  const wrong = new Set<string>()
  const entries = new Map<MachineBlock, State>([[machine.blocks[0]!, new Map()]])
  const pending = [machine.blocks[0]!]
  while (pending.length > 0) {
    const block = pending.pop()!
    const state = copy(entries.get(block)!)
    runBlock(block, state, placement, wrong)
    for (const succ of block.succs) {
      const after = crossEdge(block, succ, copy(state), placement, wrong)
      const known = entries.get(succ)
      if (!known) entries.set(succ, after)
      else if (!meet(known, after)) continue
      pending.push(succ)
    }
    if (wrong.size > 20) break
  }
  return [...wrong]
}

const copy = (state: State): State => new Map([...state].map(([key, held]) => [key, new Set(held)]))

/** Keeps in `known` what both hold; whether that changed it. */
function meet(known: State, other: State): boolean {
  let changed = false
  for (const [key, held] of known) {
    for (const id of held) {
      if (other.get(key)?.has(id)) continue
      held.delete(id)
      changed = true
    }
  }
  return changed
}

function define(state: State, reg: Reg, place: Location): void {
  for (const held of state.values()) held.delete(reg.id)
  state.set(keyOf(place), new Set([reg.id]))
}

function applyMoves(state: State, moves: readonly PlacedMove[]): void {
  const values = moves.map(({ from }) => new Set('kind' in from ? state.get(keyOf(from)) : []))
  for (const [index, { to }] of moves.entries()) state.set(keyOf(to), values[index]!)
}

function runBlock(block: MachineBlock, state: State, placement: Placement, wrong: Set<string>): void {
  applyMoves(state, placement.phiStores.get(block) ?? [])
  for (const [index, inst] of block.insts.entries()) {
    const position = block.from + 2 * index
    applyMoves(state, placement.before.get(position) ?? [])
    runInst(inst, position, state, placement, wrong)
  }
}

function runInst(inst: Inst, position: number, state: State, placement: Placement, wrong: Set<string>): void {
  const read = (reg: Reg, at: number): void => {
    if (reg.fixed >= 0) return
    const place = placement.locate(reg, at)
    if (!state.get(keyOf(place))?.has(reg.id)) {
      wrong.add(`${inst.op} at ${position}: v${reg.id} is not in ${keyOf(place)}`)
    }
  }
  const written: [Reg, Location][] = []
  const late: string[] = []
  for (const operand of inst.operands) {
    if (operand.kind === 'mem') {
      for (const reg of [operand.base, operand.index]) {
        if (!reg) continue
        read(reg, position)
        if (operand.late) late.push(keyOf(placement.locate(reg, position)))
      }
    }
    if (operand.kind !== 'reg') continue
    if (operand.access === 'def') written.push([operand.reg, placement.locate(operand.reg, position + 1)])
    else if (operand.access === 'temp') {
      const place = placement.locate(operand.reg, position)
      state.delete(keyOf(place))
      late.push(keyOf(place))
    } else read(operand.reg, position)
    if (operand.access === 'late') late.push(keyOf(placement.locate(operand.reg, position)))
  }
  if (inst.tied && isReg(inst.tied)) read(inst.tied, position)
  for (const [reg, place] of written) {
    if (late.includes(keyOf(place))) wrong.add(`${inst.op} at ${position}: v${reg.id} overwrites an operand`)
  }
  for (const { from } of inst.moves ?? []) if (isReg(from)) read(from, position)
  for (const reg of inst.clobbers) state.delete(`${reg.class}${reg.fixed}`)
  for (const { reg, access } of inst.implicit) if (access !== 'use') state.delete(`${reg.class}${reg.fixed}`)
  for (const { to } of inst.moves ?? []) if (isReg(to)) written.push([to, placement.locate(to, position + 1)])
  for (const [reg, place] of written) {
    if (reg.fixed >= 0) state.delete(keyOf(place))
    else define(state, reg, place)
  }
  for (const [reg] of written) {
    if (reg.fixed < 0 && placement.spilled.has(reg)) state.set(`s${reg.id}`, new Set([reg.id]))
  }
}

function crossEdge(
  block: MachineBlock,
  succ: MachineBlock,
  state: State,
  placement: Placement,
  wrong: Set<string>,
): State {
  const index = succ.preds.indexOf(block)
  for (const { from } of succ.phis) {
    const source = from[index]!
    if (!isReg(source)) continue
    const place = placement.locate(source, block.to - 1)
    if (!state.get(keyOf(place))?.has(source.id))
      wrong.add(`end of block ${block.id}: v${source.id} is not in ${keyOf(place)}`)
  }
  applyMoves(
    state,
    block.succs.length === 1 ? (placement.atEnd.get(block) ?? []) : (placement.atStart.get(succ) ?? []),
  )
  for (const { to } of succ.phis) {
    for (const held of state.values()) held.delete(to.id)
  }
  for (const { to } of succ.phis) {
    const key = keyOf(placement.locate(to, succ.from))
    state.set(key, (state.get(key) ?? new Set()).add(to.id))
  }
  return state
}
