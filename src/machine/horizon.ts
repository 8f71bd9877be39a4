import type { Clock } from './clock.ts'

/**
 * Lets each run of the processor end where the next timer fires, whatever the run itself does to timers and time. So events come at the same instructions
 * however a machine's life is cut into runs.
 */
export class Horizon {
  readonly #clock: Clock
  /** When the current run ends by its budget. */
  #ns = 0

  /** `interrupt`: ends the current run after its instruction. */
  constructor(clock: Clock, interrupt: () => void) {
    this.#clock = clock
    clock.onEarlier = (deadlineNs) => {
      if (deadlineNs < this.#ns) interrupt()
    }
    // The instructions that are left of the budget now reach beyond the timer for which it was made.
    clock.onBusWait = (ns) => {
      this.#ns += ns
      if (clock.nextDeadlineNs < this.#ns) interrupt()
    }
  }

  /** How many instructions a run that begins now may have: at least one, at most `most`. */
  budget(most: number): number {
    const nowNs = this.#clock.nowNs()
    const budget = Math.max(1, Math.min(most, Math.ceil(this.#clock.nextDeadlineNs - nowNs)))
    this.#ns = nowNs + budget
    return budget
  }
}
