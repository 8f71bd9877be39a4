import type { Reg } from '../lower/mir.ts'

/** Half-open range of positions. Instruction i reads at 2i and writes at 2i + 1. */
export interface Range {
  from: number
  to: number
}

/** A place where the register is read or written. `must`: it has to be in a machine register there. */
export interface UsePosition {
  readonly position: number
  readonly must: boolean
}

/** Part of the life of a virtual register that stays in one place: a machine register or its stack slot. */
export class Interval {
  readonly reg: Reg
  /** Ascending, disjoint; the gaps are holes in which the value is not needed. */
  ranges: Range[]
  /** Ascending. */
  uses: UsePosition[]
  /** Number of the machine register; −1: in its stack slot. */
  assigned = -1
  readonly isSplit: boolean
  /** Index of the first range that ends after the allocator's position. */
  cursor = 0

  constructor(reg: Reg, ranges: Range[], uses: UsePosition[], isSplit: boolean) {
    this.reg = reg
    this.ranges = ranges
    this.uses = uses
    this.isSplit = isSplit
  }

  get from(): number {
    return this.ranges[0]!.from
  }

  get to(): number {
    return this.ranges[this.ranges.length - 1]!.to
  }

  covers(position: number): boolean {
    for (const range of this.ranges) {
      if (position < range.from) return false
      if (position < range.to) return true
    }
    return false
  }

  /** Position of the first use at or after `position`; Infinity if there is none. */
  nextUse(position: number): number {
    for (const use of this.uses) if (use.position >= position) return use.position
    return Infinity
  }

  nextMust(position: number): number {
    for (const use of this.uses) if (use.must && use.position >= position) return use.position
    return Infinity
  }

  /** Cuts off and returns what lies at and after `position`, which must be inside. */
  splitAt(position: number): Interval {
    const ranges: Range[] = []
    let keep = 0
    while (keep < this.ranges.length && this.ranges[keep]!.to <= position) keep++
    const cut = this.ranges[keep]
    if (cut && cut.from < position) {
      ranges.push({ from: position, to: cut.to })
      ranges.push(...this.ranges.splice(keep + 1))
      cut.to = position
    } else ranges.push(...this.ranges.splice(keep))
    let firstUse = 0
    while (firstUse < this.uses.length && this.uses[firstUse]!.position < position) firstUse++
    return new Interval(this.reg, ranges, this.uses.splice(firstUse), true)
  }
}

/** The first position in both lists of ranges, from the given ranges on; Infinity if they are disjoint. */
export function intersection(a: readonly Range[], fromA: number, b: readonly Range[], fromB: number): number {
  let i = fromA
  let j = fromB
  while (i < a.length && j < b.length) {
    const first = a[i]!
    const second = b[j]!
    if (first.to <= second.from) i++
    else if (second.to <= first.from) j++
    else return Math.max(first.from, second.from)
  }
  return Infinity
}
