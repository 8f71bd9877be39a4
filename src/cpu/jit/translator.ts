/** Decides what is translated, when, and how long it stays. Everything follows from counts of instructions, so runs repeat. */
import type { Row } from '../../isa/index.ts'
import { type Block, type BlockCache, type CodeHolder, overlap } from '../interpreter/blocks.ts'
import * as L from '../layout.ts'
import type { MemoryMap } from '../memory-map.ts'
import { ModuleBuilder } from '../wasm/index.ts'
import { addressBits, PAGE, pageOf, type Offset, type Region } from './block.ts'
import { Discovery, type Limits } from './discover.ts'
import { emitRegion, type Exit } from './emit.ts'
import { Untranslatable } from './instruction-context.ts'
import { Runtime } from './runtime.ts'
import { HOT_FAILURE, hotExit, SiteAllocator, WARM_EXIT } from './sites.ts'
import type { SharedTable } from './table.ts'
import { CR4_HIGH_FRED } from './transitions.ts'

/**
 * Samples of a block after which it is hot: in a busy guest while translations are free, and otherwise. One that sleeps between short pieces of work would wait for
 * translations as long as for very many of these.
 */
const HOT_AT_FIRST = 2
const HOT = 8
/** How often a region is translated anew because of its ways out. */
const MAX_IMPROVEMENTS = 3
/** Instructions for each hope that failed, beyond which that does no harm. */
const RARELY = 1000
/** Places whose heat is remembered. */
const MAX_HEAT = 8192
/** V8's optimiser takes longer than twice the time for a function of twice the size, and runs the old one meanwhile. */
const LIMITS: Limits = { blocks: 110, instructions: 600 }
/** Translating everything at once, small pieces find more mistakes in less time. */
const EAGER_LIMITS: Limits = { blocks: 12, instructions: 80 }
/**
 * Retired instructions for each translated one, so that a guest whose code changes all the time, or is spread too wide, loses a fraction of its speed to
 * translations and no more. The first few are free.
 */
const PRICE = 150_000
const CREDIT = 6_000
/**
 * Translated instructions that each sample pays for besides: interpreting takes several times as long as translated code, and a slice of it as long as
 * translating a few instructions.
 */
const PAID_BY_SAMPLE = 0.75
/** Bytes of wasm that translated code may hold; beyond it everything is dropped. */
const MAX_BYTES = 64 << 20
/** More than any value of MODE. */
const MODES = 1024

export interface TranslatorStatistics {
  /** Regions and bytes of wasm that there are now. */
  readonly regions: number
  readonly bytes: number
  /** Over the whole run. */
  readonly compiled: number
  readonly dropped: number
  readonly compileMs: number
}

export interface TranslatorOptions {
  readonly memory: WebAssembly.Memory
  readonly map: MemoryMap
  readonly table: SharedTable
  readonly blocks: BlockCache
  /** Translates whatever is executed once. */
  readonly eager: boolean
  /** Rows that this model of the processor does not execute as they stand: the interpreter knows what it does instead. */
  readonly refused: readonly Row[]
}

/** What is known of a region beyond its code; it outlives translations. */
class Knowledge {
  /** Where its indirect jumps went. */
  readonly targets = new Map<Offset, Set<Offset>>()
  /** Places that its ways out led to. */
  readonly wanted = new Set<Offset>()
  /** Nothing is hoped for any more: see `Frame.isHopeful`. */
  isSober = false
  /** Retired instructions when that was counted last. */
  counted = 0
  /** How often it has been translated anew. */
  improvements = 0
}

/** A region whose code is installed. */
class Installed implements CodeHolder {
  readonly region: Region
  readonly knowledge: Knowledge
  readonly bytes: number
  readonly sites: ReadonlyMap<number, Exit>
  /** Table slots by guest-physical address of the entry. */
  readonly slots = new Map<number, number>()
  readonly #drop: (installed: Installed) => void

