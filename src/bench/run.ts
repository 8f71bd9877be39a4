/** Runs the measurements of one link mode. Everything in the run is determined: the same image gives the same counts. */
import { Machine, type Exit, type Mark } from '../index.ts'
import { difference, type Counts } from './model.ts'
import { cases, EMPTY, type Case } from './suite.ts'

const MEMORY: number = 64 << 20

export interface Measurement {
  readonly case: Case
  /** Of one operation. */
  readonly counts: Counts
}

/** @throws Error when the guest did not come to its end */
export async function measure(image: Uint8Array): Promise<Measurement[]> {
  const machine = await Machine.create({
    image,
    memory: MEMORY,
    seed: 1,
    epochMs: 0,
    idle: 'leap',
    timeoutSeconds: 300,
  })
  const exit = await machine.run()
  if (exit.status !== 0) throw new Error(`the measurements ended early: ${exit.message}`)
  return measurements(exit)
}

/** Between the marks 2 id and 2 id + 1. */
function between(marks: readonly Mark[], id: number): Counts {
  const from = marks.find((mark) => mark.id === 2 * id)
  const to = marks.find((mark) => mark.id === 2 * id + 1)
  if (!from || !to) throw new Error(`the guest has not marked measurement ${id}`)
  return difference(to, from)
}

function measurements({ marks }: Exit): Measurement[] {
  const empty = between(marks, EMPTY)
  return cases.map((each) => ({
    case: each,
    counts: difference(between(marks, each.id), empty, each.repetitions),
  }))
}
