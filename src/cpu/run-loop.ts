/** The loop that executes: takes events between instructions, finds the next block, enters it, and looks why it came back. */
import { MAX_LENGTH } from '../isa/index.ts'
import type { CpuBus } from './bus.ts'
import type { DebugPoints } from './debug-points.ts'
import * as S from './guest/private.ts'
import type { HelperSet } from './helper-set.ts'
import { STATUS_AGAIN, STATUS_EXCEPTION } from './helpers.ts'
import type { Block, BlockCache } from './interpreter/blocks.ts'
import {
  HANDLER,
  IP,
  NEXT,
  RECORD_SIZE,
  STATUS_BUDGET_TRANSLATED,
  STATUS_CAREFUL,
  STATUS_HOT_EXIT,
  STATUS_LINK,
} from './interpreter/record.ts'
import type { Translator } from './jit/translator.ts'
import * as L from './layout.ts'
import type { MemoryMap } from './memory-map.ts'
import { RunStatistics } from './run-statistics.ts'
import type { StateBlock } from './state-block.ts'

/**
 * Why `run` came back: the budget is spent or the run was interrupted; HLT with nothing to do; a triple fault; the next instruction stands at a code point; the
 * last one has met a data point.
 */
export type RunEnd = 'budget' | 'halted' | 'triple-fault' | 'breakpoint' | 'watchpoint'

/**
 * Which way instructions are executed: `interpreter`; `jit`, everything that can be translated at once, for tests; `auto`, what runs often. The
 * guest cannot tell.
 */
export type Engine = 'auto' | 'interpreter' | 'jit'

/** `run` and `runBy` of `interpreter.wasm`; both answer with a status. */
export interface Entries {
  readonly run: (cpu: number, record: number, budget: number) => number
  readonly runBy: (cpu: number, record: number, budget: number, handler: number) => number
}

/** What the loop works with. */
export interface RunParts {
  readonly state: StateBlock
  readonly view: DataView
  readonly map: MemoryMap
  readonly bus: CpuBus
  readonly helpers: HelperSet
  readonly entries: Entries
  readonly blocks: BlockCache
  readonly points: DebugPoints
  readonly engine: Engine
  readonly translator: Translator | null
}

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
const DR6_BS = 0x4000
const DEBUGCTL_BTF = 2n
const VECTOR_GP = 13

