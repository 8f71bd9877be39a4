/** One byte for each page of RAM, PAGE_ bits of `layout.ts`: what answers there, and whether it was written since somebody looked. */
import * as L from './layout.ts'
import type { MemoryMap } from './memory-map.ts'

/** What answers at a page below the end of RAM: RAM; RAM's bytes, but writes are dropped; the bus. */
export type PageKind = 'ram' | 'rom' | 'device'

const PAGE_BYTES = 4096
const KIND_FLAGS: Readonly<Record<PageKind, number>> = {
  ram: 0,
  rom: L.PAGE_READ_ONLY,
  device: L.PAGE_DEVICE,
}
/** Four bytes that all say clean. */
const CLEAN_PAGES: number = L.PAGE_CLEAN * 0x01010101

export class PageFlags {
  readonly #flags: Uint8Array
  /** The same, four pages at a time. */
  readonly #words: Uint32Array
  readonly #tlb: Int32Array

  constructor(buffer: ArrayBuffer, map: MemoryMap) {
    const pages = map.ramSize / PAGE_BYTES
    this.#flags = new Uint8Array(buffer, map.pageFlags, pages)
    this.#words = new Uint32Array(buffer, map.pageFlags, pages >> 2)
    this.#tlb = new Int32Array(buffer, map.tlb, L.TLB_ARRAYS_SIZE / 4)
  }

  /** Bytes `gpa` … `gpa + length` are written from outside; what lies beyond RAM is ignored. */
  written(gpa: number, length: number): void {
    const end = Math.min(this.#flags.length, Math.ceil((gpa + length) / PAGE_BYTES))
    for (let page = Math.floor(gpa / PAGE_BYTES); page < end; page++) this.#flags[page]! &= ~L.PAGE_CLEAN
  }

  /** Says what answers at whole pages. Whoever calls it flushes the TLB. */
  setKind(gpa: number, length: number, kind: PageKind): void {
    const end = Math.min(this.#flags.length, (gpa + length) / PAGE_BYTES)
    for (let page = gpa / PAGE_BYTES; page < end; page++)
      this.#flags[page] = (this.#flags[page]! & L.PAGE_HAS_CODE) | KIND_FLAGS[kind]
  }

  /** Numbers of the pages that may have been written since the last call; all at the first. */
  takeWritten(): number[] {
    const flags = this.#flags
    const written: number[] = []
    for (let page = 0; page < flags.length; page++) {
      if ((this.#words[page >> 2]! & CLEAN_PAGES) === CLEAN_PAGES) page |= 3
      else if (!(flags[page]! & L.PAGE_CLEAN)) written.push(page)
    }
    for (const page of written) flags[page]! |= L.PAGE_CLEAN
    this.#dropWriteTags()
    return written
  }

  /** Each page's next write takes the slow way, which notes it. */
  #dropWriteTags(): void {
    const tlb = this.#tlb
    const words = L.TLB_ENTRY_SIZE / 4
    for (let at = L.TLB_WRITE_TAG / 4; at < tlb.length; at += words) tlb[at] = tlb[at + 1] = -1
  }
}
