/**
 * The processor as the board drives it. One `Cpu` owns one WebAssembly memory, in which its state, its translated code and guest RAM lie;
 * the modules hold no state. Everything is synchronous and deterministic.
 */
import { rows } from '../isa/index.ts'
import type { CpuBus } from './bus.ts'
import { makeCanonical } from './canonical.ts'
import type { CpuModel } from './cpuid/features.ts'
import { rowsOf } from './cpuid/rows.ts'
import { type DebugPoint, DebugPoints } from './debug-points.ts'
import * as S from './guest/private.ts'
import { HelperSet } from './helper-set.ts'
import type { hostImports, HostImportName } from './helpers.ts'
import { BlockCache } from './interpreter/blocks.ts'
import { HANDLER_SECTION } from './interpreter/special.ts'
import { SharedTable } from './jit/table.ts'
import { Translator, type TranslatorStatistics } from './jit/translator.ts'
import * as L from './layout.ts'
import { memoryMap } from './memory-map.ts'
import { Observers, type ProbeListener, type TraceSink } from './observers.ts'
import { PageFlags, type PageKind } from './page-flags.ts'
import { resetState } from './reset.ts'
import { type Engine, type Entries, type RunEnd, RunLoop } from './run-loop.ts'
import type { TierShares } from './run-statistics.ts'
import { StateBlock } from './state-block.ts'

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

const A20 = 1n << 20n

export class Cpu extends StateBlock {
  readonly #model: CpuModel
  readonly #memory: WebAssembly.Memory
  readonly #helpers: HelperSet
  readonly #blocks: BlockCache
  readonly #pages: PageFlags
  readonly #points: DebugPoints
  readonly #observers: Observers
  readonly #engine: Engine
  readonly #translator: Translator | null
  readonly #loop: RunLoop

