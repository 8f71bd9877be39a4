/**
 * `npm run test:silicon -- [--cases N] [--seed S] [--rows PATTERN] [--family PATTERN] [--page FILE] [--record]`: N random cases (5000) of every row that user
 * code can execute, on this machine's processor and on ours. Prints each row that differs and writes the coverage page. Ends with status 1 when
 * anything differs or a row is left out. `--record` instead writes the digests that `recorded.test.ts` compares with where there is no such processor.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { formatCoverage, leftOut } from './coverage.ts'
import { families } from './families.ts'
import { haveSilicon } from './native.ts'
import { record, RECORDED } from './recorded.ts'
import { runRows, type RowResult } from './run-family.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
    rows: { type: 'string', default: '' },
    family: { type: 'string', default: '' },
    page: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
})
if (!haveSilicon()) {
  process.stderr.write('test:silicon needs gcc and an x86-64 processor under Linux\n')
  process.exit(2)
}
if (values.record) {
  writeFileSync(RECORDED, JSON.stringify(record(), null, 1) + '\n')
  process.exit(0)
}
const [cases, seed] = [Number(values.cases), Number(values.seed)]
console.log(`seed ${seed}`)
const results: RowResult[] = []
/** Rows of one run of the native program. */
const GROUP = 16
for (const family of families) {
  if (!new RegExp(values.family).test(family.name)) continue
  const rows = family.rows.filter((row) => new RegExp(values.rows).test(row.id))
  const start = performance.now()
  const before = results.length
  for (let at = 0; at < rows.length; at += GROUP)
    results.push(...runRows(family, rows.slice(at, at + GROUP), seed, cases))
  const own = results.slice(before)
  for (const { row, differing, cases: made, first } of own)
    if (differing > 0) console.log(`${row.id}: ${differing} of ${made} differ, e.g. ${first}`)
    else if (made < cases) console.log(`${row.id}: only ${made} cases`)
  const sum = own.reduce((total, each) => total + each.cases, 0)
  const wrong = own.filter(({ differing }) => differing > 0).length
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`${family.name}: ${sum} cases of ${rows.length} rows, ${wrong} rows differ (${seconds} s)`)
}
const missing = values.rows || values.family ? [] : leftOut()
if (missing.length > 0) console.log(`left out: ${missing.map(({ id }) => id).join(' ')}`)
if (values.page) writeFileSync(values.page, formatCoverage(results))
process.exitCode = missing.length > 0 || results.some(({ differing }) => differing > 0) ? 1 : 0
