/**
 * The cache of decoded blocks. A block is a straight line of records that ends with a branch, at the end of its page, or after
 * MAX_INSTRUCTIONS; one more record behind it continues. It is found by guest-physical address and MODE, so it survives changes of the page tables.
 */
import { decode, DecodeStatus, Instruction, MAX_LENGTH, type Row } from '../../isa/index.ts'
import * as L from '../layout.ts'
import type { MemoryMap } from '../memory-map.ts'
import { CoveredBytes } from './covered-bytes.ts'
import { encodeRecord } from './encode.ts'
import { specialHandlers, type SpecialHandler } from './special.ts'
import { HandlerIndex } from './handler-index.ts'
import * as R from './record.ts'
import { refusal } from './refusal.ts'

const MAX_INSTRUCTIONS = 64
const PAGE = 4096
/** More than any value of MODE. */
const MODES = 1024
/** So many writes to code, and all code of the page is forgotten: it is being replaced, and further writes should be quick. */
const PATIENCE = 16

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

/** Whoever keeps code that was made from guest pages: told when its bytes are written, or much of one of its pages. */
export interface CodeHolder {
  isMadeOf(gpa: number, size: number): boolean
  drop(): void
}

/** Why there is no block: an exception is pending. */
export const FAULT = null

export interface BlockSource {
  /** Guest-physical address of a code byte, or -1 with an exception pending. */
  translate(va: bigint): number
  /** A byte of code outside RAM. */
  fetchByte(gpa: number): number
}

/** Bytes outside RAM that never change: firmware in its flash. */
interface Rom {
  readonly gpa: number
  readonly bytes: Uint8Array
}

const special = Object.fromEntries(specialHandlers.map((name, index) => [name, index])) as Record<
  SpecialHandler,
  number
>

export class BlockCache {
  readonly #map: MemoryMap
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #handlers: HandlerIndex
  /** By index of a row: what this model of the processor executes in its place, or null for #UD. */
  readonly #executed: readonly (Row | null)[]
  readonly #source: BlockSource
  readonly #blocks = new Map<number, Block>()
  /** Blocks by guest-physical page; a page-crossing one stands in both. */
  readonly #pages = new Map<number, Set<Block>>()
  readonly #holders = new Map<number, Set<CodeHolder>>()
  readonly #covered = new CoveredBytes()
  /** Writes to covered bytes by page, since everything there was forgotten. */
  readonly #writes = new Map<number, number>()
  /** Handlers of translated code by block. */
  readonly #translated = new Map<number, number>()
  readonly #instruction = new Instruction()
  readonly #crossing = new Uint8Array(32)
  readonly #roms: Rom[] = []
  #free: number
  /** Counts flushes of the whole cache: links remembered across one are void. */
  generation = 0

  constructor(
    memory: ArrayBuffer,
    map: MemoryMap,
    handlers: ReadonlyMap<string, number>,
    executed: readonly (Row | null)[],
    source: BlockSource,
  ) {
    this.#map = map
    this.#bytes = new Uint8Array(memory)
    this.#view = new DataView(memory)
    this.#handlers = new HandlerIndex(handlers)
    this.#executed = executed
    this.#source = source
    this.#free = map.records
  }

