/** The report as a page: for each group a chart of ratios, and its medians. Made of the pieces of `onering bench --html`. */
import { htmlDocument } from '../../src/bench/html/document.ts'
import { chart, element, hint, label, line, logScale } from '../../src/bench/html/svg.ts'
import { htmlTable } from '../../src/bench/html/table.ts'
import { heading, key, paragraph, picture } from '../../src/bench/html/text.ts'
import { type MachineName, machines } from './machines.ts'
import { duration, type GroupReport, type Report, times } from './report.ts'

const WIDTH = 900
const ROW = 27
const LEFT = 220
const RIGHT = 130
const TOP = 28
const MAX_TICKS = 11
/** The colour of each machine that onering is compared with. */
const KINDS: Readonly<Record<MachineName, string>> = {
  onering: 'way0',
  QEMU: 'way3',
  v86: 'way2',
  native: 'way5',
}

const compared = ({ rows }: GroupReport): MachineName[] =>
  machines.filter((machine) => rows.some(({ faster }) => faster[machine] !== undefined))

function ratios(group: GroupReport): string {
  const all = group.rows.flatMap(({ faster }) => Object.values(faster))
  const scale = logScale(Math.min(0.5, ...all), Math.max(2, ...all), LEFT, WIDTH - RIGHT, 2)
  const height = TOP + ROW * group.rows.length + 8
  const stride = Math.ceil(scale.ticks.length / MAX_TICKS)
  const ticks = scale.ticks.filter((tick) => Math.log2(tick) % stride === 0)
  const axis = ticks.map(
    (tick) =>
      line(scale(tick), TOP - 8, scale(tick), height - 8, tick === 1 ? 'mean' : 'grid') +
      label(scale(tick), 10, tick >= 1 ? `${tick}×` : `1/${1 / tick}`, { anchor: 'middle', kind: 'tick' }),
  )
  const rows = group.rows.map(({ name, faster }, index) => {
    const y = TOP + ROW * index + ROW / 2
    const entries = compared(group).flatMap((machine) => {
      const ratio = faster[machine]
      return ratio === undefined ? [] : [{ machine, ratio }]
    })
    const dots = entries.map(({ machine, ratio }) =>
      element(
        'circle',
        { cx: scale(ratio), cy: y, r: 5.5, class: `dot ${KINDS[machine]}` },
        hint(`${name}: ${times(ratio)} as fast as ${machine}`),
      ),
    )
    const text = entries.map(({ ratio }) => times(ratio)).join('  ')
    return (
      label(LEFT - 12, y, name.trim(), { anchor: 'end', kind: 'name' }) +
      dots.join('') +
      label(WIDTH, y, text, { anchor: 'end', kind: 'value' })
    )
  })
  return chart(
    WIDTH,
    height,
    `${group.title}: how many times faster onering is`,
    axis.join('') + rows.join(''),
  )
}

function section(group: GroupReport): string {
  const { title, rows, means } = group
  const used = machines.filter((machine) => rows.some(({ on }) => on[machine] !== undefined))
  const entries = compared(group).map((machine) => {
    const mean = means[machine] === undefined ? '' : `, geometric mean ${times(means[machine])}`
    return [KINDS[machine], `against ${machine}${mean}`] as const
  })
  return [
    heading(title),
    key(entries),
    picture(ratios(group)),
    htmlTable(
      ['median', ...used],
      rows.map(({ name, on }) => [
        name.trim(),
        ...used.map((machine) => (on[machine] === undefined ? '' : duration(on[machine].seconds))),
      ]),
    ),
  ].join('\n')
}

export function formatPage({ made, repeat, scale, groups, missing }: Report): string {
  const small = scale === 1 ? '' : ` Sizes × ${scale}: too small to be quoted.`
  const main = [
    element('h1', {}, 'How fast the processor is'),
    paragraph(
      `The same images on each machine, in turn; medians of ${repeat}. To the right of the dark line onering is faster.${small}`,
      'lead',
    ),
    ...groups.map(section),
    ...missing.map((what) => paragraph(`Left out: ${what}`, 'note')),
    paragraph(made.join('; '), 'note'),
  ]
  return htmlDocument('onering: speed of the processor', main.join('\n'))
}
