/** The profiles by name. Columns of one study, so that they can be compared with each other. */
import { type Column, eventsOf, gates, ordinary, sequencesOf, slowInstructions } from './common.ts'
import type { Profile } from './profile.ts'

function profile(name: string, title: string, column: Column): Profile {
  const events = { ...slowInstructions, ...gates, ...eventsOf(column) }
  return { name, title, ordinary, events, sequences: sequencesOf(column) }
}

/** [SYSCALL, SYSRET, CR3 swap, VERW, LFENCE, indirect branch, retpoline, return stack fill] */
const column = (
  ...values: readonly [number, number, number, number, number, number, number, number]
): Column => {
  const [syscall, sysret, cr3, verw, lfence, indirect, retpoline, fill] = values
  return { syscall, sysret, cr3, verw, lfence, indirect, retpoline, fill }
}

const icelakeServer = column(45, 32, 0, 0, 13, 1, 50, 69)

export const profiles: readonly Profile[] = [
  profile('skylake', 'Intel Skylake (Core i7-6600U)', column(42, 42, 191, 518, 20, 11, 19, 130)),
  profile('broadwell', 'Intel Broadwell (Xeon E5-2640 v4)', column(49, 40, 206, 610, 28, 16, 28, 130)),
  profile('cascade-lake', 'Intel Cascade Lake (Xeon Silver 4210R)', column(70, 43, 0, 458, 15, 3, 49, 120)),
  profile('icelake-server', 'Intel Ice Lake (Xeon Gold 6354)', icelakeServer),
  profile('zen2', 'AMD Zen 2 (EPYC 7452)', column(53, 46, 0, 0, 4, 3, 14, 68)),
  profile('zen3', 'AMD Zen 3 (Ryzen 5 5600X)', column(83, 55, 0, 0, 30, 23, 13, 94)),
  // Nobody has published what FRED costs. What is not FRED's is the newest Intel core of the study; what is, are parameters (`parameters.ts`).
  profile('fred', 'a core with FRED, otherwise Intel Ice Lake', icelakeServer),
]

export const profileNames: readonly string[] = profiles.map(({ name }) => name)

export function findProfile(name: string): Profile | undefined {
  return profiles.find((each) => each.name === name)
}
