/** Text of SVG and HTML: elements, scales, axes. No DOM: a chart is a string. */

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (char) => escapes[char]!)
}

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element; `content` is markup already. Numbers are rounded to a tenth. */
export function element(name: string, attributes: Attributes = {}, content = ''): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value!)}"`)
    .join('')
  return `<${name}${text}>${content}</${name}>`
}

const round = (value: number): string => String(Number(value.toFixed(1)))

/** Text at a place; `anchor`: start, middle, end. */
export function label(
  x: number,
  y: number,
  text: string,
  { anchor = 'start', kind = 'text' }: { anchor?: 'start' | 'middle' | 'end'; kind?: string } = {},
): string {
  return element('text', { x, y, 'text-anchor': anchor, class: kind, dy: '0.32em' }, escapeText(text))
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return element('line', { x1, y1, x2, y2, class: kind })
}

/** What the pointer shows over an element. */
export function hint(text: string): string {
  return element('title', {}, escapeText(text))
}

/** A chart that is as wide as its column; `title` is what a screen reader says. */
export function chart(width: number, height: number, title: string, content: string): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title }
  return element('svg', attributes, content)
}

/** A place on an axis for a value. */
export interface Scale {
  (value: number): number
  readonly ticks: readonly number[]
}

/** From 0 to at least `max`, with some five round ticks. */
export function linearScale(max: number, from: number, to: number): Scale {
  const rough = (max > 0 ? max : 1) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!
  const count = Math.max(1, Math.ceil(max / step - 1e-9))
  const top = count * step
  const scale = (value: number): number => from + ((to - from) * value) / top
  return Object.assign(scale, { ticks: Array.from({ length: count + 1 }, (_, i) => i * step) })
}

/** Ticks are the powers of `base` within reach; the axis begins at one of them and ends a little beyond `max`. Both above 0. */
export function logScale(min: number, max: number, from: number, to: number, base = 10): Scale {
  const log = (value: number): number => Math.log(value) / Math.log(base)
  const low = Math.floor(log(min) + 1e-9)
  const high = Math.max(low + 1, log(max))
  const scale = (value: number): number => from + ((to - from) * (log(value) - low)) / (high - low)
  const ticks = Array.from({ length: Math.floor(high + 1e-9) - low + 1 }, (_, i) => base ** (low + i))
  return Object.assign(scale, { ticks })
}
