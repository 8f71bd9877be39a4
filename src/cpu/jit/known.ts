/**
 * What is known at a place while a region is emitted: what the flags follow from, and which registers differ from one another by a constant. Accesses
 * whose addresses do so share one look at the TLB.
 */
import type { Variable } from '../wasm/index.ts'
import type { KnownFlags } from './flag-context.ts'
import type { PlainLanes } from './floats.ts'

/** A 64-bit value: something unknown, plus a constant. */
export interface Symbolic {
  readonly origin: string
  readonly offset: number
  /** The stack pointer or the frame's. */
  readonly isStack: boolean
}

const RSP = 4
const RBP = 5
/** Bytes that one look covers: the more, the more often they lie on two pages. */
const MAX_SPAN = 512

/** Accesses that one look at the TLB is for; it stands before the first of them, and is emitted when all are known. */
export interface Group {
  /** Offset from the origin of the first access. */
  readonly anchor: number
  /** Bytes from `low` to `high`, as offsets from the origin. */
  low: number
  high: number
  isWritten: boolean
  accesses: number
  /** The block that it was opened in. */
  readonly node: number
  /** On the stack, where accesses on one side of a branch alone do no harm. */
  readonly isStack: boolean
  /** Address in the wasm memory of the first access, less HOST_BIAS. */
  readonly host: Variable<'i32'>
}

/** Makes offsets of accesses in a group positive. */
export const HOST_BIAS = 4096

let unknowns = 0

export class Known {
  flags: KnownFlags | null
  /** Whether the flags follow from a comparison of the frame's `floatX` and `floatY`. */
  isOrder = false
  readonly #registers: Symbolic[]
  readonly #groups: Map<string, Group>
  /** Pages, by number from the home page, that the exec TLB has where they were translated from. */
  readonly #mapped: Set<number>
  /** By number of a vector register. */
  readonly plain: Map<number, PlainLanes>
  /** Vector registers whose lowest double stands in the frame's `lowest`. */
  readonly lowest = new Set<number>()
  /** What MXCSR has been compared with, successfully. */
  mxcsr: string | null

  constructor(
    flags: KnownFlags | null = null,
    registers: Symbolic[] = [],
    groups: ReadonlyMap<string, Group> = new Map(),
    mapped: ReadonlySet<number> = new Set(),
    mxcsr: string | null = null,
    plain: ReadonlyMap<number, PlainLanes> = new Map(),
  ) {
    this.flags = flags
    this.#registers = registers
    this.#groups = new Map(groups)
    this.#mapped = new Set(mapped)
    this.mxcsr = mxcsr
    this.plain = new Map(plain)
  }

  /** For one of several ways on. */
  fork(): Known {
    const known = new Known(
      this.flags,
      [...this.#registers],
      this.#groups,
      this.#mapped,
      this.mxcsr,
      this.plain,
    )
    known.isOrder = this.isOrder
    for (const register of this.lowest) known.lowest.add(register)
    return known
  }

  register(number: number): Symbolic {
    return (this.#registers[number] ??= unknown(number))
  }

  setRegister(number: number, value: Symbolic | undefined): void {
    this.#registers[number] = value ?? unknown(number)
  }

  /** Forgets registers, given as a mask. */
  forget(mask: number): void {
    for (let number = 0; number < 16; number++) if ((mask >> number) & 1) this.setRegister(number, undefined)
  }

  /** The TLB may have changed. */
  forgetTlb(): void {
    this.#groups.clear()
    this.#mapped.clear()
  }

  isMapped(page: number): boolean {
    return this.#mapped.has(page)
  }

  setMapped(page: number): void {
    this.#mapped.add(page)
  }

  /** The group that an access belongs to, or undefined: then it is to open one. */
  join({ origin, offset }: Symbolic, bytes: number, isWrite: boolean, node: number): Group | undefined {
    const group = this.#groups.get(origin)
    if (!group) return undefined
    const low = Math.min(group.low, offset)
    const high = Math.max(group.high, offset + bytes)
    const isCovered = low === group.low && high === group.high && (group.isWritten || !isWrite)
    if (!isCovered && ((group.node !== node && !group.isStack) || high - low > MAX_SPAN)) return undefined
    group.low = low
    group.high = high
    group.isWritten ||= isWrite
    group.accesses++
    return group
  }

  open(
    { origin, offset, isStack }: Symbolic,
    bytes: number,
    isWritten: boolean,
    node: number,
    host: Variable<'i32'>,
  ): Group {
    const range = { anchor: offset, low: offset, high: offset + bytes }
    const group: Group = { ...range, isWritten, accesses: 1, node, isStack, host }
    this.#groups.set(origin, group)
    return group
  }
}

function unknown(number: number): Symbolic {
  return { origin: `${unknowns++}`, offset: 0, isStack: number === RSP || number === RBP }
}
