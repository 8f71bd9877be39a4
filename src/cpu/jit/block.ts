/** A region as it was found in guest memory: basic blocks of decoded instructions, before any code is made. */
import type { Instruction } from '../../isa/index.ts'
import * as L from '../layout.ts'
import type { Shape } from '../semantics/operand.ts'

/**
 * Places in a region are byte offsets from the start of its home page, the page of its seed; other pages have offsets below 0 or from 4096 on.
 * RIP is the value of the home page's address plus the offset, so that code serves every virtual address its pages are mapped at.
 */
export type Offset = number

/**
 * A block of a region: its offset, and the calls that it was followed through, each of which has a copy of what it calls. The blocks that are not within a
 * call that was followed have their offset as key.
 */
export type Key = number

/** A call that was followed: where it returns to. */
export interface Call {
  /** The copy that holds the call. */
  readonly copy: number
  readonly callee: Offset
  readonly back: Offset
}

const COPY = 2 ** 34

export const keyOf = (copy: number, offset: Offset): Key => copy * COPY + offset
export const copyOf = (key: Key): number => Math.floor((key + COPY / 2) / COPY)
export const offsetOf = (key: Key): Offset => key - copyOf(key) * COPY

export interface Decoded {
  readonly at: Offset
  readonly next: Offset
  readonly instruction: Instruction
  readonly shape: Shape
}

/** Where control goes from a block. `checked`: the exec TLB is asked, as the interpreter does whenever it does not follow a link. */
export interface Edge {
  readonly to: Key
  readonly checked: boolean
}

export interface RegionBlock {
  readonly key: Key
  readonly at: Offset
  readonly instructions: readonly Decoded[]
  /** The offset behind the last instruction. */
  readonly end: Offset
  /** What follows when control falls through the end; null after an instruction that never does. */
  readonly next: Edge | null
  /** Target of the direct branch at the end. */
  readonly target: Edge | null
  /** Where a computed branch at the end is likely to go: of a return within a call that was followed, the place behind it. */
  readonly guesses: readonly Edge[]
}

export interface Region {
  readonly mode: number
  /** Guest-physical page by page number relative to the home page. */
  readonly pages: ReadonlyMap<number, number>
  readonly blocks: ReadonlyMap<Key, RegionBlock>
  /** Blocks that can be entered from outside; the seed first. */
  readonly entries: readonly Offset[]
  /** Where indirect jumps may go within the region, by the offset of the jump. */
  readonly targets: ReadonlyMap<Offset, readonly Offset[]>
}

/** Width of addresses in a mode's code. */
export function addressBits(mode: number): 32 | 64 {
  return (mode & L.MODE_CODE) === L.MODE_CODE64 ? 64 : 32
}

export const PAGE = 4096
export const pageOf = (offset: Offset): number => Math.floor(offset / PAGE)
