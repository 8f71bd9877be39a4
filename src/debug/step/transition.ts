/** What the processor does, in order, in the one step that comes next. */
import { EVENT_BEGIN, EVENT_END, EVENT_STEP } from '../../cpu/probe.ts'
import { stepTexts, transitionNames } from '../../cpu/probe-text.ts'
import type { History } from '../history/history.ts'

export interface Transition {
  /** `SYSCALL`, `event delivery`. */
  readonly name: string
  readonly fromRing: number
  readonly toRing: number
  /** As the manual writes them, with the value. */
  readonly steps: readonly string[]
}

/** Steps forward, and says what transition that was; null when it was none. */
export function stepWatched(history: History, isInterrupted: () => boolean): Transition | null {
  let name = ''
  let fromRing = 0
  let toRing = -1
  let steps: string[] = []
  const listener = (event: number, x: bigint, y: bigint): void => {
    if (event === EVENT_BEGIN) {
      // What was begun before, and raised an exception itself, is given up.
      name = transitionNames[Number(x)] ?? `transition ${x}`
      fromRing = Number(y)
      steps = []
    } else if (event === EVENT_STEP) steps.push(`${stepTexts[Number(x)] ?? `step ${x}`}  ${hex(y)}`)
    else if (event === EVENT_END) toRing = Number(y)
  }
  const { cpu } = history.computer
  cpu.addProbe(listener)
  try {
    history.stepForward({ isInterrupted })
  } finally {
    cpu.removeProbe(listener)
  }
  return toRing < 0 ? null : { name, fromRing, toRing, steps }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
