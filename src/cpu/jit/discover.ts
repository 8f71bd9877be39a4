/** Finds a region: follows direct branches, fall-through and returns of calls from a seed, as far as pages are known and limits allow. */
import { decode, DecodeStatus, Instruction, OperandKind } from '../../isa/index.ts'
import { refusal } from '../interpreter/refusal.ts'
import { shapeOf } from '../interpreter/shape.ts'
import * as L from '../layout.ts'
import { PAGE, pageOf, type Decoded, type Edge, type Offset, type Region, type RegionBlock } from './block.ts'

/** As the interpreter's blocks: no block of a region may count more than the interpreter's at the same place. */
const MAX_BLOCK = 64
const MAX_PAGES = 16
const MAX_RETURNS = 48

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
  /** Behind SYSCALL, INT and HLT, where the kernel comes back to. */
  readonly #resumptions = new Set<Offset>()

  constructor(source: CodeSource, mode: number, limits: Limits) {
    this.#limits = limits
    this.#source = source
    this.#mode = mode
    this.#bits = (mode & L.MODE_CODE) === L.MODE_CODE64 ? 64 : 32
  }

  /** The region around `seed`, or null when its first instruction cannot be translated. */
  region(seed: Offset): Region | null {
    const starts = this.#starts(seed)
    const blocks = new Map<Offset, RegionBlock>()
    for (const start of starts) {
      const block = this.#block(start, starts)
      if (block) blocks.set(start, block)
    }
    if (!blocks.has(seed)) return null
    const translated = (places: Set<Offset>): Offset[] => [...places].filter((at) => blocks.has(at))
    const returns = translated(this.#returns).slice(0, MAX_RETURNS)
    const targets = new Map<Offset, Offset[]>()
    for (const { instructions } of blocks.values()) {
      const { at, instruction } = instructions[instructions.length - 1]!
      const seen = new Set(this.#source.seenTargets(at))
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

  /** Offsets of all blocks, nearest to the seed first. */
  #starts(seed: Offset): Set<Offset> {
    const starts = new Set([seed])
    let count = 0
    for (const start of starts) {
      let at = start
      for (let length = 0; length < MAX_BLOCK; length++) {
        const known = this.#decoded.has(at)
        const decoded = this.#decode(at)
        if (!decoded || known) break
        count++
        const { next, target, later } = this.#successors(decoded)
        later?.add(decoded.next)
        at = decoded.next
        if (decoded.instruction.row.branch === 'none' && !next?.checked && length < MAX_BLOCK - 1) continue
        const follows = [
          target?.to,
          next?.to,
          later ? decoded.next : undefined,
          ...this.#source.seenTargets(decoded.at),
        ]
        for (const place of follows)
          if (place !== undefined && starts.size < this.#limits.blocks && count < this.#limits.instructions)
            if (this.#source.wanted(place)) starts.add(place)
        break
      }
    }
    return starts
  }

  #block(start: Offset, starts: ReadonlySet<Offset>): RegionBlock | null {
    const instructions: Decoded[] = []
    let at = start
    for (;;) {
      const decoded = this.#decode(at)
      // What cannot be translated is left to the interpreter.
      if (!decoded) break
      instructions.push(decoded)
      at = decoded.next
      const { next, target } = this.#successors(decoded)
      if (decoded.instruction.row.branch !== 'none') return { at: start, instructions, end: at, next, target }
      if (next?.checked || starts.has(at) || instructions.length === MAX_BLOCK)
        return { at: start, instructions, end: at, next, target: null }
    }
    if (instructions.length === 0) return null
    return { at: start, instructions, end: at, next: { to: at, checked: false }, target: null }
  }

  /** Where control goes from an instruction; `later`: it comes back behind it some other way. */
  #successors({ instruction, next, at, shape }: Decoded): {
    next: Edge | null
    target: Edge | null
    later: Set<Offset> | null
  } {
    const checked = pageOf(next) !== pageOf(at)
    const near = instruction.operandCount === 1 && instruction.operands[0]!.kind === OperandKind.relative
    const target = near ? { to: next + instruction.operands[0]!.value, checked: !shape.samePage } : null
    switch (instruction.row.branch) {
      case 'none':
        return { next: { to: next, checked }, target: null, later: null }
      case 'jcc':
        return { next: { to: next, checked: !shape.samePage }, target, later: null }
      case 'call':
      case 'call-indirect':
        return { next: null, target, later: this.#returns }
      case 'int':
      case 'syscall':
      case 'halt':
        return { next: null, target: null, later: this.#resumptions }
      default:
        return { next: null, target, later: null }
    }
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
