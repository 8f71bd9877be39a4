/** What is known of one operation in one link mode. */
import type { Counts } from './model.ts'
import type { Distribution } from './statistics.ts'
import type { Payload } from './suite.ts'

/** Modelled cycles by where they go. */
export interface Split {
  /** What the processor does to change rings and back. */
  readonly transition: number
  /** Page tables of the application's own, and barriers against speculation. */
  readonly mitigation: number
  /** Software of entry and exit, and whatever else the mode adds to the work. */
  readonly entry: number
  /** The same operation linked `direct`. */
  readonly work: number
}
export const parts = ['transition', 'mitigation', 'entry', 'work'] as const

/** Of one operation. Instructions and events are exact means over the loop; cycles are modelled; time on the host is measured. */
export interface Figures {
  readonly case: string
  readonly operation: string
  readonly payload?: Payload
  readonly instructions: { readonly ring0: number; readonly ring3: number; readonly total: number }
  readonly events: Counts['events']
  readonly cycles: Split & { readonly total: number }
  /** Nanoseconds of the host's clock, one sample for each run of the image. */
  readonly hostNs: Distribution
}

export interface ModeResults {
  readonly link: string
  readonly figures: readonly Figures[]
}

/** The mode whose software is the work itself. */
export const WORK_MODE = 'direct'

/** The figures of one case in one mode, where both were measured. */
export function figuresOf(modes: readonly ModeResults[], link: string, name: string): Figures | undefined {
  return modes.find((each) => each.link === link)?.figures.find((each) => each.case === name)
}
