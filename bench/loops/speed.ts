/** Times a processor in this process, by the package `benchmark`: the only file that knows it. */
import Benchmark from 'benchmark'
import type { Cpu } from '../../src/cpu/cpu.ts'

export interface Speed {
  /** Million instructions a second, and half the 95 % confidence interval in per cent. */
  readonly mean: number
  readonly marginPercent: number
}

const MAX_SECONDS = 2

/** `instructions` at a time, until the figure is steady or the time is over; once before, so that hot code is translated. */
export function speedOf(cpu: Cpu, instructions: number): Speed {
  const step = (): void => {
    const end = cpu.run(instructions)
    if (end !== 'budget') throw new Error(`the loop ended with ${end}: ${cpu.describeTripleFault()}`)
  }
  step()
  const bench = new Benchmark(step, { maxTime: MAX_SECONDS }).run({ async: false })
  if (bench.error) throw bench.error as Error
  return { mean: instructions / bench.stats.mean / 1e6, marginPercent: bench.stats.rme }
}
