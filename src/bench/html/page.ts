/** The report as one page: no script, nothing from the network. Its sections show `Results` and compute nothing but pictures. */
import { describeOrder, expectedOrder } from '../order.ts'
import { figure, grouped, signed } from '../format.ts'
import { figuresOf, parts, WORK_MODE } from '../figures.ts'
import type { RowComparison, StudyComparison } from '../comparison.ts'
import type { Cost } from '../profiles/profile.ts'
import type { Results } from '../results.ts'
import { curve, type Line } from './curve.ts'
import { htmlDocument } from './document.ts'
import { spectrum, spectrumKey } from './spectrum.ts'
import { type Bar, stackedBars } from './stack.ts'
import { strips } from './strip.ts'
import { element, escapeText } from './svg.ts'
import { htmlTable } from './table.ts'
import { heading, key, paragraph, partKey, picture } from './text.ts'

const NULL_CALL = 'getppid'

function barsOf({ modes }: Results, name: string): Bar[] {
  return modes.map(({ link }): Bar => {
    const { cycles } = figuresOf(modes, link, name)!
    return { name: link, split: cycles, total: cycles.total }
  })
}

function introduction({ profile, order, modes }: Results): string {
  const plain = figuresOf(modes, WORK_MODE, NULL_CALL)!.cycles.total
  const trap = figuresOf(modes, 'trap', NULL_CALL)?.cycles.total
  const lead =
    trap === undefined
      ? ''
      : `A call of the kernel that does nothing takes ${figure(plain)} modelled cycles as a plain call and ${figure(trap)} through SYSCALL. `
  return [
    element('h1', {}, 'Call against trap'),
    paragraph(
      `${lead}One application source, linked in ${modes.length} ways; the same processor counts each of them, and the model of ${profile.title} prices what was counted.`,
      'lead',
    ),
    element('div', { class: order.holds ? 'verdict' : 'verdict broken' }, paragraph(describeOrder(order))),
    paragraph(
      'Instructions and events are counted, exactly; cycles are modelled from them and exact too, and are no measurements. Only the host’s time varies.',
      'note',
    ),
  ].join('\n')
}

function spectrumSection({ modes, studies }: Results): string {
  return [
    heading('The spectrum'),
    paragraph(
      `Cycles of ${NULL_CALL}, on a logarithmic axis, and how many times the plain call (${WORK_MODE}).`,
    ),
    spectrumKey(studies, NULL_CALL),
    picture(spectrum(modes, studies, NULL_CALL)),
  ].join('\n')
}

function splitSection(results: Results): string {
  const others = results.modes[0]!.figures.filter((each) => each.case !== NULL_CALL)
  const more = others.map(
    ({ case: name, operation }) =>
      element('h3', {}, escapeText(name)) +
      paragraph(operation, 'note') +
      picture(stackedBars(name, barsOf(results, name))),
  )
  return [
    heading('Where the cycles go'),
    paragraph(`${NULL_CALL}, split by what its cycles are spent on.`),
    partKey,
    picture(stackedBars(`Split of ${NULL_CALL}`, barsOf(results, NULL_CALL))),
    element(
      'details',
      {},
      element('summary', {}, `The same for the other ${others.length} operations`) + more.join('\n'),
    ),
  ].join('\n')
}

/** The modes of the order that were measured, each with its class. */
function ways({ modes }: Results): { link: string; kind: string }[] {
  return expectedOrder.flatMap((link, n) =>
    modes.some((mode) => mode.link === link) ? [{ link, kind: `way${n}` }] : [],
  )
}

function payloadSection(results: Results): string {
  const carrying = results.modes[0]!.figures.filter(({ payload }) => payload !== undefined)
  const series = [...new Set(carrying.map(({ payload }) => payload!.series))]
  if (series.length === 0) return ''
  const shown = ways(results)
  const kinds = shown.map(({ kind }) => kind)
  const linesOf = (name: string, value: (cycles: number, plain: number) => number): Line[] =>
    shown.map(({ link }) => ({
      name: link,
      points: carrying
        .filter(({ payload }) => payload!.series === name)
        .map(({ case: each, payload }) => {
          const { total } = figuresOf(results.modes, link, each)!.cycles
          return [
            payload!.bytes,
            value(total, figuresOf(results.modes, WORK_MODE, each)!.cycles.total),
          ] as const
        }),
    }))
  const charts = series.map((name) => {
    const operation = carrying.find(({ payload }) => payload!.series === name)!.operation
    const whole = curve(
      `${name}: cycles by payload`,
      linesOf(name, (cycles) => cycles),
      kinds,
      'cycles',
    )
    const share = curve(
      `${name}: what the way adds, by payload`,
      linesOf(name, (cycles, plain) => (100 * (cycles - plain)) / plain),
      kinds,
      '% more than direct',
    )
    return (
      element('h3', {}, escapeText(`${name}: ${operation}`)) +
      element('div', { class: 'pair' }, picture(whole) + picture(share))
    )
  })
  return [
    heading('With a payload'),
    paragraph(
      'Left the whole operation, right what the way into the kernel adds to the plain call. From the table of calls on, the kernel checks and copies what it is given, so that a part of that grows with the payload.',
    ),
    key(shown.map(({ link, kind }) => [kind, link])),
    ...charts,
  ].join('\n')
}

