import type { MachineBlock, MachineFunction, Reg, RegisterClass } from '../lower/mir.ts'
import { type Interval, type Range, intersection } from './interval.ts'
import type { Lives } from './liveness.ts'

/**
 * Linear scan over intervals with holes, with splitting (C. Wimmer, H. Mössenböck, "Optimized Interval Splitting in
 * a Linear Scan Register Allocator", 2005). A register that is ever spilled is stored once, where it is defined;
 * the split parts reload it.
 */

/** In order of preference: caller-saved registers with short encodings first, then callee-saved ones. */
const allocatable: Record<RegisterClass, readonly number[]> = {
  gpr: [0, 1, 2, 6, 7, 8, 9, 10, 11, 3, 12, 13, 14, 15],
  // XMM15 is the scratch register of parallel moves.
  xmm: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
}

export interface Allocation {
  /** By virtual register: its parts in ascending order. */
  readonly parts: Interval[][]
  /** Virtual registers that have a stack slot. */
  readonly spilled: Set<Reg>
}

/** Assigns a machine register or the stack slot to every interval, splitting where needed. */
export function allocate(machine: MachineFunction, lives: Lives): Allocation {
  const parts: Interval[][] = machine.registers.map(() => [])
  const spilled = new Set<Reg>()
  for (const registerClass of ['gpr', 'xmm'] as const) {
    const intervals = lives.intervals.filter((each) => each !== undefined && each.reg.class === registerClass)
    new LinearScan(machine.blocks, lives.fixed[registerClass], registerClass, parts, spilled).run(
      intervals as Interval[],
    )
  }
  for (const list of parts) list.sort((a, b) => a.from - b.from)
  return { parts, spilled }
}

class LinearScan {
  readonly #blocks: readonly MachineBlock[]
  readonly #fixed: readonly Range[][]
  readonly #fixedCursor: number[]
  readonly #numbers: readonly number[]
  readonly #parts: Interval[][]
  readonly #spilled: Set<Reg>
  readonly #queue = new Queue()
  #active: Interval[] = []
  #inactive: Interval[] = []
  readonly #free: number[] = Array.from({ length: 16 }, () => 0)
  readonly #next: number[] = Array.from({ length: 16 }, () => 0)

  constructor(
    blocks: readonly MachineBlock[],
    fixed: readonly Range[][],
    registerClass: RegisterClass,
    parts: Interval[][],
    spilled: Set<Reg>,
  ) {
    this.#blocks = blocks
    this.#fixed = fixed
    this.#fixedCursor = fixed.map(() => 0)
    this.#numbers = allocatable[registerClass]
    this.#parts = parts
    this.#spilled = spilled
  }

  run(intervals: Interval[]): void {
    for (const interval of intervals.sort((a, b) => b.from - a.from)) this.#queue.push(interval)
    for (let current = this.#queue.pop(); current; current = this.#queue.pop()) {
      const position = current.from
      this.#advance(position)
      // A part that starts between the reads and the writes of an instruction cannot be reloaded there.
      if (current.isSplit && position % 2 === 1) this.#spill(current, position)
      else if (!this.#tryFree(current)) this.#takeOccupied(current)
    }
  }

  /** Moves intervals between active, inactive and done for a new position. */
  #advance(position: number): void {
    const active: Interval[] = []
    const inactive: Interval[] = []
    const sort = (interval: Interval): void => {
      const { ranges } = interval
      while (interval.cursor < ranges.length && ranges[interval.cursor]!.to <= position) interval.cursor++
      const range = ranges[interval.cursor]
      if (!range) return
      if (range.from <= position) active.push(interval)
      else inactive.push(interval)
    }
    this.#active.forEach(sort)
    this.#inactive.forEach(sort)
    this.#active = active
    this.#inactive = inactive
    for (const number of this.#numbers) {
      const ranges = this.#fixed[number]!
      while (ranges[this.#fixedCursor[number]!] && ranges[this.#fixedCursor[number]!]!.to <= position) {
        this.#fixedCursor[number]!++
      }
    }
  }

  /** Where the machine register's own use next meets `current`. */
  #fixedConflict(number: number, current: Interval): number {
    return intersection(this.#fixed[number]!, this.#fixedCursor[number]!, current.ranges, 0)
  }

  #assign(interval: Interval, number: number): void {
    interval.assigned = number
    interval.cursor = 0
    this.#parts[interval.reg.id]!.push(interval)
    this.#active.push(interval)
  }

