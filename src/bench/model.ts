/** From exact counts to modelled cycles. */
import { entries, isInstruction, partOf, type Part, type Profile, type Sequence } from './profiles/profile.ts'

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

/** One line of the sum: `count` times what one costs. */
export interface Item {
  readonly name: string
  readonly part: Part
  readonly count: number
  readonly cycles: number
}

/** Instructions of a sequence that are executed on each entry into the kernel. */
export type EntrySequences = Readonly<Partial<Record<Sequence, number>>>

/** What the cycles are made of, one item for each event, and the ordinary instructions. `onEntry`: sequences that the image executes on each entry. */
export function itemsOf(counts: Counts, profile: Profile, onEntry: EntrySequences = {}): Item[] {
  const items: Item[] = []
  let plain = instructionsOf(counts)
  for (const [name, count] of Object.entries(counts.events)) {
    const cost = profile.events[name]
    if (!cost) continue
    if (isInstruction(name)) plain -= count
    items.push({ name, part: partOf(name), count, cycles: cost.cycles * count })
  }
  const entered = entries.reduce((sum, name) => sum + (counts.events[name] ?? 0), 0)
  for (const [name, instructions] of Object.entries(onEntry) as [Sequence, number][]) {
    if (entered === 0) continue
    plain -= instructions * entered
    const { cycles } = profile.sequences[name]
    items.push({ name, part: 'mitigation', count: entered, cycles: cycles * entered })
  }
  const ordinary = { count: plain, cycles: plain * profile.ordinary.cycles }
  return [...items, { name: 'ordinary', part: 'software', ...ordinary }]
}

/** Cycles that `profile` makes of the counts, by part. */
export function cyclesOf(counts: Counts, profile: Profile, onEntry: EntrySequences = {}): Cycles {
  const parts = { transition: 0, mitigation: 0, software: 0 }
  for (const { part, cycles } of itemsOf(counts, profile, onEntry)) parts[part] += cycles
  return { ...parts, total: parts.transition + parts.mitigation + parts.software }
}
