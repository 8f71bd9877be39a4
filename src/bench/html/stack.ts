/** Stacked bars: where the cycles of one operation go. */
import { figure } from '../format.ts'
import { parts, type Split } from '../figures.ts'
import { chart, element, hint, label, line, linearScale } from './svg.ts'

export interface Bar {
  readonly name: string
  readonly split: Split
  readonly total: number
  /** A line is drawn above it. */
  readonly startsGroup?: boolean
}

const WIDTH = 900
const ROW = 24
const BAR = 15
const LEFT = 190
const RIGHT = 70
const TOP = 26

export function stackedBars(title: string, bars: readonly Bar[]): string {
  const scale = linearScale(Math.max(...bars.map(({ total }) => total)), LEFT, WIDTH - RIGHT)
  const height = TOP + ROW * bars.length + 6
  const axis = scale.ticks.map(
    (tick) =>
      line(scale(tick), TOP - 6, scale(tick), height - 6, 'grid') +
      label(scale(tick), 10, figure(tick) === '–' ? '0' : figure(tick), { anchor: 'middle', kind: 'tick' }),
  )
  const rows = bars.map(({ name, split, total, startsGroup }, index) => {
    const y = TOP + ROW * index + ROW / 2
    let end = 0
    const pieces = [...parts].toReversed().map((part) => {
      // What is left over may come out below zero; nothing is drawn for it.
      const cycles = Math.max(0, split[part])
      const start = end
      end += cycles
      if (cycles === 0) return ''
      return element(
        'rect',
        { x: scale(start), y: y - BAR / 2, width: scale(end) - scale(start), height: BAR, class: part },
        hint(`${name}, ${part}: ${figure(cycles)} cycles`),
      )
    })
    const rule = startsGroup ? line(0, y - ROW / 2, WIDTH, y - ROW / 2, 'rule') : ''
    return (
      rule +
      label(LEFT - 8, y, name, { anchor: 'end', kind: 'name' }) +
      pieces.join('') +
      label(scale(end) + 6, y, figure(total), { kind: 'value' })
    )
  })
  return chart(WIDTH, height, title, axis.join('') + rows.join(''))
}
