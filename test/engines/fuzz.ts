/** `tsx test/engines/fuzz.ts [--seed N] [--count N] [--engine jit|auto] [--bits 32|64]`: so many random fragments on the interpreter and another engine, until one differs. */
import { parseArgs } from 'node:util'
import type { Engine } from '../../src/cpu/run-loop.ts'
import type { Bits } from './fragment-system.ts'
import { runFragments } from './fragments.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: `${Date.now() & 0x7fffffff}` },
    count: { type: 'string', default: '100000' },
    engine: { type: 'string', default: 'jit' },
    bits: { type: 'string', default: '64' },
  },
})
const seed = Number(values.seed)
console.log(`--seed ${seed} repeats this`)
const count = Number(values.count)
const BATCH = 250
let [fragments, instructions] = [0, 0]
for (let programs = 0; fragments < count; programs += BATCH) {
  const result = runFragments(seed + programs, BATCH, values.engine as Engine, Number(values.bits) as Bits)
  fragments += result.fragments
  instructions += result.instructions
  if (result.difference) {
    console.log(result.difference)
    process.exit(1)
  }
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(
    `${fragments} fragments of ${programs + BATCH} programs, ${instructions} instructions, no difference; ${memory} MiB`,
  )
}
