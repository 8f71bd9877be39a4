/** Backwards to something: the history is gone through stretch by stretch, the latest first, each forwards, and the last find counts. */
import type { DebugPoint } from '../../cpu/debug-points.ts'
import { CPL } from '../../cpu/layout.ts'
import { EVENT_BEGIN, EVENT_END } from '../../cpu/probe.ts'
import type { History, Pause } from './history.ts'
import { compare, isBefore, type Position } from './position.ts'

/** What a search backwards has come to; the machine stands there. */
export interface Found {
  readonly pause: Exclude<Pause, 'there' | 'ended'>
  /** The data point whose access lies just ahead. */
  readonly point?: DebugPoint | undefined
}

interface Hit {
  readonly position: Position
  readonly pause: 'breakpoint' | 'watchpoint'
  readonly point?: DebugPoint | undefined
}

const LONGEST_LIST = 4096

/**
 * Back to the last time at which the processor stood at a code point, or was about to make an access that a data point watches. Null: there was none, and the
 * machine stands at the beginning of the history.
 */
export function backToPoint(history: History, isInterrupted: () => boolean): Found | null {
  const origin = history.position
  let end = origin
  for (const start of history.stretchesBefore(origin)) {
    const hit = lastHit(history, end, origin, isInterrupted)
    if (hit === 'interrupted') return { pause: 'interrupted' }
    if (hit !== null) {
      history.goto(hit.position)
      if (hit.pause === 'watchpoint') history.stepBack()
      return hit
    }
    end = start
  }
  history.goto(history.start)
  return null
}

/** The last hit up to `end`, from here on. A code point counts before `origin` only. */
function lastHit(
  history: History,
  end: Position,
  origin: Position,
  isInterrupted: () => boolean,
): Hit | null | 'interrupted' {
  const { cpu } = history.computer
  let last: Hit | null = null
  for (;;) {
    const pause = history.run(end, { points: true, isInterrupted })
    if (pause === 'interrupted') return pause
    if (pause !== 'breakpoint' && pause !== 'watchpoint') return last
    const { position } = history
    if (pause === 'watchpoint' ? !isBefore(origin, position) : isBefore(position, origin))
      last = { position, pause, point: pause === 'watchpoint' ? cpu.metPoint : undefined }
    if (pause === 'breakpoint') cpu.passPoint()
  }
}

/** Back to the last boundary behind which the ring had just changed. Null as above. */
export function backToRingChange(history: History, isInterrupted: () => boolean): Found | null {
  const origin = history.position
  let end = origin
  for (const start of history.stretchesBefore(origin)) {
    const candidates = listRingChanges(history, end, isInterrupted)
    if (candidates === null) return { pause: 'interrupted' }
    for (const instruction of candidates.toReversed()) {
      const change = lastChangeNear(history, instruction, origin)
      if (change === null) continue
      history.goto(change)
      return { pause: 'ring' }
    }
    end = start
  }
  history.goto(history.start)
  return null
}

/** Instructions that were retired when transitions to another ring took place, on the way to `end`; ascending, the last ones. Null: interrupted. */
function listRingChanges(history: History, end: Position, isInterrupted: () => boolean): number[] | null {
  const { cpu } = history.computer
  let found: number[] = []
  let before = 0n
  const listener = (event: number, _x: bigint, y: bigint): void => {
    if (event === EVENT_BEGIN) before = y
    if (event !== EVENT_END || y === before || found.at(-1) === cpu.retired) return
    found.push(cpu.retired)
    if (found.length > 2 * LONGEST_LIST) found = found.slice(LONGEST_LIST)
  }
  cpu.addProbe(listener)
  try {
    return history.run(end, { isInterrupted }) === 'interrupted' ? null : found
  } finally {
    cpu.removeProbe(listener)
  }
}

/** The last change of ring before `limit` in the boundaries at and just behind an instruction. */
function lastChangeNear(history: History, instruction: number, limit: Position): Position | null {
  const { cpu } = history.computer
  history.goto({ instruction, event: 0 })
  let last: Position | null = null
  let ring = cpu.getState32(CPL)
  while (compare(history.position, limit) < 0 && history.position.instruction <= instruction + 1) {
    if (history.stepForward() === 'ended' || !isBefore(history.position, limit)) break
    if (cpu.getState32(CPL) !== ring) last = history.position
    ring = cpu.getState32(CPL)
  }
  return last
}
