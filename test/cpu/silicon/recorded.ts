/** Outcomes of this machine's processor, kept as digests: cases follow from seeds, and a few bytes for each tell what came out of it. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Row } from '../../../src/isa/index.ts'
import { Emulated } from './emulated.ts'
import { families } from './families.ts'
import type { Family } from './family.ts'
import { runNative, type Case } from './native.ts'
import { Random } from './random.ts'
import { casesOf, seedOf } from './run-family.ts'

export const RECORDED = new URL('recorded.json', import.meta.url)

const SEED = 1
const CASES_PER_ROW = 12

export interface Recorded {
  /** The processor that gave the outcomes. */
  readonly processor: string
  readonly seed: number
  readonly casesPerRow: number
  /** Family → row → digests of its cases, 32 bits each, little-endian, in base 64. */
  readonly digests: Readonly<Record<string, Readonly<Record<string, string>>>>
}

function recordedCases(family: Family): { row: Row; one: Case }[] {
  return family.rows.flatMap((row) =>
    casesOf(family, row, new Random(seedOf(SEED, row, 0)), CASES_PER_ROW).map((one) => ({ row, one })),
  )
}

export function record(): Recorded {
  const digests: Record<string, Record<string, string>> = {}
  for (const family of families) {
    const cases = recordedCases(family)
    const outcomes = runNative(
      cases.map(({ one }) => one),
      family.page(new Random(SEED)),
    )
    const byRow = new Map<Row, number[]>()
    cases.forEach(({ row, one }, index) => {
      const digest = family.digest(row, one, outcomes[index]!)
      if (digest !== null) byRow.set(row, [...(byRow.get(row) ?? []), digest])
    })
    digests[family.name] = Object.fromEntries(
      [...byRow].map(([row, own]) => [row.id, Buffer.from(Uint32Array.from(own).buffer).toString('base64')]),
    )
  }
  return { processor: cpus()[0]?.model ?? 'unknown', seed: SEED, casesPerRow: CASES_PER_ROW, digests }
}

export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(RECORDED, 'utf8')) as Recorded
}

/** Rows of the family whose outcomes on our processor are not the recorded ones, and the first such case of each. */
export function compareRecorded(family: Family, { digests }: Recorded): { row: Row; one: Case }[] {
  const known = digests[family.name] ?? {}
  const emulated = new Emulated(family.page(new Random(SEED)))
  const different = new Map<Row, Case>()
  const position = new Map<Row, number>()
  for (const { row, one } of recordedCases(family)) {
    const text = known[row.id]
    if (text === undefined) continue
    const index = position.get(row) ?? 0
    position.set(row, index + 1)
    const expected = Buffer.from(text, 'base64').readUInt32LE(4 * index)
    let digest: number | null = -1
    try {
      digest = family.digest(row, one, emulated.run(one))
    } catch {
      // Whatever it did instead of completing: it is not what was recorded.
    }
    if (digest !== expected && !different.has(row)) different.set(row, one)
  }
  return [...different].map(([row, one]) => ({ row, one }))
}