  #hintOf(current: Interval): number {
    const { reg } = current
    if (current.isSplit) {
      const before = this.#parts[reg.id]!.findLast((part) => part.assigned >= 0)
      if (before) return before.assigned
    }
    if (!reg.hint) return -1
    if (reg.hint.fixed >= 0) return reg.hint.fixed
    return (
      this.#parts[reg.hint.id]!.find((part) => part.assigned >= 0)?.assigned ?? reg.hint.hint?.fixed ?? -1
    )
  }

  #tryFree(current: Interval): boolean {
    const free = this.#free
    for (const number of this.#numbers) free[number] = this.#fixedConflict(number, current)
    for (const interval of this.#active) free[interval.assigned] = 0
    for (const interval of this.#inactive) {
      if (free[interval.assigned]! <= current.from) continue
      const meets = intersection(interval.ranges, interval.cursor, current.ranges, 0)
      if (meets < free[interval.assigned]!) free[interval.assigned] = meets
    }
    const hint = this.#hintOf(current)
    let best = this.#numbers[0]!
    for (const number of this.#numbers) {
      if (free[best]! >= current.to) break
      if (free[number]! > free[best]!) best = number
    }
    // The hint, if it holds for the whole life, or as long as any other would.
    if (
      hint >= 0 &&
      this.#numbers.includes(hint) &&
      (free[hint]! >= current.to || free[hint]! >= free[best]!)
    )
      best = hint
    const until = free[best]!
    if (until >= current.to) {
      this.#assign(current, best)
      return true
    }
    // Worth a split only if the first part holds a use.
    const split = this.#splitPosition(current, current.from + 1, until)
    if (split <= current.from || current.nextUse(current.from) >= split) return false
    this.#queue.push(current.splitAt(split))
    this.#assign(current, best)
    return true
  }

  #takeOccupied(current: Interval): void {
    const next = this.#next
    const blocked = this.#free
    for (const number of this.#numbers) {
      blocked[number] = this.#fixedConflict(number, current)
      next[number] = blocked[number]!
    }
    const consider = (interval: Interval): void => {
      const use = interval.nextUse(current.from)
      if (use < next[interval.assigned]!) next[interval.assigned] = use
    }
    for (const interval of this.#active) consider(interval)
    for (const interval of this.#inactive) {
      if (intersection(interval.ranges, interval.cursor, current.ranges, 0) < Infinity) consider(interval)
    }
    let best = this.#numbers[0]!
    for (const number of this.#numbers) if (next[number]! > next[best]!) best = number
    const first = current.nextMust(current.from)
    if (
      first > current.from + 1 &&
      (next[best]! < current.nextUse(current.from) || blocked[best]! <= current.from + 1)
    ) {
      this.#spill(current, current.from)
      return
    }
    // An instruction that starts here may still need its own operands until its end.
    const busy = current.from + (current.from % 2 === 0 && first > current.from ? 1 : 0)
    if (next[best]! <= busy || blocked[best]! <= current.from) {
      throw new Error(`no register is free at ${current.from} for v${current.reg.id}`)
    }
    if (blocked[best]! < current.to) {
      const split = this.#splitPosition(current, current.from + 1, blocked[best]!)
      this.#queue.push(current.splitAt(Math.max(split, current.from + 1)))
    }
    this.#evict(best, current)
    this.#assign(current, best)
  }

  /** Sends whatever holds the machine register, while `current` lives, to its stack slot. */
  #evict(number: number, current: Interval): void {
    for (const interval of this.#active) {
      if (interval.assigned !== number) continue
      if (interval.from >= current.from) {
        const parts = this.#parts[interval.reg.id]!
        parts.splice(parts.indexOf(interval), 1)
        this.#spill(interval, current.from)
        continue
      }
      const rest = interval.splitAt(current.from)
      this.#spill(rest, current.from)
    }
    this.#active = this.#active.filter((interval) => interval.assigned !== number)
    this.#inactive = this.#inactive.filter((interval) => {
      if (interval.assigned !== number) return true
      const meets = intersection(interval.ranges, interval.cursor, current.ranges, 0)
      if (meets === Infinity) return true
      // It is in a hole now: the part after the hole is allocated anew.
      this.#queue.push(interval.splitAt(interval.ranges[interval.cursor]!.from))
      return false
    })
  }

  /** Puts the interval into its stack slot until its next use that needs a register. */
  #spill(interval: Interval, position: number): void {
    this.#spilled.add(interval.reg)
    const must = interval.nextMust(position + (position % 2))
    if (must < Infinity) {
      const latest = must - (must % 2)
      const split = this.#splitPosition(interval, position + 1, latest)
      if (split > interval.from && split < interval.to) this.#queue.push(interval.splitAt(split))
    }
    interval.assigned = -1
    this.#parts[interval.reg.id]!.push(interval)
  }

  /**
   * The best place in [earliest, latest] to split: the latest start of a block of the least loop depth; without a
   * block boundary between, `latest`, made even (before an instruction) where the interval is not read there.
   */
  #splitPosition(interval: Interval, earliest: number, latest: number): number {
    if (latest % 2 === 1) {
      const before = latest - 1
      const readThere = interval.uses.some((use) => use.position === before)
      if (readThere || before < earliest) return latest
      return this.#splitPosition(interval, earliest, before)
    }
    const start = this.#blockAt(Math.min(earliest, latest))
    const end = this.#blockAt(latest)
    let best = latest
    let depth = this.#blocks[end]!.depth
    for (let index = end; index > start; index--) {
      const block = this.#blocks[index]!
      // Nothing may read it between the boundary and `latest` if this is a reload; for a tail either is right.
      if (block.depth < depth && block.from >= earliest) {
        depth = block.depth
        best = block.from
      }
    }
    return best
  }

  #blockAt(position: number): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#blocks[middle]!.from <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Intervals by ascending start: a stack in descending order, because almost everything arrives sorted. */
class Queue {
  readonly #items: Interval[] = []

  push(interval: Interval): void {
    const { from } = interval
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.from > from) low = middle + 1
      else high = middle
    }
    this.#items.splice(low, 0, interval)
  }

  pop(): Interval | undefined {
    return this.#items.pop()
  }
}
