/** Runs the measurements of one link mode. All that is counted is determined: the same image gives the same counts, whatever executes it. */
import { type Exit, Machine, type Mark, type RunOptions } from '../index.ts'
import { type Counts, difference, type EntrySequences } from './model.ts'
import { type Case, cases, EMPTY } from './suite.ts'

const MEMORY: number = 64 << 20
const TIMEOUT_SECONDS = 300

export type Engine = NonNullable<RunOptions['engine']>

/** One link mode. */
export interface ModeMeasurements {
  readonly link: string
  /** Sequences that its entry code executes each time. */
  readonly onEntry: EntrySequences
  readonly measurements: readonly Measurement[]
}

export interface Measurement {
  readonly case: Case
  /** Of one operation. */
  readonly counts: Counts
  /** Nanoseconds of one operation by the host's clock, for each run. */
  readonly hostNs: readonly number[]
}

export interface MeasureOptions {
  readonly engine: Engine
  /** How often the image is run. */
  readonly samples: number
}

/** @throws Error when the guest did not come to its end, or when two runs have counted differently */
export async function measure(
  image: Uint8Array,
  { engine, samples }: MeasureOptions,
): Promise<Measurement[]> {
  const runs: Sample[][] = []
  for (let n = 0; n < samples; n++) runs.push(samplesOf(await run(image, engine)))
  const [first] = runs as [Sample[]]
  return cases.map((each, index) => {
    const { counts } = first[index]!
    for (const other of runs)
      if (JSON.stringify(other[index]!.counts) !== JSON.stringify(counts))
        throw new Error(`${each.name} was counted differently in two runs of the same image`)
    return { case: each, counts, hostNs: runs.map((samples) => samples[index]!.hostNs) }
  })
}

async function run(image: Uint8Array, engine: Engine): Promise<Exit> {
  const machine = await Machine.create({
    image,
    engine,
    memory: MEMORY,
    seed: 1,
    epochMs: 0,
    idle: 'leap',
    timeoutSeconds: TIMEOUT_SECONDS,
  })
  const exit = await machine.run()
  if (exit.status !== 0) throw new Error(`the measurements ended early: ${exit.message}`)
  return exit
}

/** One operation in one run. */
interface Sample {
  readonly counts: Counts
  readonly hostNs: number
}

/** The marks 2 id and 2 id + 1. */
function pairOf(marks: readonly Mark[], id: number): [from: Mark, to: Mark] {
  const from = marks.find((mark) => mark.id === 2 * id)
  const to = marks.find((mark) => mark.id === 2 * id + 1)
  if (!from || !to) throw new Error(`the guest has not marked measurement ${id}`)
  return [from, to]
}

function samplesOf({ marks }: Exit): Sample[] {
  const [begin, end] = pairOf(marks, EMPTY)
  const empty = difference(end, begin)
  return cases.map(({ id, repetitions, baseline }) => {
    const [from, to] = pairOf(marks, id)
    const [without, end] = baseline === undefined ? [from, from] : pairOf(marks, baseline)
    const rest = baseline === undefined ? empty : difference(end, without)
    return {
      counts: difference(difference(to, from), rest, repetitions),
      hostNs: ((to.hostMs - from.hostMs - (end.hostMs - without.hostMs)) * 1e6) / repetitions,
    }
  })
}
