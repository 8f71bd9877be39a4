/** The transitions of a window by cause: how many, what they cost, and what lay between them. */
import type { Cost } from './pricing.ts'
import type { FrameEvent } from './reader.ts'
import type { Transition } from './transition.ts'

export interface CauseSummary {
  readonly cause: string
  readonly from: number
  readonly to: number
  count: number
  /** Instructions before each, since the transition before it, together. */
  instructions: number
  /** Modelled cycles of the transitions themselves. */
  cycles: number
}

export class Summary {
  readonly causes = new Map<string, CauseSummary>()
  /** Instructions in each ring, and modelled cycles of all instructions but the transitions' own. */
  readonly rings = [0, 0, 0, 0]
  transitions = 0
  cycles = 0
  betweenCycles = 0
  frames = { received: 0, sent: 0 }

  add({ cause, before, after, instructions }: Transition, cost: Cost): void {
    const key = `${cause.label} ${before.ring} ${after.ring}`
    let entry = this.causes.get(key)
    if (!entry) {
      entry = { cause: cause.label, from: before.ring, to: after.ring, count: 0, instructions: 0, cycles: 0 }
      this.causes.set(key, entry)
    }
    entry.count++
    entry.instructions += instructions
    entry.cycles += cost.transition
    this.rings[before.ring]! += instructions
    this.transitions++
    this.cycles += cost.transition
    this.betweenCycles += cost.since
  }

  addFrame({ direction }: FrameEvent): void {
    this.frames[direction]++
  }
}

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const [CAUSE, COUNT, CYCLES] = [22, 12, 16]

export function summaryLines(summary: Summary, model: string): string[] {
  const head = [
    'cause'.padEnd(CAUSE),
    'rings',
    'count'.padStart(COUNT),
    'instructions'.padStart(CYCLES),
    'cycles'.padStart(CYCLES),
  ]
  const rows = [...summary.causes.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(({ cause, from, to, count, instructions, cycles }) =>
      [
        cause.padEnd(CAUSE),
        `${from}→${to}`.padEnd(5),
        number.format(count).padStart(COUNT),
        number.format(instructions).padStart(CYCLES),
        number.format(cycles).padStart(CYCLES),
      ].join(' '),
    )
  const rings = summary.rings
    .map((count, ring) => ({ count, ring }))
    .filter(({ count }) => count > 0)
    .map(({ count, ring }) => `${number.format(count)} in ring ${ring}`)
  const { received, sent } = summary.frames
  return [
    head.join(' '),
    ...rows,
    '',
    `${number.format(summary.transitions)} transitions; instructions before them: ${rings.join(', ') || 'none'}`,
    `modelled cycles (${model}): ${number.format(summary.cycles)} of transitions, ${number.format(summary.betweenCycles)} between them`,
    ...(received + sent > 0 ? [`frames: ${received} received, ${sent} sent`] : []),
  ]
}

/** Where the trace and the processor's own counters differ, by name; none when nothing is missing. */
export function missing(
  seen: Readonly<Record<string, number>>,
  counted: Readonly<Record<string, number>>,
  names: readonly string[],
): string[] {
  return names
    .filter((name) => (seen[name] ?? 0) !== (counted[name] ?? 0))
    .map((name) => `${name}: ${seen[name] ?? 0} in the trace, ${counted[name] ?? 0} counted`)
}
