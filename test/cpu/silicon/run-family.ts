/** Runs random cases of rows on both processors, in batches, and tells what differs. */
import { decode, format, Instruction, type Row } from '../../../src/isa/index.ts'
import { Emulated } from './emulated.ts'
import type { Family } from './family.ts'
import { CODE, DATA_SIZE, runNative, type Case } from './native.ts'
import { Random } from './random.ts'

/** Cases of one run of the native program: some ten megabytes. */
const BATCH = 4000

export interface RowResult {
  readonly row: Row
  readonly family: string
  cases: number
  differing: number
  /** The first case that differs, for people. */
  first: string | null
}

/** Bytes and text of the first instructions of a case. */
export function describeCase({ code, before, compatibility }: Case): string {
  const instruction = new Instruction()
  const lines: string[] = []
  for (let at = 0; at < code.length && lines.length < 4; at += instruction.length) {
    decode(code, at, code.length, compatibility ? 32 : 64, instruction)
    lines.push(format(instruction, BigInt(CODE + at)))
  }
  const registers = before.gpr.map((value) => value.toString(16)).join(' ')
  return `${lines.join('; ')} [${Buffer.from(code).toString('hex')}] mxcsr ${before.mxcsr.toString(16)} flags ${before.rflags.toString(16)} registers ${registers}`
}

/** Cases of one row that belong to its seed, so that a row can be run by itself. */
export function casesOf(family: Family, row: Row, random: Random, count: number): Case[] {
  const cases: Case[] = []
  for (let tries = 0; cases.length < count && tries < 50 * count + 1000; tries++) {
    const one = family.make(row, random)
    if (one) cases.push(one)
  }
  return cases
}

/** A seed for one batch: follows from the run's seed and the row, so that each row's cases are the same whatever else is run. */
export function seedOf(seed: number, row: Row, batch: number): number {
  let hash = seed ^ Math.imul(batch + 1, 0x9e3779b1)
  for (const character of row.id) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash >>> 0
}

/** `count` cases of each of the rows. */
export function runRows(family: Family, rows: readonly Row[], seed: number, count: number): RowResult[] {
  const results = rows.map((row): RowResult => ({
    row,
    family: family.name,
    cases: 0,
    differing: 0,
    first: null,
  }))
  const emulated = new Emulated(new Uint8Array(DATA_SIZE))
  for (let batch = 0; results.some(({ cases }) => cases < count); batch++) {
    // One page of data for all rows of a round.
    const page = family.page(new Random(seed + batch))
    emulated.initial = page
    const perRow = Math.max(1, Math.min(count - results[0]!.cases, Math.ceil(BATCH / rows.length)))
    const cases = results.flatMap((result) =>
      casesOf(family, result.row, new Random(seedOf(seed, result.row, batch)), perRow).map((one) => ({
        one,
        result,
      })),
    )
    if (cases.length === 0) break
    const native = runNative(
      cases.map(({ one }) => one),
      page,
    )
    cases.forEach(({ one, result }, index) => {
      result.cases++
      let text: string | null
      try {
        text = family.difference(result.row, one, native[index]!, emulated.run(one))
      } catch (error) {
        text = (error as Error).message
      }
      if (text === null) return
      result.differing++
      result.first ??= `${describeCase(one)}: ${text}`
    })
    if (results.some(({ cases: made }) => made === 0)) break
  }
  return results
}
