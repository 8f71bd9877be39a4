import type { TripleFault } from '../cpu/triple-fault.ts'
import type { EngineStatistics } from '../cpu/cpu.ts'

/** Why `Processor.run` came back. */
export type RunEnd =
  /** The budget is spent, or `interruptRun` was called. */
  | 'budget'
  /** HLT with nothing to do; `interruptsEnabled` says whether anything can wake it. */
  | 'halted'
  | 'triple-fault'
  /** Only where a debugger has set points: the next instruction stands at one; the last instruction has accessed one. */
  | 'breakpoint'
  | 'watchpoint'

/** What a processor has counted since its reset; exact. */
export interface ProcessorCounters {
  /** Instructions retired in rings 0 … 3. An instruction that changes the ring counts where it arrives. */
  readonly rings: readonly number[]
  /** What costs more than an ordinary instruction, by the names of `src/cpu/counter-names.ts`; what never happened is left out. */
  readonly events: Readonly<Record<string, number>>
}

/** The processor as the machine's loop drives it. */
export interface Processor {
  /** Retired instructions, exact, also from within a bus access. */
  readonly retired: number
  /** RFLAGS.IF, for a halted processor. */
  readonly interruptsEnabled: boolean
  readonly tlbMisses?: number
  readonly engineStatistics?: EngineStatistics
  counters(): ProcessorCounters
  /** Executes at most `instructions` instructions. */
  run(instructions: number): RunEnd
  /** Ends the run after the instruction that is being executed; does nothing between runs. */
  interruptRun(): void
  /** The exceptions that led to a triple fault. */
  readonly tripleFault: TripleFault
}
