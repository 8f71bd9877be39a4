/** The timer of a local APIC (SDM vol. 3, 11.5.4). Its input clock has one tick a nanosecond, as the time-stamp counter has. */
import type { Stateful, TimeSource, Timer } from '../device.ts'

export const ONE_SHOT = 0
export const PERIODIC = 1
export const TSC_DEADLINE = 2

/** A shorter period would leave the guest no instruction between two interrupts. */
const MIN_PERIOD_NS = 1000

export interface LapicTimerState {
  mode: number
  initialCount: number
  divideConfig: number
  /** When the count now running reaches zero; Infinity when none runs. */
  deadlineNs: number
  tscDeadline: bigint
}

export class LapicTimer implements Stateful<LapicTimerState> {
  #state: LapicTimerState = powerOn()
  readonly #time: TimeSource
  readonly #timer: Timer
  readonly #tscOffset: () => bigint

  /** `tscOffset`: what the guest has added to its time-stamp counter. */
  constructor(time: TimeSource, tscOffset: () => bigint, onExpire: () => void) {
    this.#time = time
    this.#tscOffset = tscOffset
    this.#timer = time.createTimer(() => {
      this.#expired()
      onExpire()
    })
  }

  get divideConfig(): number {
    return this.#state.divideConfig
  }

  get initialCount(): number {
    return this.#state.initialCount
  }

  get currentCount(): number {
    const { deadlineNs, mode, initialCount } = this.#state
    if (deadlineNs === Infinity || mode === TSC_DEADLINE) return 0
    const left = Math.ceil((deadlineNs - this.#time.nowNs()) / this.#divisor)
    return Math.min(Math.max(left, 0), initialCount)
  }

  /** IA32_TSC_DEADLINE; 0 while not armed. */
  get tscDeadline(): bigint {
    return this.#state.tscDeadline
  }

  /** LVT Timer[18:17]. A change of mode stops the timer. */
  setMode(mode: number): void {
    const state = this.#state
    if (mode === state.mode) return
    // One-shot and periodic share their count; only TSC-deadline mode disarms.
    if (mode === TSC_DEADLINE || state.mode === TSC_DEADLINE) {
      state.initialCount = 0
      state.tscDeadline = 0n
      this.#arm(Infinity)
    }
    state.mode = mode
  }

  setInitialCount(count: number): void {
    if (this.#state.mode === TSC_DEADLINE) return
    this.#state.initialCount = count
    this.#arm(count === 0 ? Infinity : this.#time.nowNs() + count * this.#divisor)
  }

  setDivideConfig(value: number): void {
    const left = this.currentCount
    this.#state.divideConfig = value & 0xb
    if (this.#state.deadlineNs !== Infinity && this.#state.mode !== TSC_DEADLINE)
      this.#arm(this.#time.nowNs() + left * this.#divisor)
  }

  setTscDeadline(value: bigint): void {
    if (this.#state.mode !== TSC_DEADLINE) return
    this.#state.tscDeadline = value
    this.#arm(value === 0n ? Infinity : Number(value - this.#tscOffset()))
  }

  reset(): void {
    this.#state = powerOn()
    this.#timer.disarm()
  }

  save(): LapicTimerState {
    return { ...this.#state }
  }

  load(state: LapicTimerState): void {
    this.#state = { ...state }
    this.#arm(state.deadlineNs)
  }

  /** 1, 2, 4 … 128, from bits 3, 1 and 0 of the Divide Configuration Register. */
  get #divisor(): number {
    const { divideConfig } = this.#state
    const code = ((divideConfig & 8) >> 1) | (divideConfig & 3)
    return code === 7 ? 1 : 2 << code
  }

  #expired(): void {
    const state = this.#state
    if (state.mode === PERIODIC && state.initialCount > 0) {
      const period = Math.max(state.initialCount * this.#divisor, MIN_PERIOD_NS)
      // Periods that went by unseen are one interrupt, as they are when interrupts are held off.
      const missed = Math.max(0, Math.floor((this.#time.nowNs() - state.deadlineNs) / period))
      this.#arm(state.deadlineNs + (missed + 1) * period)
      return
    }
    state.tscDeadline = 0n
    this.#arm(Infinity)
  }

  #arm(deadlineNs: number): void {
    this.#state.deadlineNs = deadlineNs
    if (deadlineNs === Infinity) this.#timer.disarm()
    else this.#timer.arm(deadlineNs)
  }
}

function powerOn(): LapicTimerState {
  return { mode: ONE_SHOT, initialCount: 0, divideConfig: 0, deadlineNs: Infinity, tscDeadline: 0n }
}
