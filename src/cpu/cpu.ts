/**
 * The processor as the board drives it. One `Cpu` owns one WebAssembly memory, in which its state, its translated code and guest RAM lie;
 * the modules hold no state. Everything is synchronous and deterministic.
 */
import { rows } from '../isa/index.ts'
import type { CpuBus } from './bus.ts'
import type { CpuModel } from './cpuid/features.ts'
import { rowsOf } from './cpuid/rows.ts'
import {
  hostImports,
  STATUS_AGAIN,
  STATUS_EXCEPTION,
  type HelperName,
  type HostImportName,
} from './helpers.ts'
import { makeCanonical } from './canonical.ts'
import { BlockCache, type Block } from './interpreter/blocks.ts'
import {
  STATUS_LINK,
  RECORD_SIZE,
  HANDLER,
  IP,
  NEXT,
  STATUS_BUDGET_TRANSLATED,
  STATUS_CAREFUL,
  STATUS_HOT_EXIT,
} from './interpreter/record.ts'
import { HANDLER_SECTION } from './interpreter/special.ts'
import * as S from './guest/private.ts'
import { SharedTable } from './jit/table.ts'
import { Translator, type TranslatorStatistics } from './jit/translator.ts'
import * as L from './layout.ts'
import { memoryMap, type MemoryMap } from './memory-map.ts'
import { counterNames } from './counter-names.ts'
import * as COUNT from './counters.ts'
import { EVENT_CALL, EVENT_RET, EVENT_TRACE_FULL } from './probe.ts'
import { resetState } from './reset.ts'
import { describeTripleFault, exceptionName, type TripleFault } from './triple-fault.ts'
import { RunStatistics, type TierShares } from './run-statistics.ts'

/**
 * Why `run` came back: the budget is spent or the run was interrupted; HLT with nothing to do; a triple fault; the next instruction stands at a code point; the
 * last one has met a data point.
 */
export type RunEnd = 'budget' | 'halted' | 'triple-fault' | 'breakpoint' | 'watchpoint'

/** Where a debugger outside wants a run to end; the guest does not notice. `address` is linear. */
export interface DebugPoint {
  readonly address: bigint
  readonly bytes: number
  readonly on: 'execute' | 'write' | 'read' | 'access'
}

/** At most so many at once. */
export const MAX_POINTS: number = S.POINT_MAX

const POINT_ACCESS: Readonly<Record<DebugPoint['on'], number>> = {
  execute: S.POINT_EXECUTE,
  write: S.POINT_WRITE,
  read: S.POINT_READ,
  access: S.POINT_READ | S.POINT_WRITE,
}

/** What answers at a page below the end of RAM: RAM; RAM's bytes, but writes are dropped; the bus. */
export type PageKind = 'ram' | 'rom' | 'device'

const PAGE_BYTES = 4096
const PAGE_KIND_FLAGS: Readonly<Record<PageKind, number>> = {
  ram: 0,
  rom: L.PAGE_READ_ONLY,
  device: L.PAGE_DEVICE,
}

/** Takes records of `trace-record.ts`, whole and in order; the bytes are valid during the call. It must not touch the processor. */
export type TraceSink = (records: Uint8Array) => void

/** Hears one event of `probe.ts`. */
export type ProbeListener = (event: number, x: bigint, y: bigint) => void

/**
 * Which way instructions are executed: `interpreter`; `jit`, everything that can be translated at once, for tests; `auto`, what runs often. The
 * guest cannot tell.
 */
export type Engine = 'auto' | 'interpreter' | 'jit'

export interface CpuOptions {
  /** `build/interpreter.wasm` and `build/cpu-helpers.wasm`, compiled. */
  readonly interpreter: WebAssembly.Module
  readonly helpers: WebAssembly.Module
  readonly bus: CpuBus
  /** Bytes; a multiple of 4096, at most 3.5 GiB. */
  readonly ramSize: number
  /** Default: `auto`. */
  readonly engine?: Engine
  /** What CPUID says and the decoder accepts; `max` unless given. */
  readonly model?: CpuModel | undefined
}

/** Where time went. */
export interface EngineStatistics extends TranslatorStatistics {
  readonly engine: Engine
  /** By samples, one at the end of each slice of the run; exact where only the interpreter runs. */
  readonly tiers: TierShares
  /** How often execution came back to the host, by reason. */
  readonly exits: Readonly<Record<string, number>>
}

/** What `Cpu.save` gives; plain data. */
export interface CpuState {
  block: Uint8Array
  tlb: Uint8Array
  /** Where things lay: addresses are a part of the state. */
  map: Record<string, number>
}

type Helper = (cpu: number, ...args: (number | bigint)[]) => number
type ExecuteBy = (cpu: number, record: number, budget: number, handler: number) => number
type Execute = (cpu: number, record: number, budget: number) => number
type Value = (cpu: number, ...args: (number | bigint)[]) => bigint

