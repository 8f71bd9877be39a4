/** The loop of a machine: inputs, timers, instructions, sleep. Synchronous; lives in the worker. */
import { describeTripleFault, type TripleFault } from '../cpu/triple-fault.ts'
import type { Board } from './board.ts'
import type { Clock } from './clock.ts'
import { type Control, STOP_NONE, STOP_TIMEOUT } from './control.ts'
import { type Exit, type Mark, MAX_MARKS, type Stop, stopFor } from './exit.ts'
import { Horizon } from './horizon.ts'
import type { Processor } from './processor.ts'
import { sleep } from './sleep.ts'

/** At most so many instructions between two looks at what the host has for us: as many as take well below a millisecond. */
const SHORTEST_SLICE = 50_000
const LONGEST_SLICE = 4_000_000
/** A slice that took less is followed by a longer one, one that took more than twice as long by a shorter one. */
const SLICE_MS = 0.3

export interface RunnerOptions {
  readonly board: Board
  readonly clock: Clock
  readonly processor: Processor
  readonly control: Control
  readonly maxInstructions: number
  /** The run ends, saved, before the instruction after so many. */
  readonly saveAt?: number
  /** The machine was saved at this point: what is due now was done before. */
  readonly isRestored?: boolean
  /** At most so many instructions between two looks at what the host has for us. Default: as many as take well below a millisecond. */
  readonly slice?: number
  /** `wait`: a halted machine sleeps until its next event is due; `leap`: it goes there at once. */
  readonly idle: 'wait' | 'leap'
  /** Starts the machine again, when the board says so. */
  reset?(): void
  /** A machine that slept (S3) goes on. */
  resume?(): void
  /** Takes in what has arrived from the host, and hands out what was held back. */
  poll(): void
  /** The machine is about to sleep: the host should see what there is. */
  flush(): void
  /** Hands the state of the machine to the host. */
  save?(): void
}

export class Runner {
  readonly #options: RunnerOptions
  readonly #horizon: Horizon
  readonly #marks: Mark[] = []
  #startMs = 0
  #idleMs = 0
  #slice: number

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#slice = options.slice ?? SHORTEST_SLICE
    this.#horizon = new Horizon(options.clock, () => options.processor.interruptRun())
  }

  /** Runs until something ends the machine. */
  run(): Exit {
    this.#startMs = performance.now()
    const stop = this.#loop()
    this.#options.flush()
    return describeExit(stop, this.#options, {
      seconds: (performance.now() - this.#startMs) / 1000,
      idleSeconds: this.#idleMs / 1000,
      marks: this.#marks,
    })
  }

  /** Notes the counters; called from within a bus access. */
  mark(id: number): void {
    const { processor } = this.#options
    if (this.#marks.length >= MAX_MARKS) return
    const hostMs = performance.now() - this.#startMs
    this.#marks.push({ id, instructions: processor.retired, hostMs, ...processor.counters() })
  }

  #loop(): Stop {
    const { board, clock, processor, control, maxInstructions, poll } = this.#options
    const { saveAt = Infinity } = this.#options
    // After a restore: all that was due, and all that had come, was dealt with before the state was saved.
    let isResuming = this.#options.isRestored === true
    for (;;) {
      const wakeCount = control.wakeCount
      if (control.stopReason !== STOP_NONE) return this.#hostStop(control.stopReason)
      if (!isResuming) {
        poll()
        clock.runDue()
        if (board.stopped !== null) return board.stopped
        if (control.takeSave()) this.#options.save?.()
        if (control.takePowerButton()) board.pm.pressPowerButton()
        if (board.wakePending) this.#options.resume?.()
        else if (board.pm.isAsleep) {
          this.#sleep(wakeCount)
          continue
        }
      }
      const left = Math.min(maxInstructions, saveAt) - processor.retired
      if (left <= 0) return this.#limitReached(saveAt)

      const hasLooked = !isResuming
      isResuming = false
      const budget = this.#horizon.budget(Math.min(this.#slice, left))
      const startMs = performance.now()
      const end = processor.run(budget)
      this.#adaptSlice(budget, performance.now() - startMs)
      if (board.stopped !== null) return board.stopped
      if (board.resetPending) {
        this.#options.reset?.()
        continue
      }
      if (end === 'triple-fault') return tripleFault(processor.tripleFault)
      if (end === 'halted') {
        if (!processor.interruptsEnabled)
          return stopFor('halted', 'the guest halted with interrupts disabled: nothing can wake it')
        // What came in while it was not looked for must not be slept through.
        if (!board.lapic.hasInterrupt && hasLooked) this.#sleep(wakeCount)
      }
    }
  }

  #limitReached(saveAt: number): Stop {
    const { maxInstructions, processor } = this.#options
    if (processor.retired < saveAt)
      return stopFor('instruction-limit', `stopped after ${maxInstructions} instructions`)
    this.#options.save?.()
    return stopFor('saved', `saved after ${processor.retired} instructions`)
  }

  #adaptSlice(budget: number, ms: number): void {
    if (this.#options.slice !== undefined) return
    if (ms > 2 * SLICE_MS) this.#slice = Math.max(SHORTEST_SLICE, this.#slice >> 1)
    else if (ms < SLICE_MS && budget === this.#slice) this.#slice = Math.min(LONGEST_SLICE, this.#slice << 1)
  }

  #sleep(wakeCount: number): void {
    const { hostMs, wokenNs } = sleep(this.#options, wakeCount)
    this.#idleMs += hostMs
    if (wokenNs !== null) this.#options.clock.addHalted(wokenNs)
  }

  #hostStop(reason: number): Stop {
    return reason === STOP_TIMEOUT ? stopFor('timeout', 'the time is over') : stopFor('stopped', 'stopped')
  }
}

export function tripleFault(fault: TripleFault): Stop {
  return { ...stopFor('triple-fault', `triple fault: ${describeTripleFault(fault)}`), tripleFault: fault }
}

/** All that is to be told of a run that has come to its end. */
export function describeExit(
  stop: Stop,
  { board, clock, processor }: RunnerOptions,
  run: Pick<Exit, 'seconds' | 'idleSeconds' | 'marks'>,
): Exit {
  return {
    ...stop,
    instructions: processor.retired,
    virtualSeconds: clock.nowNs() / 1e9,
    ...run,
    ...processor.counters(),
    ...(processor.engineStatistics === undefined ? {} : { engine: processor.engineStatistics }),
    ...(processor.tlbMisses === undefined ? {} : { tlbMisses: processor.tlbMisses }),
    counters: board.diagnostics.counters.toObject(),
  }
}
