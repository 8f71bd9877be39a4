/** Figures of the applications: what a request needs, in each link mode. */
import { WORK_MODE } from '../figures.ts'
import { cyclesOf, type EntrySequences, instructionsOf } from '../model.ts'
import type { Profile } from '../profiles/profile.ts'
import type { Split } from '../figures.ts'
import type { AppMeasurement, Load } from './run.ts'

export interface AppRun {
  readonly app: string
  readonly operation: string
  readonly link: string
  readonly onEntry: EntrySequences
  readonly measurement: AppMeasurement
}

/** Of one request; all of it exact but the cycles, which are modelled. */
export interface AppFigures {
  readonly app: string
  readonly operation: string
  readonly link: string
  /** In seconds of guest time. */
  readonly requestsPerSecond: number
  readonly p50Ns: number
  readonly p99Ns: number
  readonly instructions: { readonly ring0: number; readonly ring3: number; readonly total: number }
  readonly cycles: Split & { readonly total: number }
}

/** A whole run, under one profile. */
export interface AppResults {
  readonly profile: Profile
  readonly load: Load
  readonly figures: readonly AppFigures[]
}

/** The value below which a share `p` (0 … 1) of the samples lies, by the nearest-rank method. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? NaN
}

export function figuresOfApps(runs: readonly AppRun[], profile: Profile): AppFigures[] {
  const plain = new Map(
    runs
      .filter(({ link }) => link === WORK_MODE)
      .map(({ app, measurement }) => [app, cyclesOf(measurement.counts, profile)]),
  )
  return runs.map(({ app, operation, link, onEntry, measurement }) => {
    const { counts, latenciesNs, elapsedNs } = measurement
    const { transition, mitigation, software, total } = cyclesOf(counts, profile, onEntry)
    const work = plain.get(app)
    const own = Math.min(work?.software ?? software, software)
    // Barriers between a driver and its device are no mitigations.
    const fences = work?.mitigation ?? 0
    return {
      app,
      operation,
      link,
      requestsPerSecond: latenciesNs.length / (elapsedNs / 1e9),
      p50Ns: percentile(latenciesNs, 0.5),
      p99Ns: percentile(latenciesNs, 0.99),
      instructions: { ring0: counts.rings[0]!, ring3: counts.rings[3]!, total: instructionsOf(counts) },
      cycles: {
        transition,
        mitigation: mitigation - fences,
        entry: software - own,
        work: own + fences,
        total,
      },
    }
  })
}
