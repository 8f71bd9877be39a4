/** Results as text, at most 100 columns wide. */
import type { Profile } from './profiles/profile.ts'
import { WORK_MODE, type Figures, type ModeResults } from './results.ts'

const WIDTH = 100

/** Rows in columns: the first left-aligned, the others right-aligned. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [
    line(rows[0]!),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.slice(1).map(line),
  ].join('\n')
}

/** Text in lines of at most 100 columns, broken between words. */
export function wrap(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

function figure(value: number): string {
  if (value === 0) return '–'
  return value < 100 ? String(Number(value.toFixed(1))) : String(Math.round(value))
}

/** One case in every mode: where its cycles go. */
export function formatSpectrum(results: readonly ModeResults[], name: string): string {
  const of = ({ figures }: ModeResults): Figures => figures.find((each) => each.case === name)!
  const plain = results.find(({ link }) => link === WORK_MODE)
  const unit = plain ? of(plain).cycles.total : NaN
  const header = [
    'link mode',
    'ring 3',
    'ring 0',
    'cycles',
    'transition',
    'mitigation',
    'entry',
    'work',
    `× ${WORK_MODE}`,
  ]
  const rows = results.map((each) => {
    const { instructions, cycles } = of(each)
    return [
      each.link,
      figure(instructions.ring3),
      figure(instructions.ring0),
      figure(cycles.total),
      figure(cycles.transition),
      figure(cycles.mitigation),
      figure(cycles.entry),
      figure(cycles.work),
      figure(cycles.total / unit),
    ]
  })
  return formatColumns([header, ...rows])
}

/** Every case in as many modes as fit beside each other, in tables one under the other. */
export function formatCases(results: readonly ModeResults[]): string {
  const names = results[0]!.figures.map((each) => each.case)
  const first = Math.max(...names.map((name) => name.length))
  const tables: string[] = []
  let group: ModeResults[] = []
  const flush = (): void => {
    if (group.length > 0)
      tables.push(
        formatColumns([
          ['cycles', ...group.map(({ link }) => link)],
          ...names.map((name, index) => [
            name,
            ...group.map(({ figures }) => figure(figures[index]!.cycles.total)),
          ]),
        ]),
      )
    group = []
  }
  let width = first
  for (const each of results) {
    const column = Math.max(each.link.length, 7) + 2
    if (width + column > WIDTH) {
      flush()
      width = first
    }
    group.push(each)
    width += column
  }
  flush()
  return tables.join('\n\n')
}

export function formatResults(results: readonly ModeResults[], profile: Profile): string {
  return [
    `A call that does nothing (getppid), in retired instructions, exact, and in cycles as the model`,
    `of ${profile.title} has them: modelled, not measured.`,
    '',
    formatSpectrum(results, 'getppid'),
    '',
    formatCases(results),
  ].join('\n')
}