  constructor({ interpreter, helpers, bus, ramSize, engine = 'auto', model = 'max' }: CpuOptions) {
    const map = memoryMap(ramSize)
    const pages = map.end / 0x1_0000
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { buffer } = memory
    super(buffer, map)
    this.#memory = memory
    this.#model = model
    this.#engine = engine

    const keys = handlerKeys(interpreter)
    const table = new SharedTable(keys.length)
    const env = {
      memory,
      table: table.handlers,
      abort: () => {
        throw new Error('a processor helper aborted')
      },
    }
    const host = this.#hostFunctions(bus)
    this.#helpers = new HelperSet(new WebAssembly.Instance(helpers, { env, host }).exports)
    const helper = this.#helpers.exports as Record<string, WebAssembly.ExportValue>
    const instance = new WebAssembly.Instance(interpreter, { env, helper, host })
    table.share(helper, instance.exports)

    const executed = rowsOf(model)
    const handlers = new Map(keys.map((key, index) => [key, index]))
    this.#blocks = new BlockCache(buffer, map, handlers, executed, {
      translate: (va) => Number(this.#helpers.value('translateExec')(map.state, va)),
      fetchByte: (gpa) => bus.mmioRead(gpa, 1),
    })
    this.#translator =
      engine === 'interpreter'
        ? null
        : new Translator({
            memory,
            map,
            table,
            blocks: this.#blocks,
            eager: engine === 'jit',
            refused: rows.filter((row) => executed[row.index] !== row),
          })
    this.#pages = new PageFlags(buffer, map)
    this.#points = new DebugPoints(this, this.#helpers, map.state)
    this.#observers = new Observers(this, buffer, map)
    this.#loop = new RunLoop({
      state: this,
      view: this.view,
      map,
      bus,
      helpers: this.#helpers,
      entries: instance.exports as unknown as Entries,
      blocks: this.#blocks,
      points: this.#points,
      engine,
      translator: this.#translator,
    })
    this.reset()
  }

  /** Guest RAM, from guest-physical 0 on. Tell `ramWritten` before you write where code may have run. */
  get ram(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.map.ram, this.map.ramSize)
  }

  /** The memory in which RAM lies, and where. */
  get memory(): { buffer: ArrayBuffer; ramOffset: number } {
    return { buffer: this.#memory.buffer, ramOffset: this.map.ram }
  }

  // Registers that follow from more than a field

  /** All of RFLAGS. */
  get rflags(): bigint {
    return BigInt.asUintN(64, this.#helpers.value('getRflags')(this.map.state))
  }

  set rflags(value: bigint) {
    this.#helpers.call('setRflags')(this.map.state, value)
    this.#updateMode()
  }

  /** To be called after control registers, segments or CPL were written from outside. */
  stateChanged(): void {
    this.#helpers.call('resetTlb')(this.map.state)
    this.#updateMode()
  }

  #updateMode(): void {
    this.#helpers.call('updateMode')(this.map.state)
  }

  /** What the engine has done so far. */
  get engineStatistics(): EngineStatistics {
    const { tiers, exits } = this.#loop.statistics
    return { engine: this.#engine, tiers, exits, ...(this.#translator?.statistics ?? Translator.nothing) }
  }

  // Signals

  /** Whether the board asserts INTR. From within a bus access it takes effect after the instruction that made it. */
  setInterrupt(pending: boolean): void {
    this.setState32(L.INTR, Number(pending))
    if (pending && this.interruptsEnabled) this.#loop.stopAfterInstruction()
  }

  /** A non-maskable interrupt, taken at the next instruction boundary. */
  nmi(): void {
    this.setState32(S.NMI_PENDING, 1)
    this.#loop.stopAfterInstruction()
  }

  /** Ends the current run after the instruction, or the delivery of an event, that is under way. */
  interruptRun(): void {
    this.#loop.interrupt()
  }

  // Memory

  /** RAM is about to be written from outside (a device, a loader): decoded code there is forgotten. */
  ramWritten(gpa: number, length: number): void {
    this.#pages.written(gpa, length)
    if (this.#blocks.written(gpa, length)) this.#loop.stopAfterInstruction()
  }

  /** Says what answers at whole pages below the end of RAM. May be called from within a bus access. */
  setPages(gpa: number, length: number, kind: PageKind): void {
    this.ramWritten(gpa, length)
    this.#pages.setKind(gpa, length, kind)
    this.#helpers.call('flushTlb')(this.map.state)
  }

  /** Whether bit 20 of guest-physical addresses passes, or is zero. May be called from within a bus access. */
  setA20(isOpen: boolean): void {
    this.setState64(S.CLOSED_ADDRESS_BITS, isOpen ? 0n : A20)
    this.#helpers.call('flushTlb')(this.map.state)
    this.#loop.stopAfterInstruction()
  }

  /**
   * Numbers of the pages of RAM that may have been written since the last call; all pages at the first. What the guest sees stays as it is, but writes to each
   * page are slower once. Not from within a run.
   */
  takeWrittenPages(): number[] {
    return this.#pages.takeWritten()
  }

  /** Declares whole pages outside RAM whose bytes, which the bus gives, never change: code there runs as fast as in RAM. */
  addRom(gpa: number, bytes: Uint8Array): void {
    this.#blocks.addRom(gpa, bytes)
  }

  // Who watches

  /** Replaces all points. Throws a RangeError when there are more than MAX_POINTS. Not from within a run. */
  setPoints(points: readonly DebugPoint[]): void {
    this.#points.set(points)
  }

  /** The data point for which the last run ended. */
  get metPoint(): DebugPoint | undefined {
    return this.#points.met
  }

  /** The next run may begin with an instruction at a code point. */
  passPoint(): void {
    this.#loop.passPoint()
  }

  /** Adds a listener; with `calls` every listener also hears near calls and returns. Not from within a run. */
  addProbe(listener: ProbeListener, { calls = false }: { calls?: boolean } = {}): void {
    this.#observers.add(listener, calls)
    this.#placeObservers()
  }

  removeProbe(listener: ProbeListener): void {
    this.#observers.remove(listener)
    this.#placeObservers()
  }

  /**
   * Records events, until it is called with null: `kinds` has bit n set for EVENT_ n. The sink gets the records at the end of each run, and when the
   * buffer is full. Cheaper than a listener, and translated code goes on being used unless calls are recorded. Not from within a run.
   */
  trace(sink: TraceSink | null, kinds = 0): void {
    this.#observers.trace(sink, kinds)
    this.#placeObservers()
  }

  /** Hands over what has been recorded so far. May be called from within a bus access. */
  flushTrace(): void {
    this.#observers.flush()
  }

  #placeObservers(): void {
    this.#observers.place()
    this.#updateMode()
  }

  // Running

  /** State after a power-on reset (manual volume 3, table 10-1). RAM is left alone. */
  reset(): void {
    this.flushTrace()
    this.block.fill(0)
    resetState(this.view, this.map.state, this.map, this.#model)
    this.#blocks.flush()
    this.#placeObservers()
    this.#points.place()
    this.stateChanged()
  }

  /** A reset while the machine goes on: what has been counted stays, the time-stamp counter begins anew. */
  restart(): void {
    const retired = this.getState64(L.RETIRED)
    const haltedNs = this.getState64(L.HALTED_NS)
    const counters = this.block.slice(L.COUNTERS)
    this.reset()
    this.setState64(L.RETIRED, retired)
    this.setState64(L.HALTED_NS, haltedNs)
    this.setState64(L.TSC_OFFSET, BigInt.asUintN(64, -(retired + haltedNs)))
    this.block.set(counters, L.COUNTERS)
  }

  /**
   * Executes at most `instructions` instructions, exactly so many unless it returns earlier. Interrupts are taken at instruction
   * boundaries; their delivery costs no instruction. A guest that does nothing but fault, or moves very long strings, makes it return early, with `budget`.
   */
  run(instructions: number): RunEnd {
    const end = this.#loop.run(instructions)
    this.flushTrace()
    return end
  }

  /**
   * To the next boundary at which a debugger can look: one instruction has retired, or an event was delivered (`event`), whose handler has not begun. A run that
   * is not stepped passes the same boundaries.
   */
  step(): RunEnd | 'event' {
    const end = this.#loop.step()
    this.flushTrace()
    return end
  }

  // Snapshots

  /** All but RAM. The TLB is a part of it: what a guest sees may depend on translations that it should have flushed. */
  save(): CpuState {
    return { block: this.block.slice(), tlb: this.#tlb.slice(), map: { ...this.map } }
  }

  /** Takes up a state that `save` gave, on a processor with the same amount of RAM. Throws a RangeError when it is of another build. */
  load({ block, tlb, map }: CpuState): void {
    const isSame = Object.entries(this.map).every(([name, value]) => map[name] === value)
    if (!isSame || block.length !== L.STATE_SIZE || tlb.length !== this.#tlb.length)
      throw new RangeError('the state of a processor of another version')
    this.#blocks.flush()
    // First, because it changes what is loaded then.
    this.stateChanged()
    this.block.set(block)
    this.#tlb.set(tlb)
    this.#points.place()
    this.#placeObservers()
  }

  /** What the guest can see of the processor, the same for equal processors. */
  canonicalState(): Uint8Array {
    return makeCanonical(this.block.slice(), this.rflags)
  }

  /** Its arrays, and the lists of what is filled. */
  get #tlb(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.map.tlb, L.TLB_SIZE)
  }

  #hostFunctions(bus: CpuBus): Record<HostImportName, unknown> {
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
      stopAfterInstruction: () => this.#loop.stopAfterInstruction(),
      probe: (_: number, event: number, x: bigint, y: bigint) => this.#observers.hear(event, x, y),
    } satisfies Record<keyof typeof hostImports, unknown>
  }
}

function handlerKeys(interpreter: WebAssembly.Module): string[] {
  const [section] = WebAssembly.Module.customSections(interpreter, HANDLER_SECTION)
  if (!section) throw new Error('this is not the interpreter module: it has no section of handlers')
  return new TextDecoder().decode(section).split('\n')
}