  constructor(
    region: Region,
    knowledge: Knowledge,
    bytes: number,
    sites: ReadonlyMap<number, Exit>,
    drop: (installed: Installed) => void,
  ) {
    this.region = region
    this.knowledge = knowledge
    this.bytes = bytes
    this.sites = sites
    this.#drop = drop
  }

  isMadeOf(gpa: number, size: number): boolean {
    for (const { at, end } of this.region.blocks.values()) {
      const page = this.region.pages.get(pageOf(at))!
      if (overlap(page + at - pageOf(at) * PAGE, end - at, gpa, size)) return true
    }
    return false
  }

  drop(): void {
    this.#drop(this)
  }
}

export class Translator {
  static readonly nothing: TranslatorStatistics = {
    regions: 0,
    bytes: 0,
    compiled: 0,
    dropped: 0,
    compileMs: 0,
  }
  readonly #memory: WebAssembly.Memory
  readonly #map: MemoryMap
  readonly #table: SharedTable
  readonly #blocks: BlockCache
  readonly #eager: boolean
  readonly #view: DataView
  readonly #sites: SiteAllocator
  readonly #installed = new Set<Installed>()
  readonly #siteOwners = new Map<number, Installed>()
  /** Rows that cannot be translated. */
  readonly #refused: Set<number>
  readonly #heat = new Map<number, number>()
  /** Instructions that have been translated, over the whole run. */
  #translated = 0
  /** Slices that have ended in the interpreter. */
  #samples = 0
  #bytes = 0
  #compiled = 0
  #dropped = 0
  #compileMs = 0

  constructor({ memory, map, table, blocks, eager, refused }: TranslatorOptions) {
    this.#refused = new Set(refused.map(({ index }) => index))
    this.#memory = memory
    this.#map = map
    this.#table = table
    this.#blocks = blocks
    this.#eager = eager
    this.#view = new DataView(memory.buffer)
    this.#sites = new SiteAllocator(memory.buffer, map.sites)
  }

  get statistics(): TranslatorStatistics {
    return {
      regions: this.#installed.size,
      bytes: this.#bytes,
      compiled: this.#compiled,
      dropped: this.#dropped,
      compileMs: this.#compileMs,
    }
  }

