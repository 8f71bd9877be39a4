/** Our processor against outcomes that were recorded on a real one: also where there is neither gcc nor an x86-64. */
import { expect, test } from 'vitest'
import { haveHelpers } from '../machine.ts'
import { families } from './families.ts'
import { compareRecorded, readRecorded } from './recorded.ts'
import { describeCase } from './run-family.ts'

const recorded = readRecorded()

test.skipIf(!haveHelpers).each(families.map((family) => [family.name, family] as const))(
  'outcomes as recorded: %s',
  (_name, family) => {
    const different = compareRecorded(family, recorded)
    expect(different.map(({ row, one }) => `${row.id}: ${describeCase(one)}`)).toEqual([])
    // Rows that are newer than the recording: `npm run test:silicon -- --record`, and look at the difference.
    const missing = family.rows.filter(
      (row) => family.digest.length > 0 && !(row.id in recorded.digests[family.name]!),
    )
    expect(missing.length).toBeLessThanOrEqual(family.name === 'x87' ? 8 : 0)
  },
)
