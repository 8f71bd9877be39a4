/** All meanings, by row. */
import { rows, type Row } from '../../isa/index.ts'
import { counterOf } from '../counter-names.ts'
import { arithmetic } from './arithmetic.ts'
import { avx } from './avx/index.ts'
import { bits } from './bits.ts'
import { branches } from './branch.ts'
import { crypto } from './crypto/index.ts'
import { decimal } from './decimal.ts'
import type { Definition, Definitions } from './definition.ts'
import { moves } from './move.ts'
import { mmx } from './mmx/index.ts'
import { multiply } from './multiply.ts'
import { shifts } from './shift.ts'
import { sse } from './sse/index.ts'
import { stack } from './stack.ts'
import { systemInstructions } from './system.ts'
import { x87 } from './x87/index.ts'

const families: readonly Definitions[] = [
  arithmetic,
  multiply,
  shifts,
  bits,
  moves,
  stack,
  branches,
  decimal,
  systemInstructions,
  ...sse,
  ...avx,
  crypto,
  mmx,
  x87,
]

const byId = new Map(families.flatMap((family) => Object.entries(family.ids ?? {})))
const byMnemonic = new Map(families.flatMap((family) => Object.entries(family.mnemonics ?? {})))

/** Every attempt is counted, where the instruction has a counter. */
function counted(definition: Definition, counter: number): Definition {
  return {
    ...definition,
    emit(c) {
      c.count(counter)
      definition.emit(c)
    },
  }
}

for (const [mnemonic, definition] of byMnemonic) {
  const counter = counterOf(mnemonic)
  if (counter !== undefined) byMnemonic.set(mnemonic, counted(definition, counter))
}

/** A VEX row without a meaning of its own has that of the legacy instruction, if that holds for both forms. */
for (const row of rows) {
  if (!row.vex || byMnemonic.has(row.mnemonic)) continue
  const legacy = byMnemonic.get(row.mnemonic.slice(1))
  if (row.mnemonic.startsWith('v') && legacy?.vex) byMnemonic.set(row.mnemonic, legacy)
}

/** Key and meaning of a row, or null when it has none yet: it then raises #UD. `vex`: it is the meaning's VEX form. */
export function meaningOf(row: Pick<Row, 'id' | 'mnemonic' | 'vex'>): Meaning | null {
  const { vex } = row
  const own = byId.get(row.id)
  if (own) return { key: `#${row.id}`, definition: own, vex }
  const shared = byMnemonic.get(row.mnemonic)
  return shared ? { key: row.mnemonic, definition: shared, vex } : null
}

export interface Meaning {
  readonly key: string
  readonly definition: Definition
  readonly vex: boolean
}

/** The meaning behind a key that `meaningOf` gave. */
export function definitionOf(key: string): Definition | undefined {
  return key.startsWith('#') ? byId.get(key.slice(1)) : byMnemonic.get(key)
}
