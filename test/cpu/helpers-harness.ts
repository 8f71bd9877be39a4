/** The helpers alone, without an interpreter: a state block, TLBs and a little RAM, and a host that records what is asked. */
import { readFileSync } from 'node:fs'
import type { HelperName } from '../../src/cpu/helpers.ts'
import * as L from '../../src/cpu/layout.ts'
import { memoryMap } from '../../src/cpu/memory-map.ts'
import { resetState } from '../../src/cpu/reset.ts'

const path = new URL('../../build/cpu-helpers.wasm', import.meta.url).pathname
export const helpersModule: WebAssembly.Module = new WebAssembly.Module(readFileSync(path))

export const RAM_SIZE = 4 << 20
export const CR0_LONG = 0x8001_0033n
export const CR4_PAE = 0x20n
export const CR4_LA57 = 0x1000n
export const EFER_LONG = 0xd01n

type Call = (...args: (number | bigint)[]) => number | bigint

const map = memoryMap(RAM_SIZE)
const memory = new WebAssembly.Memory({ initial: map.end / 0x1_0000 })
const hex = (value: number | bigint): string => value.toString(16)
/** Those of the newest instance: all share one memory, because a new one for each would cost more than the tests. */
let log: string[] = []
let events: [number, bigint, bigint][] = []

const host = {
  mmioRead: (_: number, gpa: number, size: number) => (log.push(`r${size} ${hex(gpa)}`), -1),
  mmioRead64: (_: number, gpa: number) => (log.push(`r8 ${hex(gpa)}`), -1n),
  mmioWrite: (_: number, gpa: number, size: number, value: number) =>
    log.push(`w${size} ${hex(gpa)} ${hex(value)}`),
  mmioWrite64: (_: number, gpa: number, value: bigint) =>
    log.push(`w8 ${hex(gpa)} ${hex(BigInt.asUintN(64, value))}`),
  ioRead: (_: number, port: number, size: number) => (log.push(`in${size} ${hex(port)}`), 0x12345678),
  ioWrite: (_: number, port: number, size: number, value: number) =>
    log.push(`out${size} ${hex(port)} ${hex(value)}`),
  codeWritten: (_: number, gpa: number, size: number) => log.push(`code ${hex(gpa)} ${size}`),
  apicRead: () => 0n,
  apicWrite: () => {},
  stopAfterInstruction: () => {},
  ferr: () => 0,
  random: () => 42n,
  probe: (_: number, event: number, x: bigint, y: bigint) =>
    events.push([event, BigInt.asUintN(64, x), BigInt.asUintN(64, y)]),
}
const instance = new WebAssembly.Instance(helpersModule, { env: { memory }, host })

/** Making a new one clears the state and RAM of the one before. */
export class Helpers {
  readonly log: string[] = []
  readonly ram: DataView = new DataView(memory.buffer, map.ram, map.ramSize)
  readonly events: [number, bigint, bigint][] = []
  readonly #state = new DataView(memory.buffer, map.state, L.STATE_SIZE)
  readonly #cpu = map.state
  readonly #exports = instance.exports as Record<string, Call>
  #tables = 0x10_0000

  constructor() {
    log = this.log
    events = this.events
    new Uint8Array(memory.buffer, map.ram, map.ramSize).fill(0)
    new Uint8Array(memory.buffer, map.state, L.STATE_SIZE).fill(0)
    resetState(new DataView(memory.buffer), map.state, map)
    this.call('resetTlb')
    this.call('updateMode')
  }

  /** i64 results are unsigned here. */
  call(name: HelperName, ...args: (number | bigint)[]): number {
    return this.#exports[name]!(this.#cpu, ...args) as number
  }

