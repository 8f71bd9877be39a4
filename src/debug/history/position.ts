/**
 * A boundary between two instructions. Instructions retired alone do not name it, because a fault or an interrupt is delivered without one: events delivered
 * up to there do the rest. Both count from the reset and never go down.
 */
export interface Position {
  readonly instruction: number
  readonly event: number
}

/** Negative when `a` comes first. */
export function compare(a: Position, b: Position): number {
  return a.instruction - b.instruction || a.event - b.event
}

export function isBefore(a: Position, b: Position): boolean {
  return compare(a, b) < 0
}

export const START: Position = { instruction: 0, event: 0 }
