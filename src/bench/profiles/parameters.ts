/** Costs given by the user: `NAME=CYCLES`, for what no source gives, or to see what follows from another number. */
import { assumed, type Profile } from './profile.ts'

/** Names that say more than the counter's does. */
const aliases: Readonly<Record<string, string>> = {
  'fred.delivery': 'fred-event',
  'fred.eretu': 'eretu',
  'fred.erets': 'erets',
}

const MAX_CYCLES = 1e6
const GIVEN = 'given by --cost'

/** Every name that `withCosts` takes for that profile. */
export function parameterNames({ events, sequences }: Profile): string[] {
  return ['ordinary', ...Object.keys(aliases), ...Object.keys(events), ...Object.keys(sequences)]
}

/** What is wrong with a cost, as the second half of a sentence. */
export class CostError extends Error {}

function parse(text: string, profile: Profile): { name: string; cycles: number } {
  const [, name = '', value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === '') throw new CostError('is not NAME=CYCLES, as in fred.delivery=60')
  if (!parameterNames(profile).includes(name))
    throw new CostError(`names no cost; there are ${parameterNames(profile).join(', ')}`)
  const cycles = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN
  if (!(cycles <= MAX_CYCLES)) throw new CostError(`wants a number of cycles from 0 to ${MAX_CYCLES}`)
  return { name: aliases[name] ?? name, cycles }
}

/** The profile with the cost that `text` gives in place of its own. Throws a CostError. */
export function withCost(profile: Profile, text: string): Profile {
  const { name, cycles } = parse(text, profile)
  const cost = assumed(cycles, GIVEN)
  if (name === 'ordinary') return { ...profile, ordinary: cost }
  if (name in profile.sequences) return { ...profile, sequences: { ...profile.sequences, [name]: cost } }
  return { ...profile, events: { ...profile.events, [name]: cost } }
}
