/** The last column of a row: effects on flags, privilege, modes, CPUID feature. The notation stands in `parse-rows.ts`. */
import { flagLetters } from './row.ts'
import type { Branch, FlagEffects, Repeat } from './row.ts'

export interface RowProperties {
  /** Undefined: that of the family. */
  readonly feature: string | undefined
  readonly branch: Branch
  /** Appended to the id. */
  readonly suffix: string
  readonly flags: FlagEffects
  readonly only64: boolean
  readonly not64: boolean
  readonly lockable: boolean
  readonly privileged: boolean
  readonly ioSensitive: boolean
  readonly repeat: Repeat
  readonly alias: boolean
}

const plain = new Set(['lock', 'cpl0', 'iopl', '64', '!64', 'rep', 'repz', 'alias'])

function flagMask(tokens: readonly string[], key: string): number {
  const letters = tokens.find((token) => token.startsWith(`${key}:`))?.slice(2) ?? ''
  let bits = 0
  for (const letter of letters) {
    const bit = flagLetters[letter]
    if (bit === undefined) throw new Error(`unknown flag ${letter}`)
    bits |= bit
  }
  return bits
}

function parse(column: string): RowProperties {
  const tokens = column.split(/\s+/).filter((token) => token !== '')
  let feature: string | undefined
  let branch: Branch = 'none'
  let suffix = ''
  for (const token of tokens) {
    if (token.startsWith('branch=')) branch = token.slice(7) as Branch
    else if (token.startsWith('id=')) suffix = `.${token.slice(3)}`
    else if (/^[A-Z][A-Z0-9_.]+$/.test(token)) feature = token
    else if (!plain.has(token) && !/^[rwu01]:[a-z]+$/.test(token))
      throw new Error(`unknown property ${token}`)
  }
  const has = (token: string): boolean => tokens.includes(token)
  return {
    feature,
    branch,
    suffix,
    flags: {
      read: flagMask(tokens, 'r'),
      written: flagMask(tokens, 'w'),
      undefined: flagMask(tokens, 'u'),
      cleared: flagMask(tokens, '0'),
      set: flagMask(tokens, '1'),
    },
    only64: has('64'),
    not64: has('!64'),
    lockable: has('lock'),
    privileged: has('cpl0'),
    ioSensitive: has('iopl'),
    repeat: has('rep') ? 'rep' : has('repz') ? 'repz' : 'none',
    alias: has('alias'),
  }
}

const known = new Map<string, RowProperties>()

/** Parses the column; most rows share a few texts. Throws on an unknown property. */
export function parseProperties(column: string): RowProperties {
  let properties = known.get(column)
  if (properties === undefined) {
    properties = parse(column)
    known.set(column, properties)
  }
  return properties
}
