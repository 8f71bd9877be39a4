/** Pieces of a page that are no charts. */
import { element, escapeText } from './svg.ts'

export const paragraph = (text: string, kind?: string): string =>
  element('p', { class: kind }, escapeText(text))

export const heading = (text: string): string => element('h2', {}, escapeText(text))

export const picture = (svg: string): string => element('figure', {}, svg)

/** Coloured squares and what they stand for. */
export function key(entries: readonly (readonly [kind: string, text: string])[]): string {
  const spans = entries.map(([kind, text]) =>
    element('span', {}, element('i', { class: `swatch ${kind}` }) + escapeText(text)),
  )
  return element('p', { class: 'key' }, spans.join(' '))
}

export const partKey: string = key([
  ['work', 'work: the operation itself'],
  ['entry', 'entry: software on the way in and out'],
  ['transition', 'transition: what the processor does to change rings'],
  ['mitigation', 'mitigation: page tables of its own, barriers'],
])
