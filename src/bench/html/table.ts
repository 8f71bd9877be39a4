/** A table: the first column and cells of kind `text` are left-aligned, numbers are right-aligned. */
import { element, escapeText } from './svg.ts'

export interface Cell {
  readonly text: string
  readonly kind?: string
}

const content = (cell: string | Cell): Cell => (typeof cell === 'string' ? { text: cell } : cell)

export function htmlTable(
  header: readonly (string | Cell)[],
  rows: readonly (readonly (string | Cell)[])[],
): string {
  const head = header
    .map(content)
    .map(({ text, kind }) => element('th', { scope: 'col', class: kind }, escapeText(text)))
    .join('')
  const body = rows.map((row) =>
    row
      .map(content)
      .map(({ text, kind }, column) =>
        column === 0
          ? element('th', { scope: 'row', class: kind }, escapeText(text))
          : element('td', { class: kind }, escapeText(text)),
      )
      .join(''),
  )
  const inner =
    element('thead', {}, element('tr', {}, head)) +
    element('tbody', {}, body.map((row) => element('tr', {}, row)).join('\n'))
  return element('div', { class: 'wide' }, element('table', {}, inner))
}
