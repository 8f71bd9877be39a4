/** A figure that varies: every sample as a dot, the mean, and its 95 % confidence interval. */
import { grouped } from '../format.ts'
import type { Distribution } from '../statistics.ts'
import { chart, element, hint, label, line, logScale } from './svg.ts'

const WIDTH = 900
const ROW = 27
const LEFT = 190
const RIGHT = 150
const TOP = 28

export function strips(
  title: string,
  rows: readonly { readonly name: string; readonly distribution: Distribution }[],
): string {
  const all = rows.flatMap(({ distribution: { samples } }) => samples).filter((sample) => sample > 0)
  const scale = logScale(Math.min(...all), Math.max(...all), LEFT, WIDTH - RIGHT)
  // An interval may reach below what a logarithmic axis has.
  const at = (value: number): number => Math.min(WIDTH - RIGHT, scale(Math.max(scale.ticks[0]!, value)))
  const height = TOP + ROW * rows.length + 8
  const axis = scale.ticks.map(
    (tick) =>
      line(scale(tick), TOP - 8, scale(tick), height - 8, 'grid') +
      label(scale(tick), 10, grouped(tick), { anchor: 'middle', kind: 'tick' }),
  )
  const drawn = rows.map(({ name, distribution: { samples, mean, margin } }, index) => {
    const y = TOP + ROW * index + ROW / 2
    const interval =
      margin === undefined
        ? ''
        : element(
            'rect',
            {
              x: at(mean - margin),
              y: y - 7,
              width: at(mean + margin) - at(mean - margin),
              height: 14,
              class: 'interval',
            },
            hint(`${name}: 95 % confidence interval of the mean`),
          )
    const dots = samples.map((sample) =>
      element(
        'circle',
        { cx: at(sample), cy: y, r: 3, class: 'sample' },
        hint(`${name}: ${grouped(sample)} ns`),
      ),
    )
    const text = margin === undefined ? grouped(mean) : `${grouped(mean)} ± ${grouped(margin)}`
    return (
      label(LEFT - 12, y, name, { anchor: 'end', kind: 'name' }) +
      interval +
      dots.join('') +
      line(at(mean), y - 9, at(mean), y + 9, 'mean') +
      label(WIDTH, y, text, { anchor: 'end', kind: 'value' })
    )
  })
  return chart(WIDTH, height, title, axis.join('') + drawn.join(''))
}
