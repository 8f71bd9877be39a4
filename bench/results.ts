import { median } from './statistics.ts'
import { formatTable, short } from './table.ts'

/** One figure, measured on both machines in the same run, several times and in turn. */
export interface Figure {
  name: string
  unit: string
  /** Whether more is better. */
  higherIsBetter: boolean
  onering: number[]
  qemu: number[]
}

/** How many times better (> 1) or worse (< 1) our machine does than QEMU; NaN where QEMU has no figure. */
export function ratio(figure: Figure): number {
  const quotient = median(figure.onering) / median(figure.qemu)
  return figure.higherIsBetter ? quotient : 1 / quotient
}

/** The medians and ratios as a table of at most 100 columns. */
export function formatFigures(figures: readonly Figure[]): string {
  return formatTable(
    ['', 'onering', 'QEMU TCG', 'ratio'],
    figures.map((figure) => [
      figure.name,
      short(median(figure.onering), figure.unit),
      figure.qemu.length ? short(median(figure.qemu), figure.unit) : '–',
      figure.qemu.length ? `${ratio(figure).toFixed(2)}×` : '–',
    ]),
  )
}
