/** The x87 unit against the silicon: every row with odd numbers, odd stacks and random control words. */
import { expect, test } from 'vitest'
import { meaningOf } from '../../../src/cpu/semantics/index.ts'
import { MODE64, rows, type Row } from '../../../src/isa/index.ts'
import { haveHelpers } from '../machine.ts'
import { Emulated } from './emulated.ts'
import { haveSilicon, runNative, type Case } from './native.ts'
import { Random } from './random.ts'
import { describeImage, difference, randomPage, stateCase } from './x87-cases.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 30)

/** Their last bit and the direction of rounding (C1) differ from one make of processor to the next. */
const approximate = /^(f2xm1|fyl2xp?1?|fpatan|fsin|fcos|fsincos|fptan)$/
const C1 = 0x200

const onX87 = rows.filter(
  (row: Row) =>
    row.modes & MODE64 && (row.feature === 'FPU' || row.mnemonic === 'fisttp') && meaningOf(row) !== null,
)

test.skipIf(!haveHelpers || !haveSilicon())('The x87 unit does what the silicon does', () => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${CASES_PER_ROW} repeats this)`)
  const random = new Random(seed)
  const failures = new Map<string, string>()
  const covered = new Set<string>()
  for (const control of ['default', 'rounding', 'any', 'any'] as const) {
    const page = randomPage(random, { control })
    const cases: (Case & { row: Row })[] = []
    for (const row of onX87) {
      let made = 0
      for (let tries = 0; made < CASES_PER_ROW / 4 && tries < 20 * CASES_PER_ROW; tries++) {
        const one = stateCase(row, random)
        if (!one) continue
        cases.push({ ...one, row })
        covered.add(row.id)
        made++
      }
    }
    const native = runNative(cases, page)
    const emulated = new Emulated(page)
    cases.forEach((one, index) => {
      let text: string | null
      try {
        text = difference(
          native[index]!,
          emulated.run(one),
          approximate.test(one.row.mnemonic) ? { fsw: C1, ulps: 1 } : {},
        )
      } catch (error) {
        text = (error as Error).message
      }
      if (text && !failures.has(one.row.id))
        failures.set(
          one.row.id,
          `${one.row.id} [${Buffer.from(one.code).toString('hex')}]\n  ${describeImage(page, one)}: ${text}`,
        )
    })
    console.log(`${cases.length} cases of ${covered.size} rows; ${failures.size} rows differ`)
  }
  expect([...failures.values()]).toEqual([])
  expect(onX87.filter((row) => !covered.has(row.id)).map((row) => row.id)).toEqual([])
})
