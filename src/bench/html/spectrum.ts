/** The spectrum: every link mode on one logarithmic axis, with what studies have measured on the same line. */
import { figure } from '../format.ts'
import { figuresOf, type ModeResults, WORK_MODE } from '../figures.ts'
import type { StudyComparison } from '../comparison.ts'
import { chart, element, hint, label, line, logScale } from './svg.ts'

const WIDTH = 900
const ROW = 27
const LEFT = 190
const RIGHT = 100
const TOP = 28
const RADIUS = 5.5

/** One shape for each study, around the origin. */
const SHAPES = ['M0-6L6 0L0 6L-6 0Z', 'M-5-5H5V5H-5Z', 'M0-6L6 5H-6Z', 'M-5-5L5 5M5-5L-5 5'] as const

interface Mark {
  readonly link: string
  readonly cycles: number
  readonly text: string
}

/** A study's rows that stand for a mode as it is, doing what the chart shows or less. */
function marksOf({ name, rows }: StudyComparison, operation: string): Mark[] {
  return rows
    .filter(({ link, case: name }) => !link.includes('−') && [operation, 'null call'].includes(name))
    .map(({ link, what, theirs, published }) => ({
      link,
      cycles: theirs.total,
      text: `${name}: ${what}, ${published}`,
    }))
}

const shape = (index: number, x: number, y: number, text: string): string =>
  element(
    'path',
    {
      d: SHAPES[index % SHAPES.length],
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      class: `published study${index}`,
    },
    hint(text),
  )

export function spectrum(
  modes: readonly ModeResults[],
  studies: readonly StudyComparison[],
  name: string,
): string {
  const ours = modes.map(({ link }) => ({ link, cycles: figuresOf(modes, link, name)!.cycles.total }))
  const published = studies.map((study) => marksOf(study, name))
  const all = [...ours, ...published.flat()].map(({ cycles }) => cycles)
  const scale = logScale(Math.min(...all), Math.max(...all), LEFT, WIDTH - RIGHT)
  const height = TOP + ROW * ours.length + 8
  const plain = ours.find(({ link }) => link === WORK_MODE)!.cycles
  const axis = scale.ticks.map(
    (tick) =>
      line(scale(tick), TOP - 8, scale(tick), height - 8, 'grid') +
      label(scale(tick), 10, String(tick), { anchor: 'middle', kind: 'tick' }),
  )
  const rows = ours.map(({ link, cycles }, index) => {
    const y = TOP + ROW * index + ROW / 2
    const marks = published.flatMap((each, study) =>
      each.filter((mark) => mark.link === link).map((mark) => shape(study, scale(mark.cycles), y, mark.text)),
    )
    return (
      label(LEFT - 12, y, link, { anchor: 'end', kind: 'name' }) +
      line(LEFT, y, scale(cycles), y, 'stem') +
      marks.join('') +
      element(
        'circle',
        { cx: scale(cycles), cy: y, r: RADIUS, class: 'ours' },
        hint(`${link}: ${figure(cycles)} modelled cycles`),
      ) +
      label(WIDTH, y, `${figure(cycles)}  (× ${(cycles / plain).toFixed(1)})`, {
        anchor: 'end',
        kind: 'value',
      })
    )
  })
  return chart(WIDTH, height, `Modelled cycles of ${name} in every link mode`, axis.join('') + rows.join(''))
}

/** The key to the shapes. */
export function spectrumKey(studies: readonly StudyComparison[], name: string): string {
  const small = (content: string): string =>
    element('svg', { viewBox: '-8 -8 16 16', class: 'symbol', 'aria-hidden': 'true' }, content)
  const ours = small(element('circle', { cx: 0, cy: 0, r: RADIUS, class: 'ours' })) + 'modelled here'
  const theirs = studies.flatMap((study, index) =>
    marksOf(study, name).length > 0 ? [small(shape(index, 0, 0, '')) + `measured: ${study.name}`] : [],
  )
  return element('p', { class: 'key' }, [ours, ...theirs].map((each) => element('span', {}, each)).join(' '))
}
