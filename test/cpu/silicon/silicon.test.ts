/** A few fresh random cases of every row that user code can execute, on this machine's processor and on ours; `sweep.ts` runs as many as are wanted. */
import { expect, test } from 'vitest'
import { haveHelpers } from '../machine.ts'
import { leftOut } from './coverage.ts'
import { families } from './families.ts'
import { haveSilicon } from './native.ts'
import { runRows } from './run-family.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const CASES_PER_ROW = Number(process.env.CASES ?? 20)

test.skipIf(!haveHelpers || !haveSilicon()).each(families.map((family) => [family.name, family] as const))(
  'as on the silicon: %s',
  (name, family) => {
    console.log(
      `seed ${seed} (npm run test:silicon -- --seed ${seed} --cases ${CASES_PER_ROW} --family '${name}' repeats this)`,
    )
    const results = runRows(family, family.rows, seed, CASES_PER_ROW)
    expect(
      results.filter(({ differing }) => differing > 0).map(({ row, first }) => `${row.id}: ${first}`),
    ).toEqual([])
    expect(results.filter(({ cases }) => cases === 0).map(({ row }) => row.id)).toEqual([])
  },
)

test('every row that user code can execute is compared, or known to be tested elsewhere', () => {
  expect(leftOut().map(({ id }) => id)).toEqual([])
})
