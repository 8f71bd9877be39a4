/** Medians and ratios of all that was timed, and their tables. JSON and the page show the same structure. */
import { geometricMean, median } from '../statistics.ts'
import { formatTable } from '../table.ts'
import type { Group } from './groups.ts'
import { type MachineName, machines } from './machines.ts'
import type { Timing } from './timing.ts'

export interface MachineFigures {
  /** Median seconds by the host's clock. */
  readonly seconds: number
  readonly samples: readonly number[]
  /** Median of the processor time of all threads, where it is known. */
  readonly processorSeconds?: number
}

export interface Row {
  readonly name: string
  readonly on: Readonly<Partial<Record<MachineName, MachineFigures>>>
  /** How many times faster onering is than each of the others; below 1 it is slower. */
  readonly faster: Readonly<Partial<Record<MachineName, number>>>
}

export interface GroupReport {
  readonly title: string
  readonly rows: readonly Row[]
  /** Geometric means of `faster`, for groups of compute programs. */
  readonly means: Row['faster']
}

export interface Report {
  /** Versions and the host, one line each. */
  readonly made: readonly string[]
  readonly repeat: number
  readonly scale: number
  readonly groups: readonly GroupReport[]
  readonly missing: readonly string[]
}

/** Collects what the runs of one group give. */
export class Samples {
  readonly #rows = new Map<string, Map<MachineName, Timing[]>>()

  /** Throws when a machine has found something else than the one before. */
  add(machine: MachineName, timings: ReadonlyMap<string, Timing>): void {
    if (timings.size === 0) throw new Error(`${machine} has ended without a figure`)
    for (const [name, timing] of timings) {
      const row = this.#rows.get(name) ?? new Map<MachineName, Timing[]>()
      const others = [...row.values()].flat()
      const other = others.find(({ checksum }) => checksum !== timing.checksum)
      if (other) throw new Error(`${name}: ${timing.checksum} on ${machine}, ${other.checksum} before`)
      row.set(machine, [...(row.get(machine) ?? []), timing])
      this.#rows.set(name, row)
    }
  }

  report({ title, isCompute, runs }: Group): GroupReport {
    const rows = [...this.#rows].map(([name, row]) => rowOf(name, row))
    const used = machines.filter(
      (machine) => machine !== 'onering' && runs.some((run) => run.machine === machine),
    )
    const means = used.map((machine) => {
      const ratios = rows.flatMap(({ faster }) => faster[machine] ?? [])
      return [machine, geometricMean(ratios)] as const
    })
    return { title, rows, means: isCompute ? Object.fromEntries(means) : {} }
  }
}

function figuresOf(timings: readonly Timing[]): MachineFigures {
  const samples = timings.map(({ wallSeconds }) => wallSeconds)
  const processor = timings.flatMap(({ processorSeconds }) => processorSeconds ?? [])
  const figures = { seconds: median(samples), samples }
  return processor.length === timings.length ? { ...figures, processorSeconds: median(processor) } : figures
}

function rowOf(name: string, row: ReadonlyMap<MachineName, readonly Timing[]>): Row {
  const on = Object.fromEntries(
    [...row].map(([machine, timings]) => [machine, figuresOf(timings)]),
  ) as Row['on']
  const ours = on.onering?.seconds ?? NaN
  const others = Object.entries(on).filter(([machine]) => machine !== 'onering')
  return {
    name,
    on,
    faster: Object.fromEntries(others.map(([machine, { seconds }]) => [machine, seconds / ours])),
  }
}

/** Seconds in three digits and a unit. */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${seconds.toPrecision(3)} s`
  return seconds >= 1e-3 ? `${(seconds * 1e3).toPrecision(3)} ms` : `${(seconds * 1e6).toPrecision(3)} µs`
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)}×`
}

/** Processor time of onering as a share of QEMU's: what a busy host does not change. */
function byProcessor({ on }: Row): string {
  const [ours, theirs] = [on.onering?.processorSeconds, on.QEMU?.processorSeconds]
  return ours === undefined || theirs === undefined ? '' : times(theirs / ours)
}

export function formatGroup({ title, rows, means }: GroupReport): string {
  const used = machines.filter((machine) => rows.some(({ on }) => on[machine] !== undefined))
  const others = used.filter((machine) => machine !== 'onering')
  const header = [title, ...used, ...others.map((machine) => `faster than ${machine}`), 'by processor time']
  const lines = rows.map((row) => [
    row.name,
    ...used.map((machine) => (row.on[machine] === undefined ? '' : duration(row.on[machine].seconds))),
    ...others.map((machine) => times(row.faster[machine])),
    byProcessor(row),
  ])
  if (Object.keys(means).length > 0)
    lines.push([
      'geometric mean',
      ...used.map(() => ''),
      ...others.map((machine) => times(means[machine])),
      '',
    ])
  return formatTable(header, lines)
}

export function formatReport({ made, repeat, scale, groups, missing }: Report): string {
  const sizes = scale === 1 ? '' : `; sizes × ${scale}, too small to be quoted`
  return [
    `${made.join('; ')}; medians of ${repeat}${sizes}`,
    ...groups.map(formatGroup),
    ...missing.map((what) => `Left out: ${what}`),
  ].join('\n\n')
}
