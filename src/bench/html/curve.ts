/** Lines over the payload: what an operation costs as it carries more bytes. */
import { figure, grouped } from '../format.ts'
import { chart, element, hint, label, line, linearScale, logScale } from './svg.ts'

export interface Line {
  readonly name: string
  /** Bytes and what stands above them. */
  readonly points: readonly (readonly [bytes: number, value: number])[]
}

const WIDTH = 440
const HEIGHT = 260
const LEFT = 52
const RIGHT = 10
const TOP = 24
const BOTTOM = 40

const bytesText = (bytes: number): string => (bytes >= 1024 ? `${bytes / 1024} K` : String(bytes))

/** `kinds`: the class of each line. */
export function curve(title: string, lines: readonly Line[], kinds: readonly string[], unit: string): string {
  const points = lines.flatMap((each) => each.points)
  const bytes = points.map(([x]) => x)
  const x = logScale(Math.min(...bytes), Math.max(...bytes), LEFT, WIDTH - RIGHT, 2)
  const y = linearScale(Math.max(...points.map(([, value]) => value)), HEIGHT - BOTTOM, TOP)
  const shown = x.ticks.filter((_, i, { length }) => length < 8 || i % 3 === 0)
  const axes = [
    ...y.ticks.map(
      (tick) =>
        line(LEFT, y(tick), WIDTH - RIGHT, y(tick), 'grid') +
        label(LEFT - 6, y(tick), grouped(tick), { anchor: 'end', kind: 'tick' }),
    ),
    ...shown.map((tick) =>
      label(x(tick), HEIGHT - BOTTOM + 14, bytesText(tick), { anchor: 'middle', kind: 'tick' }),
    ),
    label(LEFT - 44, 8, unit, { kind: 'tick' }),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, 'bytes', { anchor: 'middle', kind: 'tick' }),
  ]
  const drawn = lines.map(({ name, points: own }, index) => {
    const path = own.map(
      ([bx, value], i) => `${i === 0 ? 'M' : 'L'}${x(bx).toFixed(1)} ${y(value).toFixed(1)}`,
    )
    const dots = own.map(([bx, value]) =>
      element(
        'circle',
        { cx: x(bx), cy: y(value), r: 2.5, class: `dot ${kinds[index]}` },
        hint(`${name}, ${bx} bytes: ${figure(value)} ${unit}`),
      ),
    )
    return element('path', { d: path.join(''), class: `curve ${kinds[index]}` }) + dots.join('')
  })
  return chart(WIDTH, HEIGHT, title, axes.join('') + drawn.join(''))
}
