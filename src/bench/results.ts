/** The figures of a whole run: every case in every link mode, under one profile. */
import { cyclesOf, instructionsOf, type Counts } from './model.ts'
import type { Profile } from './profiles/profile.ts'
import type { Measurement } from './run.ts'

/** Of one operation. Instructions and events are exact means over the loop; cycles are modelled. */
export interface Figures {
  readonly case: string
  readonly operation: string
  readonly instructions: { readonly ring0: number; readonly ring3: number; readonly total: number }
  readonly events: Counts['events']
  readonly cycles: {
    /** What the processor does to change rings and back. */
    readonly transition: number
    readonly mitigation: number
    /** Software of entry and exit, and whatever else the mode adds to the work. */
    readonly entry: number
    /** The same operation linked `direct`. */
    readonly work: number
    readonly total: number
  }
}

export interface ModeResults {
  readonly link: string
  readonly figures: readonly Figures[]
}

/** The mode whose software is the work itself. */
export const WORK_MODE = 'direct'

/** `measured`: link mode → measurements, with WORK_MODE among them. */
export function resultsOf(
  measured: ReadonlyMap<string, readonly Measurement[]>,
  profile: Profile,
): ModeResults[] {
  const work = new Map(
    (measured.get(WORK_MODE) ?? []).map(({ case: each, counts }) => [
      each.name,
      cyclesOf(counts, profile).total,
    ]),
  )
  return [...measured].map(([link, measurements]) => ({
    link,
    figures: measurements.map(({ case: each, counts }): Figures => {
      const { transition, mitigation, software, total } = cyclesOf(counts, profile)
      // Inlined, the work itself may shrink: nothing is left for an entry then.
      const own = Math.min(work.get(each.name) ?? software, software)
      return {
        case: each.name,
        operation: each.operation,
        instructions: { ring0: counts.rings[0]!, ring3: counts.rings[3]!, total: instructionsOf(counts) },
        events: counts.events,
        cycles: { transition, mitigation, entry: software - own, work: own, total },
      }
    }),
  }))
}
