/** Results as text, at most 100 columns wide. */
import { type Figures, type ModeResults, parts, WORK_MODE } from './figures.ts'
import { figure, signed } from './format.ts'
import type { RowComparison, StudyComparison } from './comparison.ts'
import { describeOrder } from './order.ts'
import type { Results } from './results.ts'

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
function formatByCase(
  results: readonly ModeResults[],
  title: string,
  cell: (figures: Figures) => string,
): string {
  const names = results[0]!.figures.map((each) => each.case)
  const first = Math.max(...names.map((name) => name.length))
  const tables: string[] = []
  let group: string[][] = []
  let width = first
  const flush = (): void => {
    if (group.length === 0) return
    tables.push(
      formatColumns([title, ...names].map((name, row) => [name, ...group.map((column) => column[row]!)])),
    )
    group = []
    width = first
  }
  for (const { link, figures } of results) {
    const column = [link, ...figures.map(cell)]
    const columnWidth = 2 + Math.max(...column.map((text) => text.length))
    if (width + columnWidth > WIDTH) flush()
    group.push(column)
    width += columnWidth
  }
  flush()
  return tables.join('\n\n')
}

export function formatCases(results: readonly ModeResults[]): string {
  return formatByCase(results, 'cycles', ({ cycles }) => figure(cycles.total))
}

function formatHostTimes(results: readonly ModeResults[]): string {
  return formatByCase(results, 'host ns', ({ hostNs: { mean, margin } }) =>
    margin === undefined ? figure(mean) : `${figure(mean)} ± ${figure(margin)}`,
  )
}

/** What a row's difference is made of: theirs, ours, and the one less the other. */
function splitRows({ what, theirs, ours }: RowComparison): string[][] {
  const columns = [...parts, 'total'] as const
  return [
    [`${what}: theirs`, ...columns.map((part) => figure(theirs[part]))],
    ['  ours', ...columns.map((part) => figure(ours[part]))],
    ['  difference', ...columns.map((part) => signed(ours[part] - theirs[part]))],
  ]
}

function formatStudy({ name, source, note, profile, rows }: StudyComparison): string {
  const table = formatColumns([
    [name, 'published', 'in cycles', 'link mode', 'ours', 'ours ÷ theirs'],
    ...rows.map(({ what, published, link, theirs, ours, ratio }) => [
      what,
      published,
      figure(theirs.total),
      link,
      figure(ours.total),
      ratio.toFixed(2),
    ]),
  ])
  const apart = rows.filter(({ isWithin }) => !isWithin)
  const split = formatColumns([
    ['more than 25 % apart, by part', ...parts, 'total'],
    ...apart.flatMap((row) => splitRows(row)),
  ])
  const notes = apart.flatMap(({ what, note }) => (note === undefined ? [] : [`${what}: ${note}.`]))
  return [
    table,
    wrap(`Source: ${source}. Ours under the model of ${profile}.${note === undefined ? '' : ` ${note}`}`),
    ...(apart.length === 0 ? [] : ['', split, ...notes.map(wrap)]),
  ].join('\n')
}

/** All that is for the terminal. */
export function formatResults({ profile, modes, order, studies, engine, samples }: Results): string {
  return [
    wrap(
      `A call that does nothing (getppid), in retired instructions, exact, and in cycles as the model of ${profile.title} has them: modelled, not measured.`,
    ),
    '',
    formatSpectrum(modes, 'getppid'),
    '',
    wrap(describeOrder(order)),
    '',
    formatCases(modes),
    '',
    wrap(
      `Time on this computer, in nanoseconds, engine ${engine}: it varies (${samples === 1 ? 'one run' : `mean of ${samples} runs ± half of the 95 % confidence interval`}); all other figures are exact.`,
    ),
    '',
    formatHostTimes(modes),
    '',
    studies.map(formatStudy).join('\n\n'),
  ].join('\n')
}
