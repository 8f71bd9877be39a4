/** Finds a region: follows direct branches, fall-through and returns of calls from a seed, as far as pages are known and limits allow. */
import { decode, DecodeStatus, Instruction, OperandKind } from '../../isa/index.ts'
import { refusal } from '../interpreter/refusal.ts'
import { shapeOf } from '../interpreter/shape.ts'
import {
  addressBits,
  copyOf,
  keyOf,
  offsetOf,
  PAGE,
  pageOf,
  type Call,
  type Decoded,
  type Edge,
  type Key,
  type Offset,
  type Region,
  type RegionBlock,
} from './block.ts'

/** As the interpreter's blocks: no block of a region may count more than the interpreter's at the same place. */
const MAX_BLOCK = 64
const MAX_PAGES = 16
const MAX_RETURNS = 48
/** Calls are followed into copies of what they call: so many within each other, so many of them of the same function, of so few instructions. */
const MAX_DEPTH = 5
const MAX_RECURSION = 2
const MAX_COPIED = 40
/** Places that a computed branch is compared with one after the other. */
const MAX_GUESSES = 6

export interface CodeSource {
  readonly bytes: Uint8Array
  /** Linear address in `bytes` of guest-physical address 0. */
  readonly ram: number
  /** Guest-physical page at a page number relative to the home page, or -1 when the exec TLB does not hold it. */
  page(relative: number): number
  /** Whether code there is worth translating. */
  wanted(offset: Offset): boolean
  /** Rows, by index, that cannot be translated. */
  readonly refused: ReadonlySet<number>
  /** Where an indirect jump or a return at this offset has been seen to go. */
  seenTargets(offset: Offset): readonly Offset[]
}

/** How much may become one region. */
export interface Limits {
  readonly blocks: number
  readonly instructions: number
}

export class Discovery {
  readonly #source: CodeSource
  readonly #mode: number
  readonly #limits: Limits
  readonly #bits: 32 | 64
  readonly #decoded = new Map<Offset, Decoded | null>()
  readonly #pages = new Map<number, number>()
  readonly #returns = new Set<Offset>()
  /** By number of the copy; 0 is what no call was followed to. */
  readonly #calls: (Call | null)[] = [null]
  /** Copies by the key of the place behind the call and what is called; 0: it is not followed. */
  readonly #copies = new Map<string, number>()
  /** Keys of places behind calls of which some, or none, are followed. */
  readonly #followed = new Set<Key>()
  readonly #notFollowed = new Set<Key>()
  readonly #small = new Map<Offset, boolean>()
  /** Behind SYSCALL, INT and HLT, where the kernel comes back to. */
  readonly #resumptions = new Set<Offset>()

  constructor(source: CodeSource, mode: number, limits: Limits) {
    this.#limits = limits
    this.#source = source
    this.#mode = mode
    this.#bits = addressBits(mode)
  }

