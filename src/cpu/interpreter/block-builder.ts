/**
 * From bytes of code to a block: a straight line of records that ends with a branch, at the end of its page, or after MAX_INSTRUCTIONS; one more record
 * behind it continues.
 */
import { decode, DecodeStatus, Instruction, MAX_LENGTH, type Row } from '../../isa/index.ts'
import * as L from '../layout.ts'
import type { MemoryMap } from '../memory-map.ts'
import type { CodeMemory } from './code-memory.ts'
import { encodeRecord } from './encode.ts'
import { HandlerIndex } from './handler-index.ts'
import * as R from './record.ts'
import { refusal } from './refusal.ts'
import { specialHandlers, type SpecialHandler } from './special.ts'

export const MAX_INSTRUCTIONS = 64
const PAGE = 4096

export interface Block {
  readonly gpa: number
  readonly mode: number
  /** Linear addresses of the first record and of the one behind the last. */
  readonly record: number
  readonly end: number
  /** Instructions, as far as the budget is concerned. */
  readonly count: number
  /** Guest-physical page of the second part of a page-crossing instruction, or -1. */
  readonly secondPage: number
  /** Bytes that decide what it is, from `gpa` on and then in the second page. */
  readonly length: number
  /** The handler of its first record, unless translated code stands in for it. */
  readonly handler: number
}

/** Why there is no block: an exception is pending. */
export const FAULT = null

export interface BlockSource {
  /** Guest-physical address of a code byte, or -1 with an exception pending. */
  translate(va: bigint): number
  /** A byte of code outside RAM. */
  fetchByte(gpa: number): number
}

/** Indexes of the handlers that no row stands behind. */
export const special = Object.fromEntries(specialHandlers.map((name, index) => [name, index])) as Record<
  SpecialHandler,
  number
>

/** What the meaning of code depends on, beside its bytes. */
export interface BuilderOptions {
  readonly handlers: ReadonlyMap<string, number>
  /** By index of a row: what this model of the processor executes in its place, or null for #UD. */
  readonly executed: readonly (Row | null)[]
  readonly source: BlockSource
}

export class BlockBuilder {
  readonly #map: MemoryMap
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #code: CodeMemory
  readonly #handlers: HandlerIndex
  readonly #executed: readonly (Row | null)[]
  readonly #source: BlockSource
  readonly #instruction = new Instruction()
  readonly #crossing = new Uint8Array(32)

  constructor(memory: ArrayBuffer, map: MemoryMap, code: CodeMemory, options: BuilderOptions) {
    this.#map = map
    this.#bytes = new Uint8Array(memory)
    this.#view = new DataView(memory)
    this.#code = code
    this.#handlers = new HandlerIndex(options.handlers)
    this.#executed = options.executed
    this.#source = options.source
  }

  /**
   * A block of at most `limit` instructions from linear address `va` on, at guest-physical `gpa`; its records begin at `start`. Code ends after `codeBytes`, which
   * makes what follows #GP(0). FAULT when fetching its second page raised an exception.
   */
  build(
    va: bigint,
    gpa: number,
    mode: number,
    start: number,
    limit: number,
    codeBytes = Infinity,
  ): Block | null {
    const bits =
      (mode & L.MODE_CODE) === L.MODE_CODE64 ? 64 : (mode & L.MODE_CODE) === L.MODE_CODE32 ? 32 : 16
    const pageOffset = gpa % PAGE
    let code = this.#bytes
    let base = this.#map.ram + gpa - pageOffset
    let end = base + PAGE
    const rom = this.#code.romAt(gpa)
    if (rom) {
      code = rom.bytes
      base = gpa - pageOffset - rom.gpa
      end = base + PAGE
    } else if (!this.#code.isRam(gpa)) {
      // A device: one instruction, from a copy.
      code = this.#crossing
      const size = Math.min(16, PAGE - pageOffset)
      for (let i = 0; i < size; i++) code[i] = this.#source.fetchByte(gpa + i)
      base = -pageOffset
      end = size
      limit = 1
    }
    let record = start
    let offset = pageOffset
    let count = 0
    let secondPage = -1
    let open = true
    let previous: string | null = null
    /** Where the bytes end that decide what this block is. */
    let decided = 0
    const instruction = this.#instruction
    while (open && count < limit) {
      const allowed = codeBytes - (offset - pageOffset)
      let status = decode(code, base + offset, Math.min(end, base + offset + allowed), bits, instruction)
      if (status === DecodeStatus.needMoreBytes && base + offset + allowed <= end) {
        // The code segment ends within the instruction.
        status = DecodeStatus.tooLong
      } else if (status === DecodeStatus.needMoreBytes) {
        if (count > 0) break
        const second = this.#source.translate((va | 0xfffn) + 1n)
        if (second < 0) return FAULT
        status = this.#decodeCrossing(base + offset, end, second, code, bits, allowed)
        if (status === DecodeStatus.needMoreBytes) status = DecodeStatus.tooLong
        secondPage = second
        // What is run once and now needs no guard.
        if (this.#code.isRam(second) && start !== this.#map.scratchRecords) {
          this.#pseudo(record, 'guard', offset)
          this.#view.setUint32(record + R.OPERAND, this.#map.ram + second, true)
          record += R.RECORD_SIZE
        }
        open = false
      }
      previous = this.#writeInstruction(record, status, offset, mode, previous)
      if (status !== DecodeStatus.ok || instruction.row.branch !== 'none') open = false
      record += R.RECORD_SIZE
      // What is no instruction may become one by any of the bytes that one can have.
      decided = offset + (status === DecodeStatus.ok ? instruction.length : MAX_LENGTH)
      offset += instruction.length
      count++
      if (offset >= PAGE) open = false
    }
    const far = offset >= PAGE ? (bits === 64 ? 'continue-far' : 'continue-far-legacy') : 'continue'
    this.#pseudo(record, far, offset)
    const first = record - count * R.RECORD_SIZE
    for (let i = 0; i < count; i++)
      this.#view.setUint32(first + i * R.RECORD_SIZE + R.REMAINING, count - i, true)
    // The guard stands before the first instruction, and its block costs what the instruction costs.
    if (first !== start) this.#view.setUint32(start + R.REMAINING, count, true)
    const handler = this.#view.getUint32(start + R.HANDLER, true)
    const length = decided - pageOffset
    return { gpa, mode, record: start, end: record + R.RECORD_SIZE, count, secondPage, length, handler }
  }

