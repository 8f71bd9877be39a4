/** The words through which the two threads of a machine wake and stop each other. */
const WAKE = 0
const STOP = 1
const BELL = 2
const BLOCKED = 3
const SAVE = 4
const POWER_BUTTON = 5
const WORDS = 16

export const STOP_NONE = 0
export const STOP_REQUESTED = 1
export const STOP_TIMEOUT = 2

export function createControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * WORDS)
}

export class Control {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /** Host: there is something for the machine. Wakes it if it sleeps. */
  wake(): void {
    Atomics.add(this.#words, WAKE, 1)
    Atomics.notify(this.#words, WAKE)
  }

  /** Host: the machine shall stop, for one of the STOP_ reasons; the first one counts. */
  requestStop(reason: number): void {
    Atomics.compareExchange(this.#words, STOP, STOP_NONE, reason)
    this.wake()
  }

  /** Host: the machine shall hand its state over, and go on. */
  requestSave(): void {
    Atomics.store(this.#words, SAVE, 1)
    this.wake()
  }

  /** Machine: whether its state is asked for; once for each request. */
  takeSave(): boolean {
    return Atomics.exchange(this.#words, SAVE, 0) === 1
  }

  /** Host: somebody presses the power button. */
  pressPowerButton(): void {
    Atomics.store(this.#words, POWER_BUTTON, 1)
    this.wake()
  }

  /** Machine: whether the power button was pressed since it was last asked. */
  takePowerButton(): boolean {
    return Atomics.exchange(this.#words, POWER_BUTTON, 0) === 1
  }

  /** Machine: one of the STOP_ reasons. */
  get stopReason(): number {
    return Atomics.load(this.#words, STOP)
  }

  /** Machine: what `sleep` needs. To be read before looking for work, so that no wake is lost in between. */
  get wakeCount(): number {
    return Atomics.load(this.#words, WAKE)
  }

  /** Machine: sleeps for `ms` milliseconds, or until `wake` is called after `wakeCount` was read. True when it was woken. */
  sleep(wakeCount: number, ms: number): boolean {
    return Atomics.wait(this.#words, WAKE, wakeCount, ms) !== 'timed-out'
  }

  /** Host: has looked at everything, and wants the bell rung when there is more. */
  armBell(): void {
    Atomics.store(this.#words, BELL, 1)
  }

  /** Machine: whether the host must be told of new output; it is, once for each `armBell`. */
  takeBell(): boolean {
    return Atomics.exchange(this.#words, BELL, 0) === 1
  }

  /** Machine: an output ring is full. To be said before trying once more and sleeping, so that the wake is not lost. */
  setBlocked(): void {
    Atomics.store(this.#words, BLOCKED, 1)
  }

  /** Host: has made room; wakes the machine if that is what it waits for. */
  unblock(): void {
    if (Atomics.exchange(this.#words, BLOCKED, 0) === 1) this.wake()
  }
}
