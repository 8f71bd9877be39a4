/** A machine under a debugger: its history, the points that are set, and the ways in which it is made to go. What gdb's server and the stepper share. */
import type { DebugPoint } from '../cpu/debug-points.ts'
import { COUNT_INTERRUPT } from '../cpu/counters.ts'
import { COUNTERS } from '../cpu/layout.ts'
import type { Computer } from '../machine/computer.ts'
import type { History, Pause } from './history/history.ts'
import type { Position } from './history/position.ts'
import { backToPoint, backToRingChange } from './history/search.ts'

/** Why the machine stands where it stands. */
export interface Halt {
  readonly why: Pause | 'history-begins'
  /** The data point, when that is why. */
  readonly point?: DebugPoint | undefined
}

const RSP = 4

export class Target {
  readonly history: History
  readonly #isInterrupted: () => boolean
  #points: readonly DebugPoint[] = []
  /** Whether a step that an interrupt comes in between goes on until its handler has returned. */
  skipsInterrupts = true

  /** `isInterrupted`: somebody wants to be heard; asked while the machine runs. */
  constructor(history: History, isInterrupted: () => boolean) {
    this.history = history
    this.#isInterrupted = isInterrupted
  }

  get computer(): Computer {
    return this.history.computer
  }

  get points(): readonly DebugPoint[] {
    return this.#points
  }

  /** Throws a RangeError when they are too many. */
  setPoints(points: readonly DebugPoint[]): void {
    this.computer.cpu.setPoints(points)
    this.#points = points
  }

  /** On to a point, the end, or an interruption. */
  continue(): Halt {
    this.computer.cpu.passPoint()
    const why = this.history.run(undefined, { points: true, isInterrupted: this.#isInterrupted })
    return { why, ...(why === 'watchpoint' ? { point: this.computer.cpu.metPoint } : {}) }
  }

  /** One boundary on, or over the handler of an interrupt that comes first. */
  step(): Halt {
    const { cpu } = this.computer
    const { rip } = cpu
    const rsp = cpu.gpr(RSP)
    const { instruction } = this.history.position
    const interrupts = cpu.getState64(COUNTERS + 8 * COUNT_INTERRUPT)
    const why = this.#stepOnce()
    const isInHandler =
      why === 'there' &&
      this.history.position.instruction === instruction &&
      cpu.getState64(COUNTERS + 8 * COUNT_INTERRUPT) !== interrupts
    if (!isInHandler || !this.skipsInterrupts) return { why }
    return this.#returnTo(rip, rsp) ?? this.step()
  }

  #stepOnce(): Pause {
    return this.history.stepForward({ isInterrupted: this.#isInterrupted })
  }

  /** Until the processor is back; null when it is. */
  #returnTo(rip: bigint, rsp: bigint): Halt | null {
    const points = this.#points
    const { cpu } = this.computer
    try {
      cpu.setPoints([...points, { address: rip, bytes: 1, on: 'execute' }])
    } catch {
      return { why: 'there' }
    }
    try {
      for (;;) {
        const halt = this.continue()
        if (halt.why !== 'breakpoint' || cpu.rip !== rip) return halt
        if (cpu.gpr(RSP) === rsp) return null
      }
    } finally {
      cpu.setPoints(points)
    }
  }

  stepBack(): Halt {
    return { why: this.history.stepBack() ? 'there' : 'history-begins' }
  }

  reverseContinue(): Halt {
    const found = backToPoint(this.history, this.#isInterrupted)
    return found === null ? { why: 'history-begins' } : { why: found.pause, point: found.point }
  }

  /** To a place that the machine has been at, or that lies ahead. */
  goto(aim: Position): Halt {
    this.history.goto(aim)
    return { why: this.history.run(aim, { isInterrupted: this.#isInterrupted }) }
  }

  nextRingChange(): Halt {
    return { why: this.history.run(undefined, { rings: true, isInterrupted: this.#isInterrupted }) }
  }

  previousRingChange(): Halt {
    const found = backToRingChange(this.history, this.#isInterrupted)
    return { why: found === null ? 'history-begins' : found.pause }
  }
}
