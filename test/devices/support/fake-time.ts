import { Clock } from '../../../src/machine/clock.ts'

/** A clock that a test moves; the real Clock on a counter. */
export class TestTime {
  #ns = 0
  readonly clock: Clock = new Clock(() => this.#ns)

  /** Lets `ns` nanoseconds pass, firing what becomes due on the way. */
  advance(ns: number): void {
    const end = this.#ns + ns
    while (this.clock.nextDeadlineNs <= end) {
      this.#ns = Math.max(this.#ns, Math.ceil(this.clock.nextDeadlineNs))
      this.clock.runDue()
    }
    this.#ns = end
  }
}
