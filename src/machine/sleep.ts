/** How a halted machine lets time pass. */
import type { RunnerOptions } from './runner.ts'

/** The host's timers are not better than that, in milliseconds; what is nearer is waited for by leaping. */
const SHORTEST_SLEEP_MS = 0.02

export interface Slept {
  /** Milliseconds that the host slept. */
  readonly hostMs: number
  /** Woken early: the nanoseconds that the guest has been halted, which are for the caller to add to its clock. Else null, and the clock stands at its deadline. */
  readonly wokenNs: number | null
}

const LEAPT: Slept = { hostMs: 0, wokenNs: null }

/**
 * Waits for the clock's next deadline or, before, for a wake of the host. `wakeCount` was read before one looked for work, so that no wake is lost; `hasNews` says,
 * when everything is flushed, that there is work already.
 */
export function sleep(
  { clock, control, idle, flush }: Pick<RunnerOptions, 'clock' | 'control' | 'idle' | 'flush'>,
  wakeCount: number,
  hasNews: () => boolean = () => false,
): Slept {
  const leap = (): Slept => {
    clock.skipToDeadline()
    return LEAPT
  }
  const deadlineNs = clock.nextDeadlineNs
  if (idle === 'leap' && deadlineNs !== Infinity) return leap()
  flush()
  const ms = (deadlineNs - clock.nowNs()) / 1e6
  if (ms <= SHORTEST_SLEEP_MS) return leap()
  const startMs = performance.now()
  const wasWoken = hasNews() || control.sleep(wakeCount, ms)
  const hostMs = performance.now() - startMs
  // Woken early, the guest has been halted for as long as the host slept, but not beyond its own deadline.
  if (wasWoken) return { hostMs, wokenNs: Math.min(hostMs, ms) * 1e6 }
  clock.skipToDeadline()
  return { hostMs, wokenNs: null }
}