  /** The block at linear address `va`; FAULT when fetching it raised an exception. */
  find(va: bigint, mode: number): Block | null {
    const gpa = this.#source.translate(va)
    if (gpa < 0) return FAULT
    const key = gpa * MODES + mode
    const known = this.#blocks.get(key)
    if (known) {
      if (known.secondPage < 0) return this.#enter(known)
      const second = this.#source.translate((va | 0xfffn) + 1n)
      if (second < 0) return FAULT
      if (second === known.secondPage) return this.#enter(known)
      this.#forget(known)
    }
    if (this.#free + (MAX_INSTRUCTIONS + 2) * R.RECORD_SIZE > this.#map.recordsEnd) this.flush()
    // Code of a device is decoded anew each time: nobody tells when it changes.
    if (!this.#isRam(gpa) && !this.#romAt(gpa)) return this.#build(va, gpa, mode, this.#map.scratchRecords, 1)
    const block = this.#build(va, gpa, mode, this.#free, MAX_INSTRUCTIONS)
    if (!block) return FAULT
    // No guard can watch a second page outside RAM.
    if (block.secondPage >= 0 && !this.#isRam(block.secondPage)) return this.once(va, mode, 1)
    this.#free = block.end
    this.#blocks.set(key, block)
    const translated = this.#translated.get(key)
    if (translated !== undefined) this.#view.setUint32(block.record + R.HANDLER, translated, true)
    this.#remember(block, gpa - (gpa % PAGE))
    if (block.secondPage >= 0) this.#remember(block, block.secondPage)
    return this.#enter(block)
  }

  /** At most `limit` instructions from `va` on, to be run once and now; of code that ends after `codeBytes`, which makes the rest #GP(0). */
  once(va: bigint, mode: number, limit: number, codeBytes = Infinity): Block | null {
    const gpa = this.#source.translate(va)
    if (gpa < 0) return FAULT
    return this.#build(va, gpa, mode, this.#map.scratchRecords, Math.min(limit, MAX_INSTRUCTIONS), codeBytes)
  }

  /** Whether a block of RAM has been run from here. */
  has(gpa: number, mode: number): boolean {
    return this.#blocks.has(gpa * MODES + mode)
  }

  isTranslated(gpa: number, mode: number): boolean {
    return this.#translated.has(gpa * MODES + mode)
  }

  /** From now on the block is entered through this handler; undefined: through its own. */
  translate(gpa: number, mode: number, handler: number | undefined): void {
    const key = gpa * MODES + mode
    if (handler === undefined) this.#translated.delete(key)
    else this.#translated.set(key, handler)
    const block = this.#blocks.get(key)
    if (block && block.secondPage < 0)
      this.#view.setUint32(block.record + R.HANDLER, handler ?? block.handler, true)
  }

  /** Tells `holder` when the page in RAM is written. */
  hold(page: number, holder: CodeHolder): void {
    const holders = this.#holders.get(page) ?? new Set()
    this.#holders.set(page, holders.add(holder))
    this.#protect(page)
  }

  release(page: number, holder: CodeHolder): void {
    const holders = this.#holders.get(page)
    if (!holders?.delete(holder) || holders.size > 0) return
    this.#holders.delete(page)
    this.#unprotect(page)
  }

  /** Declares whole pages of unchanging code outside RAM, so that blocks of it are kept like others. */
  addRom(gpa: number, bytes: Uint8Array): void {
    if (gpa % PAGE !== 0 || bytes.length % PAGE !== 0) throw new RangeError('a ROM is made of whole pages')
    this.#roms.push({ gpa, bytes })
  }

  #isRam(gpa: number): boolean {
    if (gpa >= this.#map.ramSize) return false
    return (this.#bytes[this.#map.pageFlags + Math.floor(gpa / PAGE)]! & L.PAGE_DEVICE) === 0
  }

  #romAt(gpa: number): Rom | undefined {
    return this.#roms.find((rom) => gpa >= rom.gpa && gpa < rom.gpa + rom.bytes.length)
  }

  /** Makes generated code find the block. Only code in RAM has a linear address that the TLB gives; other blocks come through `find`. */
  #enter(block: Block): Block {
    if (!this.#isRam(block.gpa)) return block
    // An instruction on two pages may leave the limit of a code segment, which is looked at elsewhere.
    if (block.secondPage >= 0 && block.mode & L.MODE_SEGMENTED) return block
    const linear = this.#map.ram + block.gpa
    const slot = this.#map.blockTable + R.blockSlot(linear) * R.BLOCK_ENTRY_SIZE
    this.#view.setUint32(slot + R.BLOCK_LINEAR, linear, true)
    this.#view.setUint32(slot + R.BLOCK_MODE, block.mode, true)
    this.#view.setUint32(slot + R.BLOCK_RECORD, block.record, true)
    this.#view.setUint32(slot + R.BLOCK_HANDLER, block.handler, true)
    return block
  }

  #leaveTable(block: Block): void {
    const slot = this.#map.blockTable + R.blockSlot(this.#map.ram + block.gpa) * R.BLOCK_ENTRY_SIZE
    if (this.#view.getUint32(slot + R.BLOCK_RECORD, true) !== block.record) return
    this.#view.setUint32(slot + R.BLOCK_LINEAR, 0, true)
  }

  #remember(block: Block, page: number): void {
    const blocks = this.#pages.get(page)
    if (blocks) {
      blocks.add(block)
      return
    }
    this.#pages.set(page, new Set([block]))
    if (page < this.#map.ramSize) this.#protect(page)
  }

  /** Sends writes to a page through the slow path: sets its flag and takes its write tags out of the TLBs. */
  #protect(page: number): void {
    const flag = this.#map.pageFlags + page / PAGE
    this.#bytes[flag]! |= L.PAGE_HAS_CODE
    const linear = (this.#map.ram + page) | 0
    const { tlb, state } = this.#map
    const list = tlb + L.TLB_ARRAY_COUNT * L.TLB_ENTRIES * L.TLB_ENTRY_SIZE
    const filled = this.#view.getUint32(state + L.TLB_FILLED, true)
    const isListed = filled <= L.TLB_FILLED_MAX
    const count = isListed ? filled : L.TLB_ARRAY_COUNT * L.TLB_ENTRIES
    for (let i = 0; i < count; i++) {
      const entry = isListed ? this.#view.getUint32(list + 4 * i, true) : tlb + i * L.TLB_ENTRY_SIZE
      const tag = this.#view.getInt32(entry + L.TLB_WRITE_TAG, true)
      if (((tag + this.#view.getInt32(entry + L.TLB_ADDEND, true)) | 0) !== linear) continue
      this.#view.setBigInt64(entry + L.TLB_WRITE_TAG, -1n, true)
    }
  }

  /** Writes go the fast way again, when nobody has code of the page any more. */
  #unprotect(page: number): void {
    if (page >= this.#map.ramSize || this.#pages.has(page) || this.#holders.has(page)) return
    this.#bytes[this.#map.pageFlags + page / PAGE]! &= ~L.PAGE_HAS_CODE
    this.#covered.delete(page)
    this.#writes.delete(page)
  }

  /** Forgets what was made of these bytes; true if there was something. Safe while that runs, if the run then stops after its instruction. */
  written(gpa: number, size: number): boolean {
    let any = false
    for (let page = gpa - (gpa % PAGE); page < gpa + size; page += PAGE) {
      const blocks = this.#pages.get(page)
      const holders = this.#holders.get(page)
      if ((!blocks && !holders) || !this.#covered.touches(page, gpa, size)) continue
      const writes = (this.#writes.get(page) ?? 0) + 1
      this.#writes.set(page, writes % PATIENCE)
      const [from, length] = writes === PATIENCE ? [page, PAGE] : [gpa, size]
      for (const holder of Array.from(holders ?? [])) {
        if (!holder.isMadeOf(from, length)) continue
        holder.drop()
        any = true
      }
      const forgotten = new Set<number>()
      for (const block of Array.from(blocks ?? [])) {
        if (!isMadeOf(block, from, length)) continue
        this.#forget(block)
        forgotten.add(block.record)
      }
      if (forgotten.size === 0) continue
      any = true
      for (const block of blocks ?? []) this.#unlink(block, forgotten)
    }
    return any
  }

  /** Whoever was linked to a block that is gone looks again; only the last instruction and what continues behind it have links. */
  #unlink({ end }: Block, gone: ReadonlySet<number>): void {
    for (const record of [end - 2 * R.RECORD_SIZE, end - R.RECORD_SIZE])
      for (const field of [R.LINK, R.LINK_NEXT])
        if (gone.has(this.#view.getUint32(record + field, true)))
          this.#view.setUint32(record + field, 0, true)
  }

  #forget(block: Block): void {
    this.#blocks.delete(block.gpa * MODES + block.mode)
    this.#leaveTable(block)
    // Whoever still jumps here (a block that runs and is forgotten itself) looks again.
    this.#view.setUint32(block.record + R.HANDLER, special.stop, true)
    for (const page of [block.gpa - (block.gpa % PAGE), block.secondPage]) {
      const blocks = this.#pages.get(page)
      if (!blocks?.delete(block) || blocks.size > 0) continue
      this.#pages.delete(page)
      this.#unprotect(page)
    }
  }

  /** Forgets everything; not while a block runs. */
  flush(): void {
    for (const holders of Array.from(this.#holders.values()))
      for (const holder of Array.from(holders)) holder.drop()
    this.#blocks.clear()
    const pages = [...this.#pages.keys()]
    this.#pages.clear()
    this.#covered.clear()
    for (const page of pages) this.#unprotect(page)
    const { blockTable } = this.#map
    this.#bytes.fill(0, blockTable, blockTable + R.BLOCK_ENTRIES * R.BLOCK_ENTRY_SIZE)
    this.#free = this.#map.records
    this.generation++
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

  #build(
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
    const rom = this.#romAt(gpa)
    if (rom) {
      code = rom.bytes
      base = gpa - pageOffset - rom.gpa
      end = base + PAGE
    } else if (!this.#isRam(gpa)) {
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
        if (this.#isRam(second) && start !== this.#map.scratchRecords) {
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
    const inPage = Math.min(length, PAGE - pageOffset)
    this.cover(gpa, inPage)
    if (secondPage >= 0 && length > inPage) this.cover(secondPage, length - inPage)
    return { gpa, mode, record: start, end: record + R.RECORD_SIZE, count, secondPage, length, handler }
  }

  /** These bytes have been decoded: whoever made code from them hears when they are written. */
  cover(gpa: number, length: number): void {
    this.#covered.add(gpa, length)
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
      joined[first + i] = this.#isRam(second)
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

function isMadeOf({ gpa, length, secondPage }: Block, from: number, size: number): boolean {
  const inPage = Math.min(length, PAGE - (gpa % PAGE))
  return (
    overlap(gpa, inPage, from, size) || (secondPage >= 0 && overlap(secondPage, length - inPage, from, size))
  )
}

/** Whether two ranges have a byte in common. */
export function overlap(a: number, aSize: number, b: number, bSize: number): boolean {
  return a < b + bSize && b < a + aSize
}