export class RunLoop {
  readonly statistics: RunStatistics = new RunStatistics()
  readonly #parts: RunParts
  readonly #state: StateBlock
  readonly #view: DataView
  /** Where the state lies. */
  readonly #cpu: number
  /** Instructions of the run beyond the current slice. */
  #reserve = 0
  /** Instructions of the slice beyond the run: a guest that sleeps often has many short runs. */
  #beyond = 0
  /** The guest has halted in this slice. */
  #slept = false
  #slices = 1
  /** The last run ended in translated code. */
  #inTranslated = false
  #running = false
  #interrupted = false
  /** An event that is delivered ends the run. */
  #stepping = false
  /** The next instruction is not looked for among the points. */
  #passing = false
  /** Record whose handler has been replaced to end the run, and what it was; 0 = none. */
  #patched = 0
  #patchedHandler = 0

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#state = parts.state
    this.#view = parts.view
    this.#cpu = parts.map.state
  }

  /** `Cpu.run`. */
  run(instructions: number): RunEnd {
    this.#interrupted = false
    this.#state.setState32(S.POINT_MET, 0)
    this.#state.setState32(L.EXCEPTION_FUEL, EXCEPTIONS_PER_RUN)
    let rest = instructions
    while (rest > 0) {
      const chunk = Math.min(rest, MAX_BUDGET)
      this.#reserve = chunk
      this.#state.setState64(L.RETIRED_LIMIT, this.#state.getState64(L.RETIRED))
      this.#nextSlice(0)
      const end = this.#runChunk()
      this.#slept ||= end === 'halted'
      this.#beyond += Number(this.#state.getState64(L.BUDGET))
      if (end !== 'budget' || this.#state.getState64(L.BUDGET) > 0n) return end
      rest -= chunk
    }
    return 'budget'
  }

  /** `Cpu.step`. */
  step(): RunEnd | 'event' {
    this.#stepping = true
    const before = this.#state.deliveredEvents
    try {
      const end = this.run(1)
      return end === 'budget' && this.#state.getState64(L.BUDGET) > 0n && this.#state.deliveredEvents > before
        ? 'event'
        : end
    } finally {
      this.#stepping = false
    }
  }

  /** The next run may begin with an instruction at a code point. */
  passPoint(): void {
    this.#passing = true
  }

  /** Ends the run after the instruction, or the delivery of an event, that is under way. */
  interrupt(): void {
    this.#interrupted = true
    this.stopAfterInstruction()
  }

  /** The record after the one that is running gets the handler that ends the run; `#restore` undoes it. Nothing where nothing runs. */
  stopAfterInstruction(): void {
    if (!this.#running || this.#patched !== 0) return
    this.#state.setState32(L.EXIT_REQUEST, 1)
    const record = this.#state.getState32(L.RECORD)
    // Translated code looks at EXIT_REQUEST by itself.
    if (record === 0) return
    const next = record + RECORD_SIZE
    this.#patched = next
    this.#patchedHandler = this.#view.getUint32(next + HANDLER, true)
    this.#view.setUint32(next + HANDLER, STOP_HANDLER, true)
  }

  #restore(): void {
    this.#state.setState32(L.EXIT_REQUEST, 0)
    if (this.#patched === 0) return
    this.#view.setUint32(this.#patched + HANDLER, this.#patchedHandler, true)
    this.#patched = 0
  }

  /** Takes what the run has left for the slice, and when that is over, for the next one. */
  #nextSlice(budget: number): void {
    if (this.#beyond < LARGEST_BLOCK) this.#beginSlice()
    const slice = Math.min(this.#reserve, this.#beyond)
    this.#reserve -= slice
    this.#beyond -= slice
    this.#state.setState64(L.RETIRED_LIMIT, this.#state.getState64(L.RETIRED_LIMIT) + BigInt(slice))
    this.#state.setState64(L.BUDGET, BigInt(budget + slice))
  }

  #beginSlice(): void {
    const { translator } = this.#parts
    if (!translator) {
      this.#beyond = MAX_BUDGET
      return
    }
    const mode = this.#state.getState32(L.MODE)
    const translated = this.#inTranslated
    if (!translated) translator.sample(this.#codeAddress(this.#state.rip, mode), mode, !this.#slept)
    this.#slept = false
    this.#slices = (Math.imul(this.#slices, 1103515245) + 12345) & 0x7fffffff
    this.#beyond = translated ? LONG_SLICE : SLICE + ((this.#slices >>> 16) & (SLICE - 1))
  }

  #runChunk(): RunEnd {
    let link = 0
    let generation = -1
    /** Translated code has left the next instruction to the interpreter. */
    let careful = false
    let delivered = false
    for (;;) {
      const left = Number(this.#state.getState64(L.BUDGET))
      if (left < LARGEST_BLOCK && this.#reserve > 0) this.#nextSlice(left)
      const woken = this.#takeEvents()
      if (this.#state.getState32(L.SHUTDOWN) !== 0) return 'triple-fault'
      if (this.#state.getState32(L.HALTED) !== 0) return 'halted'
      if (this.#state.getState32(S.POINT_MET) !== 0) return 'watchpoint'
      const budget = Number(this.#state.getState64(L.BUDGET))
      delivered ||= woken
      if (delivered && this.#stepping) return 'budget'
      if (budget <= 0 || this.#interrupted || this.#state.getState32(L.EXCEPTION_FUEL) === 0) return 'budget'
      if (woken) {
        link = 0
        careful = false
        // The frame may have been written where a breakpoint watches.
        if (this.#state.getState32(S.DEBUG_PENDING) !== 0) continue
      }

      const { rip } = this.#state
      const mode = this.#state.getState32(L.MODE)
      const va = this.#codeAddress(rip, mode)
      const watched = this.#state.getState32(S.WATCH)
        ? this.#parts.helpers.call('checkCodeBreakpoint')(this.#cpu, va)
        : 0
      if (watched === STATUS_EXCEPTION) {
        link = 0
        careful = false
        this.#deliver()
        delivered = true
        continue
      }
      if (watched !== 0 && !this.#passing && this.#parts.points.isAt(va)) return 'breakpoint'
      this.#passing = false
      const stepping = (mode & L.MODE_SINGLE_STEP) !== 0
      const isShadowed = this.#isShadowed
      const instructions = stepping || watched !== 0 || isShadowed ? 1 : budget
      const block: Block | null =
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
      const lasting = block.record !== this.#parts.map.scratchRecords
      // An instruction on two pages may leave the limit of the code segment, which only `#segmentedBlock` looks at.
      const linkable = lasting && ((mode & L.MODE_SEGMENTED) === 0 || block.secondPage < 0)
      if (link !== 0 && linkable && generation === this.#parts.blocks.generation)
        this.#view.setUint32(link, block.record, true)
      if (stepping) this.#state.setState32(S.DEBUG_PENDING, this.#state.getState32(S.DEBUG_PENDING) | DR6_BS)
      this.#state.setState64(L.CODE_BASE, BigInt.asUintN(64, rip - (va & 0xfffn)))
      const status: number = isShadowed
        ? this.#enterAlone(block, budget, careful)
        : this.#enter(block, budget, careful)
      careful = status === STATUS_CAREFUL
      delivered = status === STATUS_EXCEPTION
      this.#inTranslated = status === STATUS_BUDGET_TRANSLATED
      if (status === STATUS_HOT_EXIT) this.#parts.translator?.improve(this.#state.getState32(L.EXIT_LINK))
      link = status === STATUS_LINK ? this.#state.getState32(L.EXIT_LINK) : 0
      generation = this.#parts.blocks.generation
      if (stepping) this.#finishStep(block, rip)
    }
  }

  #codeAddress(rip: bigint, mode: number): bigint {
    if ((mode & L.MODE_CODE) === L.MODE_CODE64) return rip
    return (this.#state.getState64(L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_BASE) + rip) & 0xffff_ffffn
  }

  /**
   * The block at RIP, where the limit of CS counts. Within a page that the segment holds whole no instruction can leave it, but for the last
   * one; elsewhere instructions go one by one.
   */
  #segmentedBlock(va: bigint, mode: number, budget: number): Block | null {
    const limit = this.#state.getState32(L.SEGMENTS + L.CS * L.SEG_SIZE + L.SEG_LIMIT)
    const room = limit - Number(this.#state.rip)
    if (room < 0) {
      this.#parts.helpers.call('raise')(this.#cpu, VECTOR_GP, 1, 0)
      return null
    }
    if (room < 0xfff - Number(va & 0xfffn)) return this.#parts.blocks.once(va, mode, 1, room + 1)
    const block = this.#blockFor(va, mode, budget, false)
    if (!block || block.secondPage < 0 || room >= MAX_LENGTH - 1) return block
    return this.#parts.blocks.once(va, mode, 1, room + 1)
  }

  #blockFor(va: bigint, mode: number, budget: number, careful: boolean): Block | null {
    if (budget === 1) return this.#parts.blocks.once(va, mode, 1)
    const block = this.#parts.blocks.find(va, mode)
    if (!block) return block
    if (this.#parts.engine === 'jit' && !careful) this.#parts.translator?.force(va, block)
    if (block.count <= budget) return block
    return this.#parts.blocks.once(va, mode, budget)
  }

  /** The block's one instruction, whatever it leads to: an interrupt may wait for the end of the shadow. */
  #enterAlone(block: Block, budget: number, careful: boolean): number {
    const withheld = BigInt(budget - 1)
    const add = (field: number, amount: bigint): void =>
      this.#state.setState64(field, this.#state.getState64(field) + amount)
    add(L.RETIRED_LIMIT, -withheld)
    add(L.BUDGET, -withheld)
    const status = this.#enter(block, 1, careful)
    add(L.RETIRED_LIMIT, withheld)
    add(L.BUDGET, withheld)
    return status
  }

  #enter(block: Block, budget: number, careful: boolean): number {
    this.#running = true
    // Exceptions are then left to the host.
    if (this.#stepping) this.#state.setState32(L.EXIT_REQUEST, 1)
    const left = budget - block.count
    const status = careful
      ? this.#parts.entries.runBy(this.#cpu, block.record, left, block.handler)
      : this.#parts.entries.run(this.#cpu, block.record, left)
    this.#running = false
    this.#restore()
    // Exact again: during the run the count stood at the last write-back.
    this.#state.setState64(
      L.RETIRED,
      this.#state.getState64(L.RETIRED_LIMIT) - this.#state.getState64(L.BUDGET),
    )
    this.statistics.exit(status, budget - Number(this.#state.getState64(L.BUDGET)))
    if (status === STATUS_EXCEPTION) {
      // An instruction that faults has not met its traps.
      this.#state.setState32(S.DEBUG_PENDING, 0)
      this.#deliver()
    }
    if (status === STATUS_AGAIN) this.#burn(AGAIN_COST)
    // Whatever the reason: a run that does not get ahead ends.
    if (this.#state.getState64(L.BUDGET) === BigInt(budget)) this.#burn(1)
    return status
  }

  /** What stands between two instructions, in the order of the manual's table 6-2: debug traps, an NMI, an interrupt. True when one was delivered. */
  #takeEvents(): boolean {
    if (this.#state.getState32(L.SHUTDOWN) !== 0) return false
    const isTrapped =
      this.#state.getState32(S.DEBUG_PENDING) !== 0 &&
      this.#parts.helpers.call('debugTrap')(this.#cpu) === STATUS_EXCEPTION
    if (isTrapped) this.#deliver()
    if (this.#isShadowed) return isTrapped
    if (this.#state.getState32(S.NMI_PENDING) !== 0 && this.#state.getState32(S.NMI_BLOCKED) === 0) {
      this.#parts.helpers.call('deliverNmi')(this.#cpu)
      return true
    }
    if (this.#state.getState32(L.INTR) === 0 || !this.#state.interruptsEnabled) return isTrapped
    this.#parts.helpers.call('deliverInterrupt')(this.#cpu, this.#parts.bus.acknowledgeInterrupt())
    return true
  }

  /** The last instruction was an STI or a load of SS that shields the next. */
  get #isShadowed(): boolean {
    return this.#state.getState64(S.SHADOW_RETIRED) === this.#state.getState64(L.RETIRED)
  }

  /** With IA32_DEBUGCTL.BTF only branches are stepped. The instruction began at `rip`. */
  #finishStep(block: Block, rip: bigint): void {
    if (!(this.#state.getState64(S.DEBUGCTL) & DEBUGCTL_BTF)) return
    const length =
      this.#view.getUint32(block.record + NEXT, true) - this.#view.getUint32(block.record + IP, true)
    const moved = this.#state.rip - rip
    if (moved === 0n || moved === BigInt(length))
      this.#state.setState32(S.DEBUG_PENDING, this.#state.getState32(S.DEBUG_PENDING) & ~DR6_BS)
  }

  /** Delivers the pending exception, at RIP. */
  #deliver(): void {
    this.#parts.helpers.call('deliverException')(this.#cpu)
    this.#state.setState32(L.EXC_PENDING, 0)
    this.#burn(1)
  }

  /** Progress without a retired instruction: only so much of it in one run. */
  #burn(fuel: number): void {
    this.#state.setState32(L.EXCEPTION_FUEL, Math.max(0, this.#state.getState32(L.EXCEPTION_FUEL) - fuel))
  }
}
