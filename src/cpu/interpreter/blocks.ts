/**
 * The cache of decoded blocks. A block is found by guest-physical address and MODE, so it survives changes of the page tables; it is forgotten when bytes that
 * it was made of are written.
 */
import type { Row } from '../../isa/index.ts'
import * as L from '../layout.ts'
import type { MemoryMap } from '../memory-map.ts'
import {
  type Block,
  BlockBuilder,
  type BlockSource,
  FAULT,
  MAX_INSTRUCTIONS,
  special,
} from './block-builder.ts'
import { ByMode } from './by-mode.ts'
import { CodeMemory } from './code-memory.ts'
import { CoveredBytes } from './covered-bytes.ts'
import * as R from './record.ts'

export type { Block } from './block-builder.ts'

const PAGE = 4096
/** So many writes to code, and all code of the page is forgotten: it is being replaced, and further writes should be quick. */
const PATIENCE = 16

/** Whoever keeps code that was made from guest pages: told when its bytes are written, or much of one of its pages. */
export interface CodeHolder {
  isMadeOf(gpa: number, size: number): boolean
  drop(): void
}

export class BlockCache {
  readonly #map: MemoryMap
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #code: CodeMemory
  readonly #source: BlockSource
  readonly #builder: BlockBuilder
  readonly #blocks = new ByMode<Block>()
  /** Blocks by guest-physical page; a page-crossing one stands in both. */
  readonly #pages = new Map<number, Set<Block>>()
  readonly #holders = new Map<number, Set<CodeHolder>>()
  readonly #covered = new CoveredBytes()
  /** Writes to covered bytes by page, since everything there was forgotten. */
  readonly #writes = new Map<number, number>()
  /** Handlers of translated code by block. */
  readonly #translated = new ByMode<number>()
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
    this.#code = new CodeMemory(memory, map)
    this.#source = source
    this.#builder = new BlockBuilder(memory, map, this.#code, { handlers, executed, source })
    this.#free = map.records
  }

  /** The block at linear address `va`; FAULT when fetching it raised an exception. */
  find(va: bigint, mode: number): Block | null {
    const gpa = this.#source.translate(va)
    if (gpa < 0) return FAULT
    const known = this.#blocks.get(gpa, mode)
    if (known) {
      if (known.secondPage < 0) return this.#enter(known)
      const second = this.#source.translate((va | 0xfffn) + 1n)
      if (second < 0) return FAULT
      if (second === known.secondPage) return this.#enter(known)
      this.#forget(known)
    }
    if (this.#free + (MAX_INSTRUCTIONS + 2) * R.RECORD_SIZE > this.#map.recordsEnd) this.flush()
    // Code of a device is decoded anew each time: nobody tells when it changes.
    if (!this.#code.isRam(gpa) && !this.#code.romAt(gpa))
      return this.#watch(this.#builder.build(va, gpa, mode, this.#map.scratchRecords, 1))
    const block = this.#watch(this.#builder.build(va, gpa, mode, this.#free, MAX_INSTRUCTIONS))
    if (!block) return FAULT
    // No guard can watch a second page outside RAM.
    if (block.secondPage >= 0 && !this.#code.isRam(block.secondPage)) return this.once(va, mode, 1)
    this.#free = block.end
    this.#blocks.set(gpa, mode, block)
    const translated = this.#translated.get(gpa, mode)
    if (translated !== undefined) this.#view.setUint32(block.record + R.HANDLER, translated, true)
    this.#remember(block, gpa - (gpa % PAGE))
    if (block.secondPage >= 0) this.#remember(block, block.secondPage)
    return this.#enter(block)
  }

  /** At most `limit` instructions from `va` on, to be run once and now; of code that ends after `codeBytes`, which makes the rest #GP(0). */
  once(va: bigint, mode: number, limit: number, codeBytes = Infinity): Block | null {
    const gpa = this.#source.translate(va)
    if (gpa < 0) return FAULT
    const most = Math.min(limit, MAX_INSTRUCTIONS)
    return this.#watch(this.#builder.build(va, gpa, mode, this.#map.scratchRecords, most, codeBytes))
  }

  /** A write to the bytes that it was made of will be heard. */
  #watch(block: Block | null): Block | null {
    if (!block) return FAULT
    const { gpa, length, secondPage } = block
    const inPage = bytesInPage(block)
    this.cover(gpa, inPage)
    if (secondPage >= 0 && length > inPage) this.cover(secondPage, length - inPage)
    return block
  }

  /** Whether a block of RAM has been run from here. */
  has(gpa: number, mode: number): boolean {
    return this.#blocks.has(gpa, mode)
  }

  isTranslated(gpa: number, mode: number): boolean {
    return this.#translated.has(gpa, mode)
  }

  /** From now on the block is entered through this handler; undefined: through its own. */
  translate(gpa: number, mode: number, handler: number | undefined): void {
    if (handler === undefined) this.#translated.delete(gpa, mode)
    else this.#translated.set(gpa, mode, handler)
    const block = this.#blocks.get(gpa, mode)
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
    this.#code.addRom(gpa, bytes)
  }

  /** Makes generated code find the block. Only code in RAM has a linear address that the TLB gives; other blocks come through `find`. */
  #enter(block: Block): Block {
    if (!this.#code.isRam(block.gpa)) return block
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
    // No entry gets a write tag while the flag is set.
    if (this.#bytes[flag]! & L.PAGE_HAS_CODE) return
    this.#bytes[flag]! |= L.PAGE_HAS_CODE
    const linear = (this.#map.ram + page) | 0
    const { tlb, state } = this.#map
    const lists = tlb + L.TLB_ARRAYS_SIZE
    const filled = [L.TLB_FILLED, L.TLB_FILLED_GLOBAL].map((list) => this.#view.getUint32(state + list, true))
    if (filled.some((count) => count > L.TLB_FILLED_MAX)) {
      for (let entry = tlb; entry < lists; entry += L.TLB_ENTRY_SIZE) this.#closeToWrites(entry, linear)
      return
    }
    for (const [kind, count] of filled.entries()) {
      const list = lists + 4 * L.TLB_FILLED_MAX * kind
      for (let at = list; at < list + 4 * count; at += 4)
        this.#closeToWrites(this.#view.getUint32(at, true), linear)
    }
  }

  /** Takes its write tag from an entry of the TLB that maps the page at `linear`. */
  #closeToWrites(entry: number, linear: number): void {
    const tag = this.#view.getInt32(entry + L.TLB_WRITE_TAG, true)
    if (((tag + this.#view.getInt32(entry + L.TLB_ADDEND, true)) | 0) === linear)
      this.#view.setBigInt64(entry + L.TLB_WRITE_TAG, -1n, true)
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
    this.#blocks.delete(block.gpa, block.mode)
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

  /** These bytes have been decoded: whoever made code from them hears when they are written. */
  cover(gpa: number, length: number): void {
    this.#covered.add(gpa, length)
  }
}

/** Of the bytes that decide what it is, those in its first page. */
function bytesInPage({ gpa, length }: Block): number {
  return Math.min(length, PAGE - (gpa % PAGE))
}

function isMadeOf(block: Block, from: number, size: number): boolean {
  const { gpa, length, secondPage } = block
  const inPage = bytesInPage(block)
  return (
    overlap(gpa, inPage, from, size) || (secondPage >= 0 && overlap(secondPage, length - inPage, from, size))
  )
}

/** Whether two ranges have a byte in common. */
export function overlap(a: number, aSize: number, b: number, bSize: number): boolean {
  return a < b + bSize && b < a + aSize
}
