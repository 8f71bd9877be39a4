/** What studies have measured on real machines, beside what the model has for the link mode that corresponds. Nothing here enters the model. */
import type { ModeResults } from './results.ts'
import { formatColumns, wrap } from './table.ts'

interface Published {
  readonly what: string
  /** The link mode that corresponds. */
  readonly link: string
  readonly value: number
  /** Where the two differ by more than a quarter: why. */
  readonly reason?: string
}

interface Study {
  readonly name: string
  readonly source: string
  /** Cycles are compared as they are; nanoseconds by their ratio to the study's `trap`. */
  readonly unit: 'cycles' | 'ns'
  readonly rows: readonly Published[]
}

export const studies: readonly Study[] = [
  {
    name: 'HermiTux, null system call',
    source: 'D. Chiba, M.Sc. thesis, figure 6.1: Xeon E5-2695, Linux 4.9',
    unit: 'cycles',
    rows: [
      { what: 'Linux, KPTI', link: 'trap+kpti-nopcid', value: 1118 },
      { what: 'Linux', link: 'trap', value: 199 },
      {
        what: 'SYSCALL in ring 0',
        link: 'base',
        value: 115,
        reason: 'theirs still executes SYSCALL and SYSRET, some 80 cycles; ours calls the same path',
      },
      {
        what: 'rewritten to a call',
        link: 'bypass',
        value: 33,
        reason: 'theirs goes through a trampoline that turns registers of a system call into arguments',
      },
      { what: 'plain call', link: 'direct', value: 9, reason: 'ours counts its loop and the kernel’s lock' },
    ],
  },
  {
    name: 'Unikraft, no-op call',
    source: 'EuroSys 2021 artifacts, table 1: Core i7-9700K, Linux 5.11 in KVM',
    unit: 'cycles',
    rows: [
      { what: 'Linux, mitigations off', link: 'trap', value: 154 },
      {
        what: 'SYSCALL in ring 0',
        link: 'base',
        value: 84,
      },
      {
        what: 'plain call',
        link: 'direct',
        value: 4,
        reason: 'theirs is an empty function; ours takes the kernel’s lock',
      },
    ],
  },
  {
    name: 'UKL, getppid',
    source: 'Raza et al., Unikernel Linux, EuroSys 2023',
    unit: 'ns',
    rows: [
      { what: 'Linux', link: 'trap', value: 342.6 },
      {
        what: 'UKL base',
        link: 'base',
        value: 325.3,
        reason:
          'Linux’s entry path is some ten times longer than ours, so that what the processor does is a small part of it',
      },
      {
        what: 'UKL, entry bypassed',
        link: 'bypass',
        value: 56.6,
        reason: 'as above: what is bypassed is longer there',
      },
    ],
  },
]

/** More than that between ours and theirs wants a reason. */
const TOLERANCE = 0.25

function ours(results: readonly ModeResults[], link: string): number | undefined {
  const mode = results.find((each) => each.link === link)
  return mode?.figures.find((each) => each.case === 'getppid')?.cycles.total
}

/** One study beside our modes; modes that were not measured are left out. */
function formatStudy(study: Study, results: readonly ModeResults[]): string {
  const trap = ours(results, 'trap')
  const theirTrap = study.rows.find(({ link }) => link === 'trap')!.value
  const lines: string[][] = []
  const reasons: string[] = []
  for (const { what, link, value, reason } of study.rows) {
    const cycles = ours(results, link)
    if (cycles === undefined || trap === undefined) continue
    const relative = study.unit === 'ns'
    const [theirs, mine] = relative ? [value / theirTrap, cycles / trap] : [value, cycles]
    const ratio = mine / theirs
    lines.push([what, `${value} ${study.unit}`, link, cycles.toFixed(cycles < 100 ? 1 : 0), ratio.toFixed(2)])
    if (Math.abs(ratio - 1) > TOLERANCE && reason) reasons.push(`${what}: ${reason}.`)
  }
  if (lines.length === 0) return ''
  const scale = study.unit === 'ns' ? 'ours ÷ theirs, each over its trap' : 'ours ÷ theirs'
  const table = formatColumns([[study.name, 'published', 'link mode', 'cycles', scale], ...lines])
  return [table, ...[`Source: ${study.source}.`, ...reasons].map(wrap)].join('\n')
}

/** All studies, one under the other. */
export function formatPublished(results: readonly ModeResults[]): string {
  return studies
    .map((study) => formatStudy(study, results))
    .filter((text) => text !== '')
    .join('\n\n')
}
