/** From exact counts to modelled cycles. */
import { isInstruction, partOf, type Part, type Profile } from './profiles/profile.ts'

/** What one operation did: instructions by ring and events by name. May be fractions: a mean over a loop. */
export interface Counts {
  readonly rings: readonly number[]
  readonly events: Readonly<Record<string, number>>
}

/** `later` minus `earlier`, divided by `by`. */
export function difference(later: Counts, earlier: Counts, by = 1): Counts {
  const events: Record<string, number> = {}
  for (const [name, count] of Object.entries(later.events)) {
    const rest = (count - (earlier.events[name] ?? 0)) / by
    if (rest !== 0) events[name] = rest
  }
  return { rings: later.rings.map((count, ring) => (count - earlier.rings[ring]!) / by), events }
}

export function instructionsOf({ rings }: Counts): number {
  return rings.reduce((sum, each) => sum + each, 0)
}

export interface Cycles extends Readonly<Record<Part, number>> {
  readonly total: number
}

/** Cycles that `profile` makes of the counts, by part. */
export function cyclesOf(counts: Counts, profile: Profile): Cycles {
  const parts = { transition: 0, mitigation: 0, software: 0 }
  let plain = instructionsOf(counts)
  for (const [name, count] of Object.entries(counts.events)) {
    const cost = profile.events[name]
    if (!cost) continue
    if (isInstruction(name)) plain -= count
    parts[partOf(name)] += cost.cycles * count
  }
  parts.software += plain * profile.ordinary.cycles
  return { ...parts, total: parts.transition + parts.mitigation + parts.software }
}
