/**
 * The figures of a whole run: every case in every link mode, under one profile, and what is made of them. Tables, JSON, CSV and the page all
 * show this structure and compute nothing of their own.
 */
import { compareStudies, type StudyComparison } from './comparison.ts'
import { type Figures, type ModeResults, WORK_MODE } from './figures.ts'
import { cyclesOf, instructionsOf } from './model.ts'
import { checkOrder, type OrderCheck } from './order.ts'
import type { Profile } from './profiles/profile.ts'
import type { Engine, ModeMeasurements } from './run.ts'
import { distribution } from './statistics.ts'

export interface Results {
  readonly profile: Profile
  readonly engine: Engine
  /** Runs of each image: every one gave the same counts. */
  readonly samples: number
  readonly modes: readonly ModeResults[]
  readonly order: OrderCheck
  readonly studies: readonly StudyComparison[]
}

export interface RunDescription {
  readonly profile: Profile
  readonly engine: Engine
  readonly samples: number
}

/** `measured`: with WORK_MODE among them. */
export function resultsOf(
  measured: readonly ModeMeasurements[],
  { profile, engine, samples }: RunDescription,
): Results {
  const modes = modesUnder(measured, profile)
  return {
    profile,
    engine,
    samples,
    modes,
    order: checkOrder(modes),
    studies: compareStudies((nearest) => modesUnder(measured, nearest)),
  }
}

function modesUnder(measured: readonly ModeMeasurements[], profile: Profile): ModeResults[] {
  const plain = measured.find(({ link }) => link === WORK_MODE)?.measurements ?? []
  const work = new Map(plain.map(({ case: { name }, counts }) => [name, cyclesOf(counts, profile).total]))
  return measured.map(({ link, onEntry, measurements }) => ({
    link,
    figures: measurements.map(({ case: each, counts, hostNs }): Figures => {
      const { transition, mitigation, software, total } = cyclesOf(counts, profile, onEntry)
      // Inlined, the work itself may shrink: nothing is left for an entry then.
      const own = Math.min(work.get(each.name) ?? software, software)
      return {
        case: each.name,
        operation: each.operation,
        ...(each.payload === undefined ? {} : { payload: each.payload }),
        instructions: { ring0: counts.rings[0]!, ring3: counts.rings[3]!, total: instructionsOf(counts) },
        events: counts.events,
        cycles: { transition, mitigation, entry: software - own, work: own, total },
        hostNs: distribution(hostNs),
      }
    }),
  }))
}
