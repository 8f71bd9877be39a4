/** What a model makes of the rows of the table of encodings whose feature it does not have. */
import { rows, type Row } from '../../isa/index.ts'
import { featuresOf, type CpuModel } from './features.ts'

/** The prefix or the encoding means nothing to an older processor, which does this instead. */
const olderMeaning: Readonly<Record<string, string>> = {
  tzcnt: 'bsf',
  lzcnt: 'bsr',
  wbnoinvd: 'wbinvd',
}
/** Hints: older processors have reserved them as NOPs. */
const hints = new Set(['PREFETCHW', 'PREFETCHWT1'])

function sameForms(row: Row, other: Row): boolean {
  return (
    row.operandSize === other.operandSize &&
    row.operands.map(({ name }) => name).join() === other.operands.map(({ name }) => name).join()
  )
}

/** For each row what is executed in its place: itself, an older one, or null for #UD. */
export function rowsOf(model: CpuModel): (Row | null)[] {
  const names = new Set(featuresOf(model).map(({ name }) => name))
  return rows.map((row) => {
    if (row.feature === 'base' || names.has(row.feature) || hints.has(row.feature)) return row
    const older = olderMeaning[row.mnemonic]
    return rows.find((other) => other.mnemonic === older && sameForms(row, other)) ?? null
  })
}