function studyRows(rows: readonly RowComparison[]): string {
  return htmlTable(
    ['', 'published', 'in cycles', 'link mode', 'ours', 'ours ÷ theirs'],
    rows.map(({ what, published, theirs, link, ours, ratio, isWithin }) => [
      what,
      published,
      figure(theirs.total),
      link,
      figure(ours.total),
      { text: ratio.toFixed(2), kind: isWithin ? 'near' : 'far' },
    ]),
  )
}

function differences(rows: readonly RowComparison[]): string {
  const columns = [...parts, 'total'] as const
  const bars = rows.flatMap(({ what, theirs, ours }, index): Bar[] => [
    { name: `${what}: theirs`, split: theirs, total: theirs.total, startsGroup: index > 0 },
    { name: 'ours', split: ours, total: ours.total },
  ])
  const table = htmlTable(
    ['ours less theirs, in cycles', ...columns, { text: 'why', kind: 'text' }],
    rows.map(({ what, theirs, ours, mainPart, note }) => [
      what,
      ...columns.map((part) => signed(ours[part] - theirs[part])),
      { text: `mostly ${mainPart}${note === undefined ? '' : `: ${note}`}`, kind: 'text' },
    ]),
  )
  return (
    element('h3', {}, 'More than 25 % apart, and where') +
    picture(stackedBars('theirs and ours', bars)) +
    table
  )
}

function study({ name, source, note, profile, rows }: StudyComparison): string {
  const apart = rows.filter(({ isWithin }) => !isWithin)
  return [
    element('h3', {}, escapeText(name)),
    paragraph(
      `Source: ${source}. Ours under the model of ${profile}.${note === undefined ? '' : ` ${note}`}`,
      'source',
    ),
    studyRows(rows),
    apart.length === 0 ? '' : differences(apart),
  ].join('\n')
}

function studySection({ studies }: Results): string {
  if (studies.length === 0) return ''
  return [
    heading('Beside what was published'),
    paragraph(
      'Nothing is tuned to fit. A study gives totals: its own rows say what of them is mitigation and work, the nearest core’s column what is transition, and the rest is entry.',
    ),
    partKey,
    ...studies.map(study),
  ].join('\n')
}

function hostSection({ modes, engine, samples }: Results): string {
  const rows = modes.map(({ link }) => ({
    name: link,
    distribution: figuresOf(modes, link, NULL_CALL)!.hostNs,
  }))
  return [
    heading('Time on this computer'),
    paragraph(
      `Nanoseconds of one ${NULL_CALL} by the host’s clock, engine ${engine}. This is what varies: ${samples === 1 ? 'one run' : `${samples} runs, each a dot; the line is their mean, the band its 95 % confidence interval`}. Short loops may end before they are translated.`,
    ),
    picture(strips(`Host time of ${NULL_CALL}`, rows)),
  ].join('\n')
}

function caseSection({ modes }: Results): string {
  const links = modes.map(({ link }) => link)
  const rows = (cell: (link: string, name: string) => string): string[][] =>
    modes[0]!.figures.map(({ case: name }) => [name, ...links.map((link) => cell(link, name))])
  const cycles = rows((link, name) => figure(figuresOf(modes, link, name)!.cycles.total))
  const instructions = rows((link, name) => {
    const { ring3, ring0 } = figuresOf(modes, link, name)!.instructions
    return `${figure(ring3)} + ${figure(ring0)}`
  })
  const host = rows((link, name) => {
    const { mean, margin } = figuresOf(modes, link, name)!.hostNs
    return margin === undefined ? grouped(mean) : `${grouped(mean)} ± ${grouped(margin)}`
  })
  return [
    heading('All figures'),
    paragraph('Modelled cycles of one operation.'),
    htmlTable(['', ...links], cycles),
    element(
      'details',
      {},
      element('summary', {}, 'Retired instructions in ring 3 + ring 0, exact') +
        htmlTable(['', ...links], instructions),
    ),
    element(
      'details',
      {},
      element('summary', {}, 'Nanoseconds of the host, measured') + htmlTable(['', ...links], host),
    ),
  ].join('\n')
}

function modelSection({ profile }: Results): string {
  const costs: [string, Cost][] = [
    ['any other instruction', profile.ordinary],
    ...Object.entries(profile.events),
    ...Object.entries(profile.sequences),
  ]
  return [
    heading('The model'),
    paragraph(
      `${profile.title}. No caches, no prediction, no overlap. Numbers marked as assumed were not measured, or not by themselves: --cost changes them.`,
    ),
    htmlTable(
      ['', 'cycles', '', { text: 'source', kind: 'text' }],
      costs.map(([name, { cycles, source, isAssumed }]) => [
        name,
        cycles < 1 ? cycles.toFixed(3) : figure(cycles),
        { text: isAssumed ? 'assumed' : 'measured', kind: 'text' },
        { text: source, kind: 'text' },
      ]),
    ),
  ].join('\n')
}

/** `made`: with what, for the last line. */
export function formatPage(results: Results, made: string): string {
  const sections = [
    introduction,
    spectrumSection,
    splitSection,
    payloadSection,
    studySection,
    hostSection,
    caseSection,
    modelSection,
  ]
  const main = sections.map((section) => section(results))
  return htmlDocument('onering: call against trap', [...main, paragraph(made, 'note')].join('\n'))
}
