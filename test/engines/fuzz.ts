/** `tsx test/engines/fuzz.ts [--seed N] [--count N] [--engine jit|auto]`: random programs on the interpreter and another engine, until one differs. */
import { parseArgs } from 'node:util'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { runFragments } from './fragments.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: `${Date.now() & 0x7fffffff}` },
    count: { type: 'string', default: '100000' },
    engine: { type: 'string', default: 'jit' },
  },
})
const seed = Number(values.seed)
console.log(`--seed ${seed} repeats this`)
const count = Number(values.count)
const BATCH = 100
for (let done = 0; done < count; done += BATCH) {
  const result = runFragments(seed + done, Math.min(BATCH, count - done), values.engine as Engine)
  if (result.difference) {
    console.log(result.difference)
    process.exit(1)
  }
  console.log(`${done + result.fragments} fragments, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)
}
