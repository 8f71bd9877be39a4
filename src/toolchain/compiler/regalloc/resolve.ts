import {
  type MachineBlock,
  type MachineFunction,
  type Reg,
  type Source,
  type StackArgument,
  isReg,
} from '../lower/mir.ts'
import type { Interval } from './interval.ts'
import type { Allocation } from './linear-scan.ts'
import { type Lives, forEachBit } from './liveness.ts'

/** Where a value is: a machine register, the stack slot of a virtual register, or an argument slot of a call. */
export type Location =
  | { readonly kind: 'register'; readonly reg: Reg; readonly number: number }
  | { readonly kind: 'slot'; readonly reg: Reg }
  | { readonly kind: 'argument'; readonly reg: Reg | undefined; readonly offset: number }

/** A move between places, or of a constant to a place. */
export interface PlacedMove {
  readonly to: Location
  readonly from: Location | Exclude<Source, Reg>
}

/** Answers where registers are, and which moves the allocation needs between instructions. */
export class Placement {
  readonly #parts: Interval[][]
  /** Moves before the instruction at a position, all at once. */
  readonly before: Map<number, PlacedMove[]> = new Map()
  /** Moves at the end of a block, before its jump; by block. */
  readonly atEnd: Map<MachineBlock, PlacedMove[]> = new Map()
  /** Moves at the start of a block, before all others; by block. */
  readonly atStart: Map<MachineBlock, PlacedMove[]> = new Map()
  /** Stores of phis to their slots, at the start of a block after the moves of the edge. */
  readonly phiStores: Map<MachineBlock, PlacedMove[]> = new Map()
  readonly spilled: ReadonlySet<Reg>

  constructor(machine: MachineFunction, allocation: Allocation, lives: Lives) {
    this.#parts = allocation.parts
    this.spilled = allocation.spilled
    this.#connectParts(machine)
    for (const block of machine.blocks) {
      for (const succ of block.succs) this.#connectBlocks(block, succ, lives.liveIn[succ.id]!)
      for (const { to } of block.phis) {
        const place = this.locate(to, block.from)
        if (this.spilled.has(to) && place.kind === 'register') {
          push(this.phiStores, block, { to: { kind: 'slot', reg: to }, from: place })
        }
      }
    }
  }

  /** Where `reg` is at `position`. */
  locate(reg: Reg, position: number): Location {
    if (reg.fixed >= 0) return { kind: 'register', reg, number: reg.fixed }
    for (const part of this.#parts[reg.id]!) {
      if (!part.covers(position)) continue
      return part.assigned < 0 ? { kind: 'slot', reg } : { kind: 'register', reg, number: part.assigned }
    }
    throw new Error(`v${reg.id} is not live at ${position}`)
  }

  source(source: Source, position: number): PlacedMove['from'] {
    return isReg(source) ? this.locate(source, position) : source
  }

  target(target: Reg | StackArgument, position: number, from: Source): Location {
    if (isReg(target)) return this.locate(target, position)
    return { kind: 'argument', reg: isReg(from) ? from : undefined, offset: target.offset }
  }

  /** Moves between the parts of one register where it was split inside a block. */
  #connectParts(machine: MachineFunction): void {
    const starts = new Set(machine.blocks.map((block) => block.from))
    for (const parts of this.#parts) {
      for (let index = 1; index < parts.length; index++) {
        const part = parts[index]!
        const previous = parts[index - 1]!
        if (previous.to !== part.from || starts.has(part.from)) continue
        // The slot has held the value since its definition.
        if (part.assigned < 0 || part.assigned === previous.assigned) continue
        const { reg } = part
        const from: Location =
          previous.assigned < 0 ? { kind: 'slot', reg } : { kind: 'register', reg, number: previous.assigned }
        push(this.before, part.from, { to: { kind: 'register', reg, number: part.assigned }, from })
      }
    }
  }

  #connectBlocks(block: MachineBlock, succ: MachineBlock, liveIn: Uint32Array): void {
    const moves: PlacedMove[] = []
    forEachBit(liveIn, (id) => {
      const reg = this.#parts[id]![0]!.reg
      const from = this.locate(reg, block.to - 1)
      const to = this.locate(reg, succ.from)
      if (to.kind === 'register' && !samePlace(from, to)) moves.push({ to, from })
    })
    const index = succ.preds.indexOf(block)
    for (const phi of succ.phis) {
      const source = phi.from[index]!
      const from = this.source(source, block.to - 1)
      const to = this.locate(phi.to, succ.from)
      if (!('kind' in from && samePlace(from, to))) moves.push({ to, from })
    }
    if (moves.length === 0) return
    if (block.succs.length === 1) push(this.atEnd, block, ...moves)
    else push(this.atStart, succ, ...moves)
  }
}

function samePlace(a: Location, b: Location): boolean {
  if (a.kind === 'register' && b.kind === 'register') return a.number === b.number
  return a.kind === 'slot' && b.kind === 'slot' && a.reg === b.reg
}

function push<Key>(map: Map<Key, PlacedMove[]>, key: Key, ...moves: PlacedMove[]): void {
  const list = map.get(key)
  if (list) list.push(...moves)
  else map.set(key, moves)
}

/**
 * Puts moves that happen at once into an order. A cycle comes back as `exchange`: swap `a` and `b`, after which the
 * remaining moves of the cycle are right. Registers may share a stack slot, so slots are told apart by `slotOf`.
 * Cycles can only run through machine registers and slots of phis.
 */
export type Step = { kind: 'move'; move: PlacedMove } | { kind: 'exchange'; a: Location; b: Location }

export function sequence(moves: readonly PlacedMove[], slotOf: (reg: Reg) => number): Step[] {
  const steps: Step[] = []
  const key = (place: Location): string =>
    place.kind === 'register'
      ? `${place.reg.class}${place.number}`
      : place.kind === 'slot'
        ? `s${slotOf(place.reg)}`
        : `a${place.offset}`
  // `current` tracks where each original value is now.
  let pending = moves.map(({ to, from }) => ({ to, from }))
  pending = pending.filter(({ to, from }) => !('kind' in from) || key(to) !== key(from))
  while (pending.length > 0) {
    const read = new Set(pending.map(({ from }) => ('kind' in from ? key(from) : '')))
    const ready = pending.filter(({ to }) => !read.has(key(to)))
    if (ready.length > 0) {
      for (const move of ready) steps.push({ kind: 'move', move })
      pending = pending.filter(({ to }) => read.has(key(to)))
      continue
    }
    // Only cycles are left: exchange the two places of one move; its source value has then arrived.
    const { to, from } = pending.shift()!
    const source = from as Location
    steps.push({ kind: 'exchange', a: to, b: source })
    pending = pending.map((move) => {
      if (!('kind' in move.from)) return move
      if (key(move.from) === key(to))
        return { to: move.to, from: { ...source, reg: move.from.reg ?? source.reg } as Location }
      if (key(move.from) === key(source)) return { to: move.to, from: to }
      return move
    })
    pending = pending.filter((move) => !('kind' in move.from) || key(move.to) !== key(move.from))
  }
  return steps
}
