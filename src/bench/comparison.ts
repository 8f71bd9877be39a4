/** The published figures beside ours, row by row, and what a difference is made of. */
import { findProfile } from './profiles/index.ts'
import type { Profile } from './profiles/profile.ts'
import { type PublishedRow, studies, type Study } from './published.ts'
import { figuresOf, type ModeResults, parts, type Split } from './figures.ts'

/** More than that between ours and theirs wants an explanation. */
export const TOLERANCE = 0.25
const DEFAULT_CASE = 'getppid'

export interface RowComparison {
  readonly what: string
  /** As published. */
  readonly published: string
  readonly link: string
  readonly case: string
  /** Both in cycles; `entry` of theirs is what remains. */
  readonly theirs: Split & { readonly total: number }
  readonly ours: Split & { readonly total: number }
  /** Ours over theirs. */
  readonly ratio: number
  readonly isWithin: boolean
  /** The part that most of the difference comes from. */
  readonly mainPart: keyof Split
  readonly note?: string
}

export interface StudyComparison {
  readonly name: string
  readonly source: string
  readonly note?: string
  /** Title of the profile that ours were computed under: the study's core, or the nearest. */
  readonly profile: string
  readonly rows: readonly RowComparison[]
}

/** Every study with those of its rows whose modes were measured. `under`: our figures under a profile. */
export function compareStudies(under: (profile: Profile) => readonly ModeResults[]): StudyComparison[] {
  return studies.flatMap((study) => {
    const profile = findProfile(study.nearest)!
    const modes = under(profile)
    const rows = study.rows.flatMap((row) => compareRow(study, row, profile, modes) ?? [])
    if (rows.length === 0) return []
    const { name, source, note } = study
    return [{ name, source, ...(note === undefined ? {} : { note }), profile: profile.title, rows }]
  })
}

function theirSplit(
  { unit, gigahertz = 1 }: Study,
  row: PublishedRow,
  profile: Profile,
): RowComparison['theirs'] {
  const cycles = (value: number): number => (unit === 'ns' ? value * gigahertz : value)
  const total = cycles(row.value)
  const transition = row.transitions.reduce((sum, name) => sum + profile.events[name]!.cycles, 0)
  const mitigation = cycles(row.mitigation ?? 0)
  const work = cycles(row.work ?? 0)
  return { transition, mitigation, entry: total - transition - mitigation - work, work, total }
}

function ourSplit(row: PublishedRow, modes: readonly ModeResults[]): RowComparison['ours'] | undefined {
  const of = (link: string) => figuresOf(modes, link, row.case ?? DEFAULT_CASE)?.cycles
  const whole = of(row.link)
  const less = row.minus === undefined ? undefined : of(row.minus)
  if (!whole || row.minus === undefined) return whole
  if (!less) return undefined
  const rest = (part: keyof Split | 'total'): number => whole[part] - less[part]
  return {
    transition: rest('transition'),
    mitigation: rest('mitigation'),
    entry: rest('entry'),
    work: rest('work'),
    total: rest('total'),
  }
}

function compareRow(
  study: Study,
  row: PublishedRow,
  profile: Profile,
  modes: readonly ModeResults[],
): RowComparison | null {
  const ours = ourSplit(row, modes)
  if (!ours) return null
  const theirs = theirSplit(study, row, profile)
  const ratio = ours.total / theirs.total
  const gap = (part: keyof Split): number => Math.abs(ours[part] - theirs[part])
  return {
    what: row.what,
    published: `${row.value} ${study.unit}`,
    link: row.minus === undefined ? row.link : `${row.link} − ${row.minus}`,
    case: row.case ?? DEFAULT_CASE,
    theirs,
    ours,
    ratio,
    isWithin: Math.abs(ratio - 1) <= TOLERANCE,
    mainPart: parts.reduce((most, part) => (gap(part) > gap(most) ? part : most)),
    ...(row.note === undefined ? {} : { note: row.note }),
  }
}