  #setHandler(record: number, handler: number, remaining: number): void {
    this.#view.setUint32(record + R.HANDLER, handler, true)
    this.#view.setUint32(record + R.REMAINING, remaining, true)
  }

  /** A record without an instruction, at an offset in the page. */
  #pseudo(record: number, name: SpecialHandler, offset: number): void {
    this.#bytes.fill(0, record, record + R.RECORD_SIZE)
    this.#view.setUint32(record + R.IP, offset, true)
    this.#view.setUint32(record + R.NEXT, offset, true)
    this.#setHandler(record, special[name], 0)
  }

  #decodeCrossing(
    at: number,
    end: number,
    second: number,
    code: Uint8Array,
    bits: 16 | 32 | 64,
    allowed: number,
  ): DecodeStatus {
    const joined = new Uint8Array(32)
    const first = end - at
    joined.set(code.subarray(at, end))
    for (let i = 0; i < 16; i++)
      joined[first + i] = this.#code.isRam(second)
        ? this.#bytes[this.#map.ram + second + i]!
        : this.#source.fetchByte(second + i)
    return decode(joined, 0, Math.min(first + 16, allowed), bits, this.#instruction)
  }

  /** Key of its handler, or null; `previous` is that of the instruction before it in the block. */
  #writeInstruction(
    record: number,
    status: DecodeStatus,
    offset: number,
    mode: number,
    previous: string | null,
  ): string | null {
    const instruction = this.#instruction
    const long = (mode & L.MODE_CODE) === L.MODE_CODE64
    const bad =
      status !== DecodeStatus.ok ? (status === DecodeStatus.tooLong ? 'too-long' : 'undefined') : null
    const row = bad ? null : this.#executed[instruction.row.index]!
    const refused = bad ?? (row ? refusal(row, mode) : 'undefined')
    if (refused) {
      if (bad) instruction.length = 1
      this.#pseudo(record, refused, offset)
      this.#view.setUint32(record + R.NEXT, offset + instruction.length, true)
      return null
    }
    if (row) instruction.row = row
    encodeRecord(this.#view, record, instruction, offset, long)
    const target = Number(this.#view.getBigInt64(record + R.IMMEDIATE, true))
    const next = offset + instruction.length
    const near = instruction.operandCount === 1 && instruction.row.operands[0]!.kind === 'relative'
    const samePage =
      near && target >= 0 && target < PAGE && next < PAGE && (long || instruction.operandSize !== 16)
    const segmented = (mode & L.MODE_SEGMENTED) !== 0
    const traced = (mode & L.MODE_TRACE_CALLS) !== 0
    const { handler, key, meaning } = this.#handlers.find(instruction, long, segmented, samePage, traced)
    this.#view.setUint32(record + R.HANDLER, handler, true)
    const pair = previous && samePage ? this.#handlers.pair(previous, meaning) : undefined
    if (pair !== undefined) this.#view.setUint32(record - R.RECORD_SIZE + R.HANDLER, pair, true)
    return key
  }
}