  /** The region around `seed`, or null when its first instruction cannot be translated. */
  region(seed: Offset): Region | null {
    const starts = this.#starts(seed)
    const blocks = new Map<Key, RegionBlock>()
    for (const start of starts) {
      const block = this.#block(start, starts)
      if (block) blocks.set(start, block)
    }
    if (!blocks.has(seed)) return null
    const translated = (places: Set<Offset>): Offset[] => [...places].filter((at) => blocks.has(at))
    const returns = translated(this.#returns).slice(0, MAX_RETURNS)
    const targets = new Map<Offset, Offset[]>()
    for (const { instructions, guesses } of blocks.values()) {
      const { at, instruction } = instructions[instructions.length - 1]!
      // Copies of an instruction share its places.
      const seen = new Set(targets.get(at) ?? [])
      if (guesses.length === 0) for (const place of this.#source.seenTargets(at)) seen.add(place)
      if (instruction.row.branch === 'ret') for (const place of returns) seen.add(place)
      const inside = translated(seen)
      if (inside.length > 0) targets.set(at, inside)
    }
    const entries = new Set([
      seed,
      ...returns,
      ...[...targets.values()].flat(),
      ...translated(this.#resumptions),
    ])
    return { mode: this.#mode, pages: this.#pages, blocks, entries: [...entries], targets }
  }

  /** Keys of all blocks, nearest to the seed first. */
  #starts(seed: Offset): Set<Key> {
    const starts = new Set<Key>([seed])
    const scanned = new Set<Key>()
    let count = 0
    for (const start of starts) {
      const copy = copyOf(start)
      let at = offsetOf(start)
      for (let length = 0; length < MAX_BLOCK; length++) {
        const known = scanned.has(keyOf(copy, at))
        scanned.add(keyOf(copy, at))
        const decoded = this.#decode(at)
        if (!decoded || known) break
        count++
        const { next, target, guesses, later } = this.#successors(decoded, copy)
        at = decoded.next
        if (decoded.instruction.row.branch === 'none' && !next?.checked && length < MAX_BLOCK - 1) continue
        const follows = [target?.to, next?.to, ...guesses.map(({ to }) => to)]
        if (later) follows.push(this.#isFollowed(copy, at) ? keyOf(copy, at) : at)
        if (guesses.length === 0) follows.push(...this.#source.seenTargets(decoded.at))
        for (const place of follows)
          if (place !== undefined && starts.size < this.#limits.blocks && count < this.#limits.instructions)
            if (this.#source.wanted(offsetOf(place))) starts.add(place)
        break
      }
    }
    return starts
  }

  #block(key: Key, starts: ReadonlySet<Key>): RegionBlock | null {
    const instructions: Decoded[] = []
    const copy = copyOf(key)
    const start = offsetOf(key)
    let at = start
    for (;;) {
      const decoded = this.#decode(at)
      // What cannot be translated is left to the interpreter.
      if (!decoded) break
      instructions.push(decoded)
      at = decoded.next
      const { next, target, guesses, later } = this.#successors(decoded, copy)
      if (decoded.instruction.row.branch !== 'none') {
        if (later && !this.#isFollowed(copy, at)) later.add(at)
        return { key, at: start, instructions, end: at, next, target, guesses }
      }
      if (next?.checked || starts.has(keyOf(copy, at)) || instructions.length === MAX_BLOCK)
        return { key, at: start, instructions, end: at, next, target: null, guesses }
    }
    if (instructions.length === 0) return null
    const next = { to: keyOf(copy, at), checked: false }
    return { key, at: start, instructions, end: at, next, target: null, guesses: [] }
  }

  /** Where control goes from an instruction of a copy; `later`: it comes back behind it some other way. */
  #successors(
    { instruction, next, at, shape }: Decoded,
    copy: number,
  ): {
    next: Edge | null
    target: Edge | null
    guesses: Edge[]
    later: Set<Offset> | null
  } {
    const edge = (to: Key, checked: boolean): Edge => ({ to, checked })
    const isFar = pageOf(next) !== pageOf(at)
    const near = instruction.operandCount === 1 && instruction.operands[0]!.kind === OperandKind.relative
    const place = near ? next + instruction.operands[0]!.value : 0
    const isElsewhere = !shape.samePage
    const target = near ? edge(keyOf(copy, place), isElsewhere) : null
    const nothing = { next: null, target: null, guesses: [], later: null }
    const guess = (to: Key): Edge => edge(to, pageOf(offsetOf(to)) !== pageOf(at))
    switch (instruction.row.branch) {
      case 'none':
        return { ...nothing, next: edge(keyOf(copy, next), isFar) }
      case 'jcc':
        return { ...nothing, next: edge(keyOf(copy, next), isElsewhere), target }
      case 'call':
        return {
          ...nothing,
          target: near ? edge(this.#called(copy, place, next), isElsewhere) : null,
          later: this.#returns,
        }
      case 'call-indirect': {
        const seen = this.#source.seenTargets(at)
        const guesses = seen.length > MAX_GUESSES ? [] : seen.map((to) => guess(this.#called(copy, to, next)))
        return { ...nothing, guesses, later: this.#returns }
      }
      case 'jmp-indirect': {
        const seen = this.#source.seenTargets(at)
        const guesses = seen.length > MAX_GUESSES ? [] : seen.map((to) => guess(keyOf(copy, to)))
        return { ...nothing, guesses }
      }
      case 'ret': {
        const call = this.#calls[copy]
        return { ...nothing, guesses: call ? [guess(keyOf(call.copy, call.back))] : [] }
      }
      case 'halt':
        return { ...nothing, later: this.#resumptions }
      case 'int':
      case 'syscall':
        return { ...nothing, guesses: this.#crossings(at), later: this.#resumptions }
      case 'sysret':
      case 'iret':
        return { ...nothing, guesses: this.#crossings(at) }
      default:
        return { ...nothing, target }
    }
  }

  /** Where a transition has been seen to lead; the exec TLB there is that of another ring. */
  #crossings(at: Offset): Edge[] {
    const seen = this.#source.seenTargets(at)
    return seen.length > MAX_GUESSES ? [] : seen.map((to) => ({ to, checked: true }))
  }

  /** Whether whatever is called before this place of a copy comes back to it within copies of its own. */
  #isFollowed(copy: number, back: Offset): boolean {
    return this.#followed.has(keyOf(copy, back)) && !this.#notFollowed.has(keyOf(copy, back))
  }

  /** Where a call leads: into a copy of its own when what it calls is small, else to where all go. */
  #called(copy: number, callee: Offset, back: Offset): Key {
    const site = `${keyOf(copy, back)} ${callee}`
    const known = this.#copies.get(site)
    if (known !== undefined) return keyOf(known, callee)
    let depth = 0
    let recursion = 0
    for (let outer = this.#calls[copy]; outer; outer = this.#calls[outer.copy]) {
      depth++
      if (outer.callee === callee) recursion++
    }
    const isFollowed = depth < MAX_DEPTH && recursion < MAX_RECURSION && this.#isSmall(callee)
    const followed = isFollowed ? this.#calls.push({ copy, callee, back }) - 1 : 0
    this.#copies.set(site, followed)
    this.#followed.add(keyOf(copy, back))
    if (followed === 0) this.#notFollowed.add(keyOf(copy, back))
    return keyOf(followed, callee)
  }

  /** Whether a function has few instructions, all of them at hand, and returns. */
  #isSmall(callee: Offset): boolean {
    const known = this.#small.get(callee)
    if (known !== undefined) return known
    const seen = new Set<Offset>([callee])
    let returns = false
    for (const at of seen) {
      const decoded = seen.size <= MAX_COPIED ? this.#decode(at) : null
      const branch = decoded?.instruction.row.branch
      if (!decoded || !branch) break
      const { instruction, next } = decoded
      const near = instruction.operandCount === 1 && instruction.operands[0]!.kind === OperandKind.relative
      if (branch === 'ret') returns = true
      else if (branch === 'none' || branch === 'call' || branch === 'call-indirect') seen.add(next)
      else if (branch === 'jcc') seen.add(next).add(next + instruction.operands[0]!.value)
      else if (branch === 'jmp' && near) seen.add(next + instruction.operands[0]!.value)
    }
    const isSmall = returns && seen.size <= MAX_COPIED
    this.#small.set(callee, isSmall)
    return isSmall
  }

  #page(relative: number): number {
    const known = this.#pages.get(relative)
    if (known !== undefined) return known
    if (this.#pages.size >= MAX_PAGES) return -1
    const gpa = this.#source.page(relative)
    if (gpa >= 0) this.#pages.set(relative, gpa)
    return gpa
  }

  #decode(at: Offset): Decoded | null {
    const known = this.#decoded.get(at)
    if (known !== undefined) return known
    const decoded = this.#decodeNew(at)
    this.#decoded.set(at, decoded)
    return decoded
  }

  #decodeNew(at: Offset): Decoded | null {
    const page = pageOf(at)
    const gpa = this.#page(page)
    if (gpa < 0) return null
    const start = this.#source.ram + gpa
    const instruction = new Instruction()
    const inPage = at - page * PAGE
    if (decode(this.#source.bytes, start + inPage, start + PAGE, this.#bits, instruction) !== DecodeStatus.ok)
      return null
    if (refusal(instruction.row, this.#mode) || this.#source.refused.has(instruction.row.index)) return null
    const next = inPage + instruction.length
    const near = instruction.operandCount === 1 && instruction.operands[0]!.kind === OperandKind.relative
    const target = near ? next + instruction.operands[0]!.value : -1
    const samePage = target >= 0 && target < PAGE && next < PAGE
    const shape = shapeOf(instruction, this.#bits === 64, false, samePage, false)
    // 16-bit operands cut RIP: left to the interpreter.
    if (!shape || (instruction.row.branch !== 'none' && instruction.operandSize === 16)) return null
    return { at, next: page * PAGE + next, instruction, shape }
  }
}
