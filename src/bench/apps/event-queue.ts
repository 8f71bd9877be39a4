/** What is to happen in guest time, on one timer of the machine's clock: in the order of times, and of orders for the same time. */
import type { TimeSource, Timer } from '../../devices/device.ts'

interface Event {
  readonly atNs: number
  readonly run: () => void
}

export class EventQueue {
  readonly #clock: TimeSource
  readonly #timer: Timer
  readonly #events: Event[] = []

  constructor(clock: TimeSource) {
    this.#clock = clock
    this.#timer = clock.createTimer(() => this.#runDue())
  }

  nowNs(): number {
    return this.#clock.nowNs()
  }

  after(delayNs: number, run: () => void): void {
    this.at(this.nowNs() + delayNs, run)
  }

  at(atNs: number, run: () => void): void {
    const events = this.#events
    let place = events.length
    while (place > 0 && events[place - 1]!.atNs > atNs) place--
    events.splice(place, 0, { atNs, run })
    this.#timer.arm(events[0]!.atNs)
  }

  #runDue(): void {
    const nowNs = this.nowNs()
    while (this.#events.length > 0 && this.#events[0]!.atNs <= nowNs) this.#events.shift()!.run()
    const [next] = this.#events
    if (next) this.#timer.arm(next.atNs)
  }
}
