/** Whether the ways into the kernel stand in the order that every study has them in. */
import { figuresOf, type ModeResults } from './figures.ts'

/** From the cheapest to the dearest. */
export const expectedOrder = [
  'direct',
  'bypass',
  'base',
  'trap',
  'trap+kpti',
  'trap+kpti+mitigations',
] as const
const NAMES: Readonly<Record<(typeof expectedOrder)[number], string>> = {
  direct: 'plain call',
  bypass: 'bypass',
  base: 'base',
  trap: 'trap',
  'trap+kpti': 'trap with KPTI',
  'trap+kpti+mitigations': 'trap with KPTI and mitigations',
}
const CASE = 'getppid'

export interface OrderCheck {
  /** Modelled cycles of getppid in the modes of `expectedOrder` that were measured. */
  readonly steps: readonly { readonly link: string; readonly name: string; readonly cycles: number }[]
  /** Each costs more than the one before. */
  readonly holds: boolean
  /** Modes of the order that were not measured. */
  readonly missing: readonly string[]
}

export function checkOrder(modes: readonly ModeResults[]): OrderCheck {
  const steps = expectedOrder.flatMap((link) => {
    const figures = figuresOf(modes, link, CASE)
    return figures ? [{ link, name: NAMES[link], cycles: figures.cycles.total }] : []
  })
  const holds = steps.every(({ cycles }, i) => i === 0 || cycles > steps[i - 1]!.cycles)
  const missing = expectedOrder.filter((link) => !steps.some((step) => step.link === link))
  return { steps, holds, missing }
}

/** One or two sentences. */
export function describeOrder({ steps, holds, missing }: OrderCheck): string {
  if (steps.length < 2) return 'The order of the ways into the kernel was not checked: too few were measured.'
  const text = steps.map(({ name }) => name).join(' < ')
  const gaps = missing.length > 0 ? ` Not measured: ${missing.join(', ')}.` : ''
  return `${holds ? 'The order holds' : 'THE ORDER DOES NOT HOLD'}: ${text}.${gaps}`
}
