/**
 * Virtual time: nanoseconds = retired instructions + time in which the processor waited, halted or for a slow bus. Nothing else moves it, so what a guest sees of time
 * depends only on what it executes and on when the host woke it.
 */
import type { Stateful, TimeSource, Timer } from '../devices/device.ts'

export class Clock implements TimeSource {
  readonly #retired: () => number
  readonly #timers: ClockTimer[] = []
  #haltedNs = 0
  #nextDeadlineNs = Infinity
  /** Told when a timer is armed for a time before every other: a running processor may have to stop sooner. */
  onEarlier: ((deadlineNs: number) => void) | null = null
  /** Told when an instruction takes longer: what is planned by instructions comes later, and a timer may be due behind it. */
  onBusWait: ((ns: number) => void) | null = null
  /** Told of halted time, which the processor's time-stamp counter counts too. */
  onHalted: ((ns: number) => void) | null = null

  /** `retired`: how many instructions the processor has retired up to now, exact even from within a bus access. */
  constructor(retired: () => number) {
    this.#retired = retired
  }

  nowNs(): number {
    return this.#retired() + this.#haltedNs
  }

  get haltedNs(): number {
    return this.#haltedNs
  }

  /** When the next timer fires; Infinity when none is armed. */
  get nextDeadlineNs(): number {
    return this.#nextDeadlineNs
  }

  createTimer(onDeadline: (deadlineNs: number) => void): Timer {
    const timer = new ClockTimer(onDeadline, () => this.#rearmed(timer))
    this.#timers.push(timer)
    return timer
  }

  /** An instruction that is being executed waits for a bus. */
  addBusWait(ns: number): void {
    this.addHalted(ns)
    this.onBusWait?.(ns)
  }

  /** The processor has been halted for `ns` nanoseconds. */
  addHalted(ns: number): void {
    const whole = Math.max(0, Math.floor(ns))
    this.#haltedNs += whole
    this.onHalted?.(whole)
  }

  /** Leaps to the next deadline, if it lies ahead. */
  skipToDeadline(): void {
    if (this.#nextDeadlineNs !== Infinity) this.addHalted(Math.ceil(this.#nextDeadlineNs - this.nowNs()))
  }

  /** Fires everything that is due, the earliest first; of a timer that arms itself anew for the past, once. */
  runDue(): void {
    const nowNs = this.nowNs()
    if (this.#nextDeadlineNs > nowNs) return
    const due = this.#timers
      .filter((timer) => timer.deadlineNs <= nowNs)
      .toSorted((a, b) => a.deadlineNs - b.deadlineNs)
    for (const timer of due) {
      // One that fired before may have disarmed or moved it.
      if (timer.deadlineNs <= nowNs) timer.fire()
    }
    this.#findNext()
  }

  save(): { haltedNs: number } {
    return { haltedNs: this.#haltedNs }
  }

  load(state: { haltedNs: number }): void {
    this.#haltedNs = state.haltedNs
  }

  /** Deadlines of all timers, in the order in which they were made. To be loaded after every device, whatever those arm on their own. */
  readonly timers: Stateful<number[]> = {
    save: () => this.#timers.map((timer) => timer.deadlineNs),
    load: (deadlines) => {
      for (const [i, timer] of this.#timers.entries()) timer.deadlineNs = deadlines[i] ?? Infinity
      this.#findNext()
    },
  }

  #rearmed(timer: ClockTimer): void {
    const before = this.#nextDeadlineNs
    this.#findNext()
    if (timer.deadlineNs < before) this.onEarlier?.(timer.deadlineNs)
  }

  #findNext(): void {
    this.#nextDeadlineNs = Infinity
    for (const timer of this.#timers)
      if (timer.deadlineNs < this.#nextDeadlineNs) this.#nextDeadlineNs = timer.deadlineNs
  }
}

class ClockTimer implements Timer {
  deadlineNs = Infinity
  readonly #onDeadline: (deadlineNs: number) => void
  readonly #onChange: () => void

  constructor(onDeadline: (deadlineNs: number) => void, onChange: () => void) {
    this.#onDeadline = onDeadline
    this.#onChange = onChange
  }

  arm(deadlineNs: number): void {
    this.deadlineNs = deadlineNs
    this.#onChange()
  }

  disarm(): void {
    if (this.deadlineNs === Infinity) return
    this.deadlineNs = Infinity
    this.#onChange()
  }

  fire(): void {
    const { deadlineNs } = this
    this.deadlineNs = Infinity
    this.#onDeadline(deadlineNs)
  }
}
