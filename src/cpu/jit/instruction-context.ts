/** The instruction that is translated: where it stands, what its fields say, and how it is left to the interpreter. */
import type { Operand as DecodedOperand } from '../../isa/index.ts'
import * as L from '../layout.ts'
import { Context } from '../semantics/context.ts'
import type { FieldName } from '../semantics/operand.ts'
import { add, i32, i64, type I32, type I64 } from '../wasm/index.ts'
import type { Decoded } from './block.ts'
import type { Frame } from './frame.ts'
import type { Known } from './known.ts'

/** An instruction that cannot be translated; it is left to the interpreter. */
export class Untranslatable extends Error {
  readonly decoded: Decoded
  constructor(decoded: Decoded, why: string) {
    super(`${decoded.instruction.row.id}: ${why}`)
    this.decoded = decoded
  }
}

/** Where an instruction stands in its region. */
export interface Place {
  readonly node: number
  readonly known: Known
  /** Where a computed branch is most likely to go. */
  readonly guess: I64 | null
  /** Instructions from this one to the end of its block. */
  readonly remaining: number
}

export abstract class InstructionContext extends Context {
  readonly cpu: I32
  protected readonly frame: Frame
  protected readonly decoded: Decoded
  protected readonly remaining: number
  protected readonly known: Known
  protected readonly node: number
  readonly #depth: number
  /** Guest memory has been written: the instruction cannot be done again from its beginning. */
  protected stored = false
  /** The frame's `where` tells of this instruction on every path from here. */
  #isPlaced = false
  /** The counter of the instruction, as long as it has not been counted. */
  #uncounted: number | null = null

  constructor(frame: Frame, decoded: Decoded, place: Place) {
    super(frame.f, decoded.shape)
    this.cpu = frame.cpu
    this.frame = frame
    this.decoded = decoded
    this.remaining = place.remaining
    this.#depth = frame.f.depth
    this.known = place.known
    this.node = place.node
  }

  override count(counter: number): void {
    this.#uncounted = counter
  }

  /** From here on the interpreter does not begin the instruction anew. */
  protected commit(): void {
    if (this.#uncounted === null || this.isConditional) return
    super.count(this.#uncounted)
    this.#uncounted = null
  }

  /** A helper in a condition is what is done in rare cases; and what is known here of flags and registers would hold on one path only. */
  protected get isConditional(): boolean {
    return this.f.depth !== this.#depth
  }

  /** Addresses are sums of so many bits. */
  protected get addressBits(): number {
    return this.frame.long ? 64 : 32
  }

  // The instruction's place

  protected get rip(): I64 {
    return this.frame.ripAt(this.decoded.at)
  }

  /** The budget as it was before this instruction. */
  get left(): I32 {
    return add(this.frame.budget.value, i32(this.remaining))
  }

  protected get instruction(): Decoded['instruction'] {
    return this.decoded.instruction
  }

  protected decodedOperand(index: number): DecodedOperand {
    return this.instruction.operands[index]!
  }

  field(name: FieldName): I32 {
    const instruction = this.instruction
    switch (name) {
      case 'repeat':
        return i32(instruction.repeat === 0xf3 ? 1 : instruction.repeat === 0xf2 ? 2 : 0)
      case 'address':
        return i32(instruction.addressSize / 8)
      case 'segment':
        return i32(instruction.memory?.segment ?? (instruction.segment >= 0 ? instruction.segment : L.DS))
      case 'second':
        return i32(this.#second())
      case 'index':
        return i32(instruction.memory!.index)
      case 'scale':
        return i32(Math.log2(instruction.memory!.scale))
    }
  }

  #second(): number {
    const { operands, operandCount } = this.instruction
    const immediates = operands.slice(0, operandCount).filter((_, i) => this.operand(i).kind === 'immediate')
    const far = operands.slice(0, operandCount).find((_, i) => this.operand(i).kind === 'far')
    return far ? far.selector : (immediates[1]?.low ?? 0) & 0xffff
  }

  registerNumber(index: number): I32 {
    return i32(this.decodedOperand(index).register)
  }

  immediate(): I64 {
    const { operands, operandCount } = this.instruction
    for (let i = 0; i < operandCount; i++) {
      const { kind } = this.operand(i)
      if (kind === 'far') return i64(operands[i]!.value >>> 0)
      if (kind === 'immediate')
        return i64((BigInt(operands[i]!.high) << 32n) | BigInt(operands[i]!.low >>> 0))
    }
    return i64(0)
  }

  // Control

  nextRip(): I64 {
    return this.let(this.frame.ripAt(this.decoded.next))
  }

  targetRip(index: number): I64 {
    return this.let(this.frame.ripAt(this.decoded.next + this.decodedOperand(index).value))
  }

  // Memory

  /** Says which instruction leaves the region, if one does. */
  protected markPlace(): void {
    if (this.#isPlaced) return
    this.f.set(this.frame.where, i64((BigInt(this.decoded.at) << 8n) | BigInt(this.remaining)))
    this.#isPlaced = this.f.depth === this.#depth
  }

  /** Leaves the instruction to the interpreter. */
  protected giveUp(): void {
    this.markPlace()
    this.f.br(this.frame.rare)
  }

  raise(): void {
    this.giveUp()
  }

  /** Leaves the instruction to the interpreter when what is usual is not so. Nothing has changed yet. */
  expect(unusual: I32): void {
    this.markPlace()
    this.f.brIf(this.frame.counted, unusual)
  }

  override get leavesRare(): boolean {
    return this.frame.isHopeful && !this.isConditional
  }

  override leaveWhen(suspicious: I32, unusual: I32): void {
    this.markPlace()
    this.f.if(suspicious, () => this.f.brIf(this.frame.counted, unusual))
  }
}