/** The record index of the handler that ends a run; see `special.ts`. */
const STOP_HANDLER = 1
/** Budgets are i32 in generated code. */
const MAX_BUDGET = 2 ** 30
/** No block has more instructions. */
const LARGEST_BLOCK = 64
/**
 * A run is cut into slices, between which one looks where it is: short ones while the interpreter runs, at random so that no loop escapes; long ones in
 * translated code, which V8 replaces by its optimised version only when it is entered anew.
 */
const SLICE = 8192
const LONG_SLICE = 1 << 19
/** A run that has delivered so many exceptions comes back early. */
const EXCEPTIONS_PER_RUN = 10_000
/** What one piece of a long string instruction counts as, in exceptions. */
const AGAIN_COST = 250
/** Which counters together say how many events have been delivered. */
const EVENT_COUNTERS = [
  COUNT.COUNT_SOFTWARE_INTERRUPT,
  COUNT.COUNT_EXCEPTION,
  COUNT.COUNT_INTERRUPT,
  COUNT.COUNT_FRED_EVENT,
]
/** Four bytes of page flags that all say clean. */
const CLEAN_PAGES: number = L.PAGE_CLEAN * 0x01010101
const IF = 0x200n
const DR6_BS = 0x4000
const DEBUGCTL_BTF = 2n
const VECTOR_GP = 13
const A20 = 1n << 20n
/** Bytes of the longest instruction. */
const MAX_LENGTH = 15

export class Cpu {
  readonly #bus: CpuBus
  readonly #model: CpuModel
  readonly #map: MemoryMap
  readonly #memory: WebAssembly.Memory
  readonly #view: DataView
  readonly #state: number
  readonly #u64: BigUint64Array
  readonly #u32: Uint32Array
  readonly #helpers: Record<HelperName, unknown>
  readonly #execute: Execute
  readonly #executeBy: ExecuteBy
  readonly #blocks: BlockCache
  readonly #listeners = new Map<ProbeListener, boolean>()
  #trace: { readonly sink: TraceSink; readonly kinds: number } | null = null
  readonly #engine: Engine
  readonly #translator: Translator | null
  readonly #statistics = new RunStatistics()
  /** Instructions of the run beyond the current slice. */
  #reserve = 0
  #slices = 1
  /** The last run ended in translated code. */
  #inTranslated = false
  #running = false
  #interrupted = false
  /** An event that is delivered ends the run. */
  #stepping = false
  #points: readonly DebugPoint[] = []
  readonly #codePoints = new Set<bigint>()
  /** The next instruction is not looked for among the points. */
  #passing = false
  /** Record whose handler has been replaced to end the run, and what it was; 0 = none. */
  #patched = 0
  #patchedHandler = 0

