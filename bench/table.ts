/** Rows of text in columns: the first left-aligned, the others right-aligned. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    widths.map((w, i) => (i === 0 ? (row[i] ?? '').padEnd(w) : (row[i] ?? '').padStart(w))).join('  ')
  return [line(header), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(line)].join('\n')
}

/** Three significant digits, with a unit prefix: 12 300 000 → `12.3 M`. */
export function short(value: number, unit = ''): string {
  const prefixes = ['', 'k', 'M', 'G', 'T']
  let index = 0
  let rest = value
  while (Math.abs(rest) >= 1000 && index < prefixes.length - 1) {
    rest /= 1000
    index++
  }
  return `${Number(rest.toPrecision(3))} ${prefixes[index]}${unit}`.trim()
}
