/**
 * `tsx test/engines/rewriting.ts [--seed N] [--seconds N] [--engine jit|auto]`: a guest that rewrites its code (`rewriter.ts`), on the interpreter and on
 * another engine, stopped at random and compared each time. Ends with status 1 at the first difference. Memory is printed; it must stay flat.
 */
import { parseArgs } from 'node:util'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { Rewriting } from './rewriting-run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: `${Date.now() & 0x7fffffff}` },
    seconds: { type: 'string', default: '600' },
    engine: { type: 'string', default: 'auto' },
  },
})
console.log(`--seed ${values.seed} repeats this`)
const run = new Rewriting(Number(values.seed), values.engine as Engine)
const end = performance.now() + 1000 * Number(values.seconds)
const REPORT = 500
while (performance.now() < end) {
  const difference = run.steps(REPORT)
  const { rounds, instructions, guests } = run
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(`${rounds} rounds of ${guests} guests, ${instructions} instructions, ${memory} MiB`)
  if (difference === null) continue
  console.log(difference)
  process.exit(1)
}