  /** A slice of the interpreter has ended before the block at `va`; `isBusy`: the guest has not halted in it. */
  sample(va: bigint, mode: number, isBusy: boolean): void {
    this.#samples++
    if (!isTranslatable(mode)) return
    const gpa = this.#execGpa(va)
    if (gpa < 0 || this.#blocks.isTranslated(gpa, mode)) return
    const key = gpa * MODES + mode
    const heat = (this.#heat.get(key) ?? 0) + 1
    if (this.#heat.size >= MAX_HEAT) this.#heat.clear()
    this.#heat.set(key, heat)
    const hot = isBusy && this.#translated < CREDIT ? HOT_AT_FIRST : HOT
    if (heat >= hot && this.#isAffordable()) this.#translate(va, gpa, mode)
  }

  /** The block is about to be run, and to be translated if it can be. */
  force(va: bigint, { gpa, mode, secondPage }: Block): void {
    if (!isTranslatable(mode) || secondPage >= 0 || this.#blocks.isTranslated(gpa, mode)) return
    if (this.#execGpa(va) === gpa) this.#translate(va, gpa, mode)
  }

  /** A way out of a region has been taken often: the region is translated anew, with what it lacked. */
  improve(site: number): void {
    const installed = this.#siteOwners.get(site)
    const exit = installed?.sites.get(site)
    if (!installed || !exit) return
    if (!this.#isAffordable() || (exit === 'failure' && !this.#failsOften(installed.knowledge)))
      return this.#sites.restart(site)
    const { region, knowledge } = installed
    if (exit === 'failure') knowledge.isSober = true
    // Whatever else has been taken often comes in by the same translation.
    for (const [other, way] of installed.sites)
      if (other === site || this.#sites.count(other) >= WARM_EXIT) this.#learn(knowledge, other, way)
    if (exit !== 'failure') knowledge.improvements++
    const [seed] = region.entries as [Offset]
    const va = BigInt.asUintN(addressBits(region.mode), this.#sites.base(site) + BigInt(seed))
    const gpa = this.#execGpa(va)
    installed.drop()
    if (gpa >= 0) this.#translate(va, gpa, region.mode, knowledge)
  }

  /** Remembers where a way out has led. */
  #learn(knowledge: Knowledge, site: number, exit: Exit): void {
    if (exit === 'failure') return
    if ('target' in exit) knowledge.wanted.add(exit.target)
    else {
      const known = knowledge.targets.get(exit.jump) ?? new Set()
      for (const target of this.#sites.targets(site)) known.add(target)
      knowledge.targets.set(exit.jump, known)
    }
  }

  /** Whether hopes have failed so often since the last time that it is worth a translation. */
  #failsOften(knowledge: Knowledge): boolean {
    const retired = Number(this.#view.getBigUint64(this.#map.state + L.RETIRED, true))
    const since = retired - knowledge.counted
    knowledge.counted = retired
    return since < HOT_FAILURE * RARELY
  }

  /** Whether the run has been long enough for one more translation. Counted in instructions, so that runs repeat. */
  #isAffordable(): boolean {
    const retired = Number(this.#view.getBigUint64(this.#map.state + L.RETIRED, true))
    const paid = CREDIT + retired / PRICE + this.#samples * PAID_BY_SAMPLE
    return this.#eager || this.#translated <= paid
  }

  /** Guest-physical address of code in RAM as the exec TLB of the current or of another ring has it, or -1. */
  #execGpa(va: bigint): number {
    const current = this.#execGpaIn(this.#view.getUint32(this.#map.state + L.TLB_BASE, true), va)
    if (current >= 0) return current
    for (let n = 0; n < L.TLB_ARRAY_COUNT; n++) {
      const other = this.#execGpaIn(this.#map.tlb + n * L.TLB_ENTRIES * L.TLB_ENTRY_SIZE, va)
      if (other >= 0) return other
    }
    return -1
  }

  #execGpaIn(array: number, va: bigint): number {
    const index = Number((va >> 12n) & BigInt(L.TLB_ENTRIES - 1))
    const entry = array + index * L.TLB_ENTRY_SIZE
    if (this.#view.getBigUint64(entry + L.TLB_EXEC_TAG, true) !== (BigInt.asUintN(64, va) & ~0xfffn))
      return -1
    const linear = (Number(va & 0xffff_ffffn) + this.#view.getUint32(entry + L.TLB_ADDEND, true)) >>> 0
    const gpa = linear - this.#map.ram
    return gpa >= 0 && gpa < this.#map.ramSize ? gpa : -1
  }

  #translate(va: bigint, gpa: number, mode: number, knowledge = new Knowledge()): void {
    const started = performance.now()
    while (!this.#tryTranslate(va, gpa % PAGE, mode, knowledge));
    this.#compileMs += performance.now() - started
  }

  /** False when an instruction turned out not to be translatable: then once more without it. */
  #tryTranslate(va: bigint, seed: number, mode: number, knowledge: Knowledge): boolean {
    const home = va - BigInt(seed)
    const page = (relative: number): number =>
      this.#execGpa(BigInt.asUintN(addressBits(mode), home + BigInt(relative * PAGE)))
    const wanted = (offset: Offset): boolean => {
      if (this.#eager || knowledge.wanted.has(offset)) return true
      const gpa = page(pageOf(offset))
      return gpa >= 0 && this.#blocks.has(gpa + (offset - pageOf(offset) * PAGE), mode)
    }
    const bytes = new Uint8Array(this.#memory.buffer)
    const seenTargets = (offset: Offset): Offset[] => [...(knowledge.targets.get(offset) ?? [])]
    const source = { bytes, ram: this.#map.ram, page, wanted, refused: this.#refused, seenTargets }
    const limits = this.#eager ? EAGER_LIMITS : LIMITS
    const region = new Discovery(source, mode, limits).region(seed)
    const sites: number[] = []
    for (const { instructions } of region?.blocks.values() ?? []) this.#translated += instructions.length
    try {
      if (region) this.#install(region, knowledge, sites)
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error
      for (const site of sites) this.#sites.give(site)
      this.#refused.add(error.decoded.instruction.row.index)
      return false
    }
    return true
  }

  /** `taken` gets the sites that the code uses. */
  #install(region: Region, knowledge: Knowledge, taken: number[]): void {
    const module = new ModuleBuilder()
    module.importMemory('env', 'memory')
    module.importTable('env', 'table', 0)
    const failures = knowledge.isSober ? 0 : this.#sites.take()
    if (failures !== 0) taken.push(failures)
    const { entries, sites } = emitRegion(module, region, {
      runtime: new Runtime(module, this.#table),
      ram: this.#map.ram,
      counting: { hotExit: hotExit(knowledge.improvements), failures },
      hasUsualTransitions: this.#hasUsualTransitions,
      takeSite: () => {
        if (knowledge.improvements >= MAX_IMPROVEMENTS) return 0
        const site = this.#sites.take()
        if (site !== 0) taken.push(site)
        return site
      },
    })
    for (const [at, entry] of entries) module.exportFunction(`${at}`, entry)
    const bytes = module.build()
    const env = { memory: this.#memory, table: this.#table.callees }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
    if (this.#bytes + bytes.length > MAX_BYTES) this.dropAll()
    const drop = (dropped: Installed): void => this.#drop(dropped)
    const installed = new Installed(region, knowledge, bytes.length, sites, drop)
    for (const site of sites.keys()) this.#siteOwners.set(site, installed)
    for (const at of entries.keys()) {
      const gpa = region.pages.get(pageOf(at))! + (at - pageOf(at) * PAGE)
      if (this.#blocks.isTranslated(gpa, region.mode)) continue
      const slot = this.#table.add(exports[`${at}`])
      installed.slots.set(gpa, slot)
      this.#blocks.translate(gpa, region.mode, slot)
    }
    for (const page of region.pages.values()) this.#blocks.hold(page, installed)
    for (const { at, end } of region.blocks.values()) {
      const page = region.pages.get(pageOf(at))!
      this.#blocks.cover(page + at - pageOf(at) * PAGE, end - at)
    }
    this.#installed.add(installed)
    this.#bytes += bytes.length
    this.#compiled++
  }

  get #hasUsualTransitions(): boolean {
    const isFred = (this.#view.getUint32(this.#map.state + L.CR4 + 4, true) & CR4_HIGH_FRED) !== 0
    return !isFred && this.#view.getUint32(this.#map.state + L.PROBE, true) === 0
  }

  #drop(installed: Installed): void {
    if (!this.#installed.delete(installed)) return
    const { region, slots, bytes, sites } = installed
    for (const site of sites.keys()) {
      this.#siteOwners.delete(site)
      this.#sites.give(site)
    }
    for (const [gpa, slot] of slots) {
      this.#blocks.translate(gpa, region.mode, undefined)
      this.#table.remove(slot)
    }
    for (const page of region.pages.values()) this.#blocks.release(page, installed)
    this.#bytes -= bytes
    this.#dropped++
  }

  /** Gives back all translated code; not while it runs. */
  dropAll(): void {
    for (const installed of Array.from(this.#installed)) installed.drop()
    this.#heat.clear()
  }
}

/** 64-bit code, and 32-bit code with flat segments. */
function isTranslatable(mode: number): boolean {
  const rare = L.MODE_SINGLE_STEP | L.MODE_TRACE_CALLS | L.MODE_SEGMENTED
  return (mode & L.MODE_CODE) !== L.MODE_CODE16 && (mode & rare) === 0
}