  value(name: HelperName, ...args: (number | bigint)[]): bigint {
    return BigInt.asUintN(64, this.#exports[name]!(this.#cpu, ...args) as unknown as bigint)
  }

  get(offset: number): bigint {
    return this.#state.getBigUint64(offset, true)
  }

  set(offset: number, value: bigint): void {
    this.#state.setBigUint64(offset, value, true)
  }

  get32(offset: number): number {
    return this.#state.getUint32(offset, true)
  }

  set32(offset: number, value: number): void {
    this.#state.setUint32(offset, value, true)
  }

  gpr(n: number): bigint {
    return this.get(8 * n)
  }

  setGpr(n: number, value: bigint): void {
    this.set(8 * n, BigInt.asUintN(64, value))
  }

  selector(seg: number): number {
    return this.#state.getUint16(L.SEGMENTS + seg * L.SEG_SIZE, true)
  }

  setSegment(seg: number, selector: number, attributes: number, base = 0n, limit = 0xffff_ffff): void {
    const at = L.SEGMENTS + seg * L.SEG_SIZE
    this.set32(at + L.SEG_SELECTOR, selector)
    this.set32(at + L.SEG_ATTRIBUTES, attributes)
    this.set(at + L.SEG_BASE, base)
    this.set32(at + L.SEG_LIMIT, limit)
  }

  read64(gpa: number): bigint {
    return this.ram.getBigUint64(gpa, true)
  }

  write64(gpa: number, value: bigint): void {
    this.ram.setBigUint64(gpa, value, true)
  }

  /** The pending exception as `[vector, error code or null]`, which it clears; null when there is none. */
  exception(): [number, number | null] | null {
    if (!this.get32(L.EXC_PENDING)) return null
    this.set32(L.EXC_PENDING, 0)
    return [this.get32(L.EXC_VECTOR), this.get32(L.EXC_HAS_ERROR) ? this.get32(L.EXC_ERROR) : null]
  }

  /** 64-bit mode with an empty PML4; then `map` pages. */
  enterLongMode(): void {
    this.set(L.CR3, BigInt(this.#newTable()))
    this.set(L.CR4, CR4_PAE)
    this.set(L.EFER, EFER_LONG)
    this.set(L.CR0, CR0_LONG)
    this.setSegment(L.CS, 8, 0xaf9b)
    for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS]) this.setSegment(seg, 0x10, 0xcf93)
    this.refresh()
  }

  refresh(): void {
    this.call('flushTlb')
    this.call('updateMode')
  }

  /** Changes the level as far as paging and checks see it. */
  setCpl(cpl: number): void {
    this.set32(L.CPL, cpl)
    this.call('updateMode')
  }

  #newTable(): number {
    const table = this.#tables
    this.#tables += 4096
    return table
  }

  #topLevel(): number {
    return this.get(L.CR4) & CR4_LA57 ? 5 : 4
  }

  /** Maps a 4 KiB page; `flags` go into the leaf, `upper` into the tables above, which are made when missing. */
  map(va: bigint, gpa: number, flags: bigint, upper = 7n): void {
    let table = Number(this.get(L.CR3))
    for (let level = this.#topLevel(); level > 1; level--) {
      const shift = BigInt(12 + 9 * (level - 1))
      const slot = table + Number((va >> shift) & 511n) * 8
      if (!(this.read64(slot) & 1n)) this.write64(slot, BigInt(this.#newTable()) | upper)
      table = Number(this.read64(slot) & 0xffff_ffff_f000n)
    }
    this.write64(table + Number((va >> 12n) & 511n) * 8, BigInt(gpa) | flags)
  }

  /** Address of the entry at `level` (1 = PTE … 4 = PML4E, 5 = PML5E) that translates `va`. */
  entry(va: bigint, level: number): number {
    let table = Number(this.get(L.CR3))
    for (let at = this.#topLevel(); ; at--) {
      const slot = table + Number((va >> BigInt(12 + 9 * (at - 1))) & 511n) * 8
      if (at === level) return slot
      table = Number(this.read64(slot) & 0xffff_ffff_f000n)
    }
  }

  /** Whether the TLB array of the current mode has a read, write and fetch tag for the page. */
  tags(va: bigint): boolean[] {
    const entry =
      this.get32(L.TLB_BASE) - this.#cpu + Number((va >> 12n) & BigInt(L.TLB_ENTRIES - 1)) * L.TLB_ENTRY_SIZE
    const page = va & ~0xfffn
    const view = new DataView(this.#state.buffer, this.#cpu + entry, L.TLB_ENTRY_SIZE)
    return [L.TLB_READ_TAG, L.TLB_WRITE_TAG, L.TLB_EXEC_TAG].map(
      (tag) => view.getBigUint64(tag, true) === page,
    )
  }
}
