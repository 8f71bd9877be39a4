/** `--profile NAME` and `--cost NAME=CYCLES`: the cycle model of `bench` and of `run --stats`. */
import { findProfile, profileNames } from '../bench/profiles/index.ts'
import { CostError, withCost } from '../bench/profiles/parameters.ts'
import type { Profile } from '../bench/profiles/profile.ts'
import { UsageError } from './errors.ts'
import { parseChoice } from './options.ts'

export const DEFAULT_PROFILE = 'skylake'
export const PROFILE_HELP: string = `The cycle model: ${profileNames.join(', ')}`
export const COST_HELP =
  'Another cost in the model, as in fred.delivery=60, fred.eretu=40, syscall=70; repeatable'

export interface ModelFlags {
  readonly profile: string
  readonly cost?: string | readonly string[]
}

export function parseProfile({ profile: name, cost }: ModelFlags): Profile {
  let profile = findProfile(parseChoice(name, '--profile', profileNames))!
  for (const text of cost === undefined ? [] : [cost].flat())
    try {
      profile = withCost(profile, String(text))
    } catch (error) {
      throw error instanceof CostError ? new UsageError(`--cost ${text}: ${error.message}`) : error
    }
  return profile
}
