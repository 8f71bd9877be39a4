/** The coverage page: for every row of the table, how many cases hit it, or where else it is tested. */
import { rows, type Row } from '../../../src/isa/index.ts'
import { foundElsewhere, isUserRow } from './elsewhere.ts'
import { families } from './families.ts'
import type { RowResult } from './run-family.ts'

/** User rows that neither a family nor the list of exceptions has. */
export function leftOut(): Row[] {
  const covered = new Set(families.flatMap((family) => family.rows))
  return rows.filter((row) => isUserRow(row) && !covered.has(row) && foundElsewhere(row) === null)
}

export function formatCoverage(results: readonly RowResult[]): string {
  const byRow = new Map<Row, RowResult[]>()
  for (const each of results) byRow.set(each.row, [...(byRow.get(each.row) ?? []), each])
  const lines = rows.filter(isUserRow).map((row) => {
    const own = byRow.get(row) ?? []
    const other = foundElsewhere(row)
    const cases = own.reduce((sum, each) => sum + each.cases, 0)
    const differing = own.reduce((sum, each) => sum + each.differing, 0)
    const where =
      own.length > 0 ? own.map((each) => each.family).join(', ') : other ? `${other.test}: ${other.why}` : '–'
    return `| \`${row.id}\` | ${row.feature} | ${cases} | ${differing} | ${where} |`
  })
  return [
    '# Coverage of the encodings that user code can execute',
    '',
    '| row | feature | cases | differ | where |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n')
}