  constructor({ interpreter, helpers, bus, ramSize, engine = 'auto', model = 'max' }: CpuOptions) {
    this.#model = model
    this.#bus = bus
    this.#map = memoryMap(ramSize)
    const pages = this.#map.end / 0x1_0000
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { buffer } = this.#memory
    this.#view = new DataView(buffer)
    this.#state = this.#map.state
    this.#u64 = new BigUint64Array(buffer, this.#state, L.STATE_SIZE / 8)
    this.#u32 = new Uint32Array(buffer, this.#state, L.STATE_SIZE / 4)

    const keys = handlerKeys(interpreter)
    const handlers = new Map(keys.map((key, index) => [key, index]))
    const table = new SharedTable(keys.length)
    const env = {
      memory: this.#memory,
      table: table.handlers,
      abort: () => {
        throw new Error('a processor helper aborted')
      },
    }
    const host = this.#hostFunctions()
    this.#helpers = new WebAssembly.Instance(helpers, { env, host }).exports as Record<HelperName, unknown>
    const helper = this.#helpers as unknown as Record<string, unknown>
    const instance = new WebAssembly.Instance(interpreter, { env, helper, host })
    table.share(helper, instance.exports)
    this.#execute = instance.exports.run as Execute
    this.#executeBy = instance.exports.runBy as ExecuteBy
    const executed = rowsOf(model)
    this.#blocks = new BlockCache(buffer, this.#map, handlers, executed, {
      translate: (va) => Number(this.#value('translateExec')(this.#state, va)),
      fetchByte: (gpa) => this.#bus.mmioRead(gpa, 1),
    })
    this.#engine = engine
    this.#translator =
      engine === 'interpreter'
        ? null
        : new Translator({
            memory: this.#memory,
            map: this.#map,
            table,
            blocks: this.#blocks,
            eager: engine === 'jit',
            refused: rows.filter((row) => executed[row.index] !== row),
          })
    this.reset()
  }

  /** Guest RAM, from guest-physical 0 on. Tell `ramWritten` before you write where code may have run. */
  get ram(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#map.ram, this.#map.ramSize)
  }

  /** The memory in which RAM lies, and where. */
  get memory(): { buffer: ArrayBuffer; ramOffset: number } {
    return { buffer: this.#memory.buffer, ramOffset: this.#map.ram }
  }

  // Registers

  /** General register by number, 0 … 15. */
  gpr(number: number): bigint {
    return this.#u64[L.GPR / 8 + number]!
  }

  setGpr(number: number, value: bigint): void {
    this.#u64[L.GPR / 8 + number] = value
  }

  get rip(): bigint {
    return this.#u64[L.RIP / 8]!
  }

  set rip(value: bigint) {
    this.#u64[L.RIP / 8] = value
  }

  /** All of RFLAGS. */
  get rflags(): bigint {
    return BigInt.asUintN(64, this.#value('getRflags')(this.#state))
  }

  set rflags(value: bigint) {
    this.#helper('setRflags')(this.#state, value)
    this.#helper('updateMode')(this.#state)
  }

  /** A field of the state block by its offset in `layout.ts`; call `stateChanged` after writing. */
  getState64(offset: number): bigint {
    return this.#u64[offset / 8]!
  }

  setState64(offset: number, value: bigint): void {
    this.#u64[offset / 8] = value
  }

  getState32(offset: number): number {
    return this.#u32[offset / 4]!
  }

  setState32(offset: number, value: number): void {
    this.#u32[offset / 4] = value
  }

  /** The low 128 bits of a vector register, as a view; `lane` 1: bits 128 to 255. */
  vector(number: number, lane: 0 | 1 = 0): Uint8Array {
    const at = this.#state + L.XMM + number * L.XMM_STRIDE + 16 * lane
    return new Uint8Array(this.#memory.buffer, at, 16)
  }

  /** A segment register or LDTR, TR by its number in `layout.ts`. Attributes are descriptor bits 40 … 55. */
  setSegment(
    seg: number,
    fields: { selector: number; base: bigint; limit: number; attributes: number },
  ): void {
    const at = L.SEGMENTS + seg * L.SEG_SIZE
    this.#view.setUint16(this.#state + at + L.SEG_SELECTOR, fields.selector, true)
    this.setState32(at + L.SEG_ATTRIBUTES, fields.attributes)
    this.setState64(at + L.SEG_BASE, fields.base)
    this.setState32(at + L.SEG_LIMIT, fields.limit)
  }

  /** To be called after control registers, segments or CPL were written from outside. */
  stateChanged(): void {
    this.#helper('resetTlb')(this.#state)
    this.#helper('updateMode')(this.#state)
  }

  get interruptsEnabled(): boolean {
    return (this.getState64(L.RFLAGS) & IF) !== 0n
  }

  /** Instructions retired since the reset; exact, also from within a bus access. */
  get retired(): number {
    return this.getState32(L.RETIRED) + this.getState32(L.RETIRED + 4) * 2 ** 32
  }

  /** What has been counted since the reset; exact, also from within a bus access. */
  counters(): { rings: number[]; events: Record<string, number> } {
    const at = (counter: number): number => Number(this.getState64(L.COUNTERS + 8 * counter))
    const rings = [0, 1, 2, 3].map((ring) => at(COUNT.COUNT_RINGS + ring))
    rings[this.getState32(L.CPL)]! += this.retired - at(COUNT.COUNT_SINCE)
    const events: Record<string, number> = {}
    for (const [counter, name] of counterNames) if (at(counter) > 0) events[name] = at(counter)
    return { rings, events }
  }

  /** Walks that the machine's own TLB was filled by: of one engine, not of the guest. */
  get tlbMisses(): number {
    return Number(this.getState64(L.COUNTERS + 8 * COUNT.COUNT_TLB_MISS))
  }

  /** What led to the last triple fault. */
  get tripleFault(): TripleFault {
    const length = Math.min(8, this.getState32(S.SHUTDOWN_CHAIN_LENGTH))
    const chain = Array.from({ length }, (_, i) => {
      const error = this.getState32(S.SHUTDOWN_ERRORS + 4 * i)
      return {
        name: exceptionName(this.getState32(S.SHUTDOWN_CHAIN + 4 * i)),
        error: error === S.SHUTDOWN_NO_ERROR ? null : error,
      }
    })
    return { chain, rip: hex(this.getState64(S.SHUTDOWN_RIP)), cr2: hex(this.getState64(L.CR2)) }
  }

  /** The same in one line. */
  describeTripleFault(): string {
    return describeTripleFault(this.tripleFault)
  }

  /** What the engine has done so far. */
  get engineStatistics(): EngineStatistics {
    const { tiers, exits } = this.#statistics
    return { engine: this.#engine, tiers, exits, ...(this.#translator?.statistics ?? Translator.nothing) }
  }

  // Signals

  /** Whether the board asserts INTR. From within a bus access it takes effect after the instruction that made it. */
  setInterrupt(pending: boolean): void {
    this.setState32(L.INTR, Number(pending))
    if (pending && this.#running && this.interruptsEnabled) this.#stopAfterInstruction()
  }

  /** A non-maskable interrupt, taken at the next instruction boundary. */
  nmi(): void {
    this.setState32(S.NMI_PENDING, 1)
    if (this.#running) this.#stopAfterInstruction()
  }

  /** Ends the current run after the instruction, or the delivery of an event, that is under way. */
  interruptRun(): void {
    this.#interrupted = true
    if (this.#running) this.#stopAfterInstruction()
  }

  /** RAM is about to be written from outside (a device, a loader): decoded code there is forgotten. */
  ramWritten(gpa: number, length: number): void {
    const end = Math.min(gpa + length, this.#map.ramSize)
    for (let page = Math.floor(gpa / PAGE_BYTES); page * PAGE_BYTES < end; page++)
      this.#flags[page]! &= ~L.PAGE_CLEAN
    if (this.#blocks.written(gpa, length) && this.#running) this.#stopAfterInstruction()
  }

  /** Says what answers at whole pages below the end of RAM. May be called from within a bus access. */
  setPages(gpa: number, length: number, kind: PageKind): void {
    this.ramWritten(gpa, length)
    const end = Math.min(gpa + length, this.#map.ramSize) / PAGE_BYTES
    for (let page = gpa / PAGE_BYTES; page < end; page++) {
      const at = this.#map.pageFlags + page
      const codeFlag = this.#view.getUint8(at) & L.PAGE_HAS_CODE
      this.#view.setUint8(at, codeFlag | PAGE_KIND_FLAGS[kind])
    }
    this.#helper('flushTlb')(this.#state)
  }

  /** Whether bit 20 of guest-physical addresses passes, or is zero. May be called from within a bus access. */
  setA20(isOpen: boolean): void {
    this.setState64(S.CLOSED_ADDRESS_BITS, isOpen ? 0n : A20)
    this.#helper('flushTlb')(this.#state)
    if (this.#running) this.#stopAfterInstruction()
  }

  /**
   * Numbers of the pages of RAM that may have been written since the last call; all pages at the first. What the guest sees stays as it is, but writes to each
   * page are slower once. Not from within a run.
   */
  takeWrittenPages(): number[] {
    const flags = this.#flags
    const written: number[] = []
    // Most are clean: four at a time.
    const words = new Uint32Array(flags.buffer, flags.byteOffset, flags.length >> 2)
    for (let page = 0; page < flags.length; page++) {
      if ((words[page >> 2]! & CLEAN_PAGES) === CLEAN_PAGES) page |= 3
      else if (!(flags[page]! & L.PAGE_CLEAN)) written.push(page)
    }
    for (const page of written) flags[page]! |= L.PAGE_CLEAN
    this.#dropWriteTags()
    return written
  }

  #dropWriteTags(): void {
    const words = L.TLB_ENTRY_SIZE / 4
    const entries = new Int32Array(
      this.#memory.buffer,
      this.#map.tlb,
      L.TLB_ARRAY_COUNT * L.TLB_ENTRIES * words,
    )
    for (let at = L.TLB_WRITE_TAG / 4; at < entries.length; at += words) entries[at] = entries[at + 1] = -1
  }

  /** One byte for each page of RAM, PAGE_ bits. */
  get #flags(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#map.pageFlags, this.#map.ramSize / PAGE_BYTES)
  }

  // Points of a debugger

  /** Replaces them all. Throws a RangeError when there are more than MAX_POINTS. Not from within a run. */
  setPoints(points: readonly DebugPoint[]): void {
    if (points.length > MAX_POINTS) throw new RangeError(`${points.length} points: at most ${MAX_POINTS}`)
    this.#points = points
    this.#codePoints.clear()
    for (const { address, on } of points) if (on === 'execute') this.#codePoints.add(address)
    this.#placePoints()
  }

  #placePoints(): void {
    const points = this.#points
    const has = (isCode: boolean): boolean => points.some(({ on }) => (on === 'execute') === isCode)
    this.setState32(S.POINT_KINDS, (has(true) ? S.WATCH_CODE : 0) | (has(false) ? S.WATCH_DATA : 0))
    this.setState32(S.POINT_COUNT, points.length)
    for (const [i, { address, bytes, on }] of points.entries()) {
      const at = S.POINTS + i * S.POINT_SIZE
      this.setState64(at, address)
      this.setState32(at + S.POINT_BYTES, bytes)
      this.setState32(at + S.POINT_ACCESS, POINT_ACCESS[on])
    }
    this.#helper('pointsChanged')(this.#state)
  }

  /** The data point for which the last run ended. */
  get metPoint(): DebugPoint | undefined {
    return this.#points[this.getState32(S.POINT_MET) - 1]
  }

  /** The next run may begin with an instruction at a code point. */
  passPoint(): void {
    this.#passing = true
  }

  /** Declares whole pages outside RAM whose bytes, which the bus gives, never change: code there runs as fast as in RAM. */
  addRom(gpa: number, bytes: Uint8Array): void {
    this.#blocks.addRom(gpa, bytes)
  }

  /** Virtual time has passed while the processor was halted. */
  addHalted(ns: number): void {
    this.setState64(L.HALTED_NS, this.getState64(L.HALTED_NS) + BigInt(ns))
  }

  /** The board's local APIC has this task priority class: what CR8 reads. */
  setTaskPriority(value: number): void {
    this.setState64(L.CR8, BigInt(value))
  }

  /** Guest time-stamp counter minus virtual nanoseconds. */
  tscOffset(): bigint {
    return BigInt.asIntN(64, this.getState64(L.TSC_OFFSET))
  }

  /** Adds a listener; with `calls` every listener also hears near calls and returns. Not from within a run. */
  addProbe(listener: ProbeListener, { calls = false }: { calls?: boolean } = {}): void {
    this.#listeners.set(listener, calls)
    this.#updateProbe()
  }

  removeProbe(listener: ProbeListener): void {
    this.#listeners.delete(listener)
    this.#updateProbe()
  }

  /**
   * Records events, until it is called with null: `kinds` has bit n set for EVENT_ n. The sink gets the records at the end of each run, and when the
   * buffer is full. Cheaper than a listener, and translated code goes on being used unless calls are recorded. Not from within a run.
   */
  trace(sink: TraceSink | null, kinds = 0): void {
    this.flushTrace()
    this.#trace = sink === null ? null : { sink, kinds }
    this.#updateProbe()
  }

  /** Hands over what has been recorded so far. May be called from within a bus access. */
  flushTrace(): void {
    const { trace } = this.#map
    const next = this.getState32(L.TRACE_NEXT)
    if (this.#trace === null || next === trace) return
    this.setState32(L.TRACE_NEXT, trace)
    this.#trace.sink(new Uint8Array(this.#memory.buffer, trace, next - trace))
  }

  #updateProbe(): void {
    const kinds = this.#trace?.kinds ?? 0
    const isCallRecorded = (kinds & ((1 << EVENT_CALL) | (1 << EVENT_RET))) !== 0
    const calls = isCallRecorded || [...this.#listeners.values()].some((wanted) => wanted)
    this.setState32(L.TRACE_KINDS, kinds)
    this.setState32(L.TRACE_NEXT, this.#map.trace)
    this.setState32(L.TRACE_LIMIT, this.#map.traceEnd)
    this.setState32(
      L.PROBE,
      (this.#listeners.size > 0 ? L.PROBE_EVENTS : 0) |
        (calls ? L.PROBE_CALLS : 0) |
        (this.#trace === null ? 0 : L.PROBE_TRACE),
    )
    this.#helper('updateMode')(this.#state)
  }

  /** The record after the one that is running gets the handler that ends the run; `#restore` undoes it. */
  #stopAfterInstruction(): void {
    if (this.#patched !== 0) return
    this.setState32(L.EXIT_REQUEST, 1)
    const record = this.getState32(L.RECORD)
    // Translated code looks at EXIT_REQUEST by itself.
    if (record === 0) return
    const next = record + RECORD_SIZE
    this.#patched = next
    this.#patchedHandler = this.#view.getUint32(next + HANDLER, true)
    this.#view.setUint32(next + HANDLER, STOP_HANDLER, true)
  }

  #restore(): void {
    this.setState32(L.EXIT_REQUEST, 0)
    if (this.#patched === 0) return
    this.#view.setUint32(this.#patched + HANDLER, this.#patchedHandler, true)
    this.#patched = 0
  }

  // Running

  /** State after a power-on reset (manual volume 3, table 10-1). RAM is left alone. */
  reset(): void {
    this.flushTrace()
    new Uint8Array(this.#memory.buffer, this.#state, L.STATE_SIZE).fill(0)
    resetState(this.#view, this.#state, this.#map, this.#model)
    this.#blocks.flush()
    this.#updateProbe()
    this.#placePoints()
    this.stateChanged()
  }

  /** A reset while the machine goes on: what has been counted stays, the time-stamp counter begins anew. */
  restart(): void {
    const retired = this.getState64(L.RETIRED)
    const haltedNs = this.getState64(L.HALTED_NS)
    const counters = new Uint8Array(this.#memory.buffer, this.#state, L.STATE_SIZE).slice(L.COUNTERS)
    this.reset()
    this.setState64(L.RETIRED, retired)
    this.setState64(L.HALTED_NS, haltedNs)
    this.setState64(L.TSC_OFFSET, BigInt.asUintN(64, -(retired + haltedNs)))
    new Uint8Array(this.#memory.buffer, this.#state + L.COUNTERS, counters.length).set(counters)
  }

  /**
   * Executes at most `instructions` instructions, exactly so many unless it returns earlier. Interrupts are taken at instruction
   * boundaries; their delivery costs no instruction. A guest that does nothing but fault, or moves very long strings, makes it return early, with `budget`.
   */
  run(instructions: number): RunEnd {
    const end = this.#runAll(instructions)
    if (this.#trace !== null) this.flushTrace()
    return end
  }

  #runAll(instructions: number): RunEnd {
    this.#interrupted = false
    this.setState32(S.POINT_MET, 0)
    this.setState32(L.EXCEPTION_FUEL, EXCEPTIONS_PER_RUN)
    let rest = instructions
    while (rest > 0) {
      const chunk = Math.min(rest, MAX_BUDGET)
      const first = this.#inTranslated ? LONG_SLICE : SLICE
      const slice = this.#translator ? Math.min(chunk, first) : chunk
      this.#reserve = chunk - slice
      this.setState64(L.RETIRED_LIMIT, this.getState64(L.RETIRED) + BigInt(slice))
      this.setState64(L.BUDGET, BigInt(slice))
      const end = this.#runChunk()
      if (end !== 'budget' || this.getState64(L.BUDGET) > 0n) return end
      rest -= chunk
    }
    return 'budget'
  }

  /**
   * To the next boundary at which a debugger can look: one instruction has retired, or an event was delivered (`event`), whose handler has not begun. A run that
   * is not stepped passes the same boundaries.
   */
  step(): RunEnd | 'event' {
    this.#stepping = true
    const before = this.deliveredEvents
    try {
      const end = this.run(1)
      return end === 'budget' && this.getState64(L.BUDGET) > 0n && this.deliveredEvents > before
        ? 'event'
        : end
    } finally {
      this.#stepping = false
    }
  }

  /** How many events (interrupts, exceptions, INT n) have reached their handlers since the reset. With `retired` it names a boundary between instructions. */
  get deliveredEvents(): number {
    return EVENT_COUNTERS.reduce((sum, counter) => sum + Number(this.getState64(L.COUNTERS + 8 * counter)), 0)
  }

  /** The slice is over; the next one begins. */
  #nextSlice(budget: number): void {
    const mode = this.getState32(L.MODE)
    const translated = this.#inTranslated
    if (!translated) this.#translator?.sample(this.#codeAddress(this.rip, mode), mode)
    this.#slices = (Math.imul(this.#slices, 1103515245) + 12345) & 0x7fffffff
    const wanted = translated ? LONG_SLICE : SLICE + ((this.#slices >>> 16) & (SLICE - 1))
    const slice = Math.min(this.#reserve, wanted)
    this.#reserve -= slice
    this.setState64(L.RETIRED_LIMIT, this.getState64(L.RETIRED_LIMIT) + BigInt(slice))
    this.setState64(L.BUDGET, BigInt(budget + slice))
  }

  #runChunk(): RunEnd {
    let link = 0
    let generation = -1
    /** Translated code has left the next instruction to the interpreter. */
    let careful = false
    let delivered = false
    for (;;) {
      const left = Number(this.getState64(L.BUDGET))
      if (left < LARGEST_BLOCK && this.#reserve > 0) this.#nextSlice(left)
      const woken = this.#takeEvents()
      if (this.getState32(L.SHUTDOWN) !== 0) return 'triple-fault'
      if (this.getState32(L.HALTED) !== 0) return 'halted'
      if (this.getState32(S.POINT_MET) !== 0) return 'watchpoint'
      const budget = Number(this.getState64(L.BUDGET))
      delivered ||= woken
      if (delivered && this.#stepping) return 'budget'
      if (budget <= 0 || this.#interrupted || this.getState32(L.EXCEPTION_FUEL) === 0) return 'budget'
      if (woken) {
        link = 0
        careful = false
      }

      const { rip } = this
      const mode = this.getState32(L.MODE)
      const va = this.#codeAddress(rip, mode)
      const watched = this.getState32(S.WATCH) ? this.#helper('checkCodeBreakpoint')(this.#state, va) : 0
      if (watched === STATUS_EXCEPTION) {
        link = 0
        careful = false
        this.#deliver()
        delivered = true
        continue
      }
      if (watched !== 0 && !this.#passing && this.#codePoints.has(va)) return 'breakpoint'
      this.#passing = false
      const stepping = (mode & L.MODE_SINGLE_STEP) !== 0
      const instructions = stepping || watched !== 0 || this.#isShadowed ? 1 : budget
      const block =
        mode & L.MODE_SEGMENTED
          ? this.#segmentedBlock(va, mode, instructions)
          : this.#blockFor(va, mode, instructions, careful)
      if (!block) {
        // What comes next is the handler, not the block that the link is for.
        link = 0
        careful = false
        this.#deliver()
        delivered = true
        continue
      }
      const lasting = block.record !== this.#map.scratchRecords
      // An instruction on two pages may leave the limit of the code segment, which only `#segmentedBlock` looks at.
      const linkable = lasting && ((mode & L.MODE_SEGMENTED) === 0 || block.secondPage < 0)
      if (link !== 0 && linkable && generation === this.#blocks.generation)
        this.#view.setUint32(link, block.record, true)
      if (stepping) this.setState32(S.DEBUG_PENDING, this.getState32(S.DEBUG_PENDING) | DR6_BS)
      this.setState64(L.CODE_BASE, BigInt.asUintN(64, rip - (va & 0xfffn)))
      const status = this.#enter(block, budget, careful)
      careful = status === STATUS_CAREFUL
      delivered = status === STATUS_EXCEPTION
      this.#inTranslated = status === STATUS_BUDGET_TRANSLATED
      if (status === STATUS_HOT_EXIT) this.#translator?.improve(this.getState32(L.EXIT_LINK))
      link = status === STATUS_LINK ? this.getState32(L.EXIT_LINK) : 0
      generation = this.#blocks.generation
      if (stepping) this.#finishStep(block, rip)
    }
  }

  #codeAddress(rip: bigint, mode: number): bigint {
    if ((mode & L.MODE_CODE) === L.MODE_CODE64) return rip
    return (this.getState64(L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_BASE) + rip) & 0xffff_ffffn
  }

  /**
   * The block at RIP, where the limit of CS counts. Within a page that the segment holds whole no instruction can leave it, but for the last
   * one; elsewhere instructions go one by one.
   */
  #segmentedBlock(va: bigint, mode: number, budget: number): Block | null {
    const limit = this.getState32(L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_LIMIT)
    const room = limit - Number(this.rip)
    if (room < 0) {
      this.#helper('raise')(this.#state, VECTOR_GP, 1, 0)
      return null
    }
    if (room < 0xfff - Number(va & 0xfffn)) return this.#blocks.once(va, mode, 1, room + 1)
    const block = this.#blockFor(va, mode, budget, false)
    if (!block || block.secondPage < 0 || room >= MAX_LENGTH - 1) return block
    return this.#blocks.once(va, mode, 1, room + 1)
  }

  #blockFor(va: bigint, mode: number, budget: number, careful: boolean): Block | null {
    if (budget === 1) return this.#blocks.once(va, mode, 1)
    const block = this.#blocks.find(va, mode)
    if (!block) return block
    if (this.#engine === 'jit' && !careful) this.#translator?.force(va, block)
    if (block.count <= budget) return block
    return this.#blocks.once(va, mode, budget)
  }

  #enter(block: Block, budget: number, careful: boolean): number {
    this.#running = true
    // Exceptions are then left to the host.
    if (this.#stepping) this.setState32(L.EXIT_REQUEST, 1)
    const left = budget - block.count
    const status = careful
      ? this.#executeBy(this.#state, block.record, left, block.handler)
      : this.#execute(this.#state, block.record, left)
    this.#running = false
    this.#restore()
    // Exact again: during the run the count stood at the last write-back.
    this.setState64(L.RETIRED, this.getState64(L.RETIRED_LIMIT) - this.getState64(L.BUDGET))
    this.#statistics.exit(status, budget - Number(this.getState64(L.BUDGET)))
    if (status === STATUS_EXCEPTION) {
      // An instruction that faults has not met its traps.
      this.setState32(S.DEBUG_PENDING, 0)
      this.#deliver()
    }
    if (status === STATUS_AGAIN) this.#burn(AGAIN_COST)
    // Whatever the reason: a run that does not get ahead ends.
    if (this.getState64(L.BUDGET) === BigInt(budget)) this.#burn(1)
    return status
  }

  /** What stands between two instructions, in the order of the manual's table 6-2: debug traps, an NMI, an interrupt. True when one was delivered. */
  #takeEvents(): boolean {
    if (this.getState32(L.SHUTDOWN) !== 0) return false
    const isTrapped =
      this.getState32(S.DEBUG_PENDING) !== 0 && this.#helper('debugTrap')(this.#state) === STATUS_EXCEPTION
    if (isTrapped) this.#deliver()
    if (this.#isShadowed) return isTrapped
    if (this.getState32(S.NMI_PENDING) !== 0 && this.getState32(S.NMI_BLOCKED) === 0) {
      this.#helper('deliverNmi')(this.#state)
      return true
    }
    if (this.getState32(L.INTR) === 0 || !this.interruptsEnabled) return isTrapped
    this.#helper('deliverInterrupt')(this.#state, this.#bus.acknowledgeInterrupt())
    return true
  }

  /** The last instruction was an STI or a load of SS that shields the next. */
  get #isShadowed(): boolean {
    return this.getState64(S.SHADOW_RETIRED) === this.getState64(L.RETIRED)
  }

  /** With IA32_DEBUGCTL.BTF only branches are stepped. The instruction began at `rip`. */
  #finishStep(block: Block, rip: bigint): void {
    if (!(this.getState64(S.DEBUGCTL) & DEBUGCTL_BTF)) return
    const length =
      this.#view.getUint32(block.record + NEXT, true) - this.#view.getUint32(block.record + IP, true)
    const moved = this.rip - rip
    if (moved === 0n || moved === BigInt(length))
      this.setState32(S.DEBUG_PENDING, this.getState32(S.DEBUG_PENDING) & ~DR6_BS)
  }

  /** Delivers the pending exception, at RIP. */
  #deliver(): void {
    this.#helper('deliverException')(this.#state)
    this.setState32(L.EXC_PENDING, 0)
    this.#burn(1)
  }

  /** Progress without a retired instruction: only so much of it in one run. */
  #burn(fuel: number): void {
    this.setState32(L.EXCEPTION_FUEL, Math.max(0, this.getState32(L.EXCEPTION_FUEL) - fuel))
  }

  // Snapshots

  /** All but RAM. The TLB is a part of it: what a guest sees may depend on translations that it should have flushed. */
  save(): CpuState {
    return {
      block: new Uint8Array(this.#memory.buffer, this.#state, L.STATE_SIZE).slice(),
      tlb: this.#tlb.slice(),
      map: { ...this.#map },
    }
  }

  /** Takes up a state that `save` gave, on a processor with the same amount of RAM. Throws a RangeError when it is of another build. */
  load({ block, tlb, map }: CpuState): void {
    const isSame = Object.entries(this.#map).every(([name, value]) => map[name] === value)
    if (!isSame || block.length !== L.STATE_SIZE || tlb.length !== this.#tlb.length)
      throw new RangeError('the state of a processor of another version')
    this.#blocks.flush()
    // First, because it changes what is loaded then.
    this.stateChanged()
    new Uint8Array(this.#memory.buffer, this.#state, L.STATE_SIZE).set(block)
    this.#tlb.set(tlb)
    this.#placePoints()
    this.#updateProbe()
  }

  /** What the guest can see of the processor, the same for equal processors. */
  canonicalState(): Uint8Array {
    return makeCanonical(this.save().block, this.rflags)
  }

  /** Its arrays, and the list of what is filled. */
  get #tlb(): Uint8Array {
    const bytes = L.TLB_ARRAY_COUNT * L.TLB_ENTRIES * L.TLB_ENTRY_SIZE + 4 * L.TLB_FILLED_MAX
    return new Uint8Array(this.#memory.buffer, this.#map.tlb, bytes)
  }

  #helper(name: HelperName): Helper {
    return this.#helpers[name] as Helper
  }

  #value(name: HelperName): Value {
    return this.#helpers[name] as Value
  }

  #hostFunctions(): Record<HostImportName, unknown> {
    const bus = this.#bus
    return {
      mmioRead: (_: number, gpa: number, size: number) => bus.mmioRead(gpa, size),
      mmioRead64: (_: number, gpa: number) => bus.mmioRead64(gpa),
      mmioWrite: (_: number, gpa: number, size: number, value: number) =>
        bus.mmioWrite(gpa, size, size === 4 ? value >>> 0 : value & ((1 << (8 * size)) - 1)),
      mmioWrite64: (_: number, gpa: number, value: bigint) => bus.mmioWrite64(gpa, BigInt.asUintN(64, value)),
      ioRead: (_: number, port: number, size: number) => bus.ioRead(port, size),
      ioWrite: (_: number, port: number, size: number, value: number) => bus.ioWrite(port, size, value >>> 0),
      codeWritten: (_: number, gpa: number, size: number) => this.ramWritten(gpa, size),
      apicRead: (_: number, msr: number) => bus.apicRead(msr >>> 0),
      apicWrite: (_: number, msr: number, value: bigint) =>
        bus.apicWrite(msr >>> 0, BigInt.asUintN(64, value)),
      ferr: (_: number, asserted: number) => Number(bus.ferr?.(asserted !== 0) ?? false),
      random: () => bus.random(),
      stopAfterInstruction: () => {
        if (this.#running) this.#stopAfterInstruction()
      },
      probe: (_: number, event: number, x: bigint, y: bigint) => {
        if (event === EVENT_TRACE_FULL) return this.flushTrace()
        for (const listener of this.#listeners.keys())
          listener(event, BigInt.asUintN(64, x), BigInt.asUintN(64, y))
      },
    } satisfies Record<keyof typeof hostImports, unknown>
  }
}

function handlerKeys(interpreter: WebAssembly.Module): string[] {
  const [section] = WebAssembly.Module.customSections(interpreter, HANDLER_SECTION)
  if (!section) throw new Error('this is not the interpreter module: it has no section of handlers')
  return new TextDecoder().decode(section).split('\n')
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
