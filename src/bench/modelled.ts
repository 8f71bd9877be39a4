/** Modelled cycles of a whole run, of any guest, for `onering run --stats`. */
import { type Counts, cyclesOf, type Cycles, type Item, itemsOf } from './model.ts'
import type { Profile } from './profiles/profile.ts'

export interface Modelled {
  /** What these numbers are, for whoever reads the file alone. */
  readonly note: string
  readonly profile: string
  readonly title: string
  readonly cycles: Cycles
  /** By event: each kind of transition, each instruction that has a price of its own, and the rest. The dearest first. */
  readonly items: readonly Item[]
}

const NOTE =
  'modelled: arithmetic on exact counts under the profile’s costs, not a measurement; the same on every engine'

export function modelled(counts: Counts, profile: Profile): Modelled {
  return {
    note: NOTE,
    profile: profile.name,
    title: profile.title,
    cycles: cyclesOf(counts, profile),
    items: itemsOf(counts, profile).toSorted((a, b) => b.cycles - a.cycles),
  }
}
