/**
 * `tsx test/engines/main.ts IMAGE [--step N] [--limit N] [--engine jit|auto] [--memory MIB] [--initrd FILE] [--append TEXT]`: an image on the
 * interpreter and on another engine in lock step. Says where they part.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { lockstep } from './lockstep.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    step: { type: 'string', default: '1000000' },
    limit: { type: 'string', default: '1e12' },
    engine: { type: 'string', default: 'jit' },
    memory: { type: 'string', default: '64' },
    initrd: { type: 'string' },
    append: { type: 'string', default: '' },
  },
})
const started = performance.now()
const result = lockstep(
  {
    image: readFileSync(positionals[0]!),
    cmdline: values.append,
    ...(values.initrd ? { modules: [{ data: readFileSync(values.initrd) }] } : {}),
  },
  ['interpreter', values.engine as Engine],
  {
    step: Number(values.step),
    limit: Number(values.limit),
    memoryBytes: Number(values.memory) << 20,
    onCheck: (instructions) => process.stderr.write(`\r${instructions} instructions `),
  },
)
console.log(result.serial)
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(
  `${result.checks} checks, ${result.exit.instructions} instructions, ${result.exit.reason}, ${seconds} s`,
)
if (result.difference) {
  console.log(result.difference)
  process.exitCode = 1
}
