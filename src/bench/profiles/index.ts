/** The profiles by name. Columns of one study, so that they can be compared with each other. */
import { behrens, gates, ordinary, slowInstructions } from './common.ts'
import type { Profile } from './profile.ts'

function profile(name: string, title: string, columns: Profile['events']): Profile {
  return { name, title, ordinary, events: { ...slowInstructions, ...gates, ...columns } }
}

export const profiles: readonly Profile[] = [
  profile('skylake', 'Intel Skylake (Core i7-6600U)', behrens(42, 42, 191, 518, 20)),
  profile('broadwell', 'Intel Broadwell (Xeon E5-2640 v4)', behrens(49, 40, 206, 610, 28)),
  profile('cascade-lake', 'Intel Cascade Lake (Xeon Silver 4210R)', behrens(70, 43, 0, 458, 15)),
  profile('icelake-server', 'Intel Ice Lake (Xeon Gold 6354)', behrens(45, 32, 0, 0, 13)),
  profile('zen2', 'AMD Zen 2 (EPYC 7452)', behrens(53, 46, 0, 0, 4)),
  profile('zen3', 'AMD Zen 3 (Ryzen 5 5600X)', behrens(83, 55, 0, 0, 30)),
]

export function findProfile(name: string): Profile | undefined {
  return profiles.find((each) => each.name === name)
}
