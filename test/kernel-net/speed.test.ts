import { expect, test } from 'vitest'
import { compileGuest } from './support/compile.ts'

/** Speed of bulk transfer between two stacks in one V8, by processor time: other programs do not count. */
test('bulk transfer reaches a gigabit per second, with and without checksum offload', async () => {
  const module = new WebAssembly.Module(await compileGuest('minimal'))
  const imports: Record<string, Record<string, () => number>> = {}
  for (const { module: name, name: field } of WebAssembly.Module.imports(module))
    (imports[name] ??= {})[field] = () => 0
  const pipe = new WebAssembly.Instance(module, imports).exports['pipeBulk'] as (
    total: number,
    chunk: number,
    offload: number,
  ) => number
  const total = 200e6
  pipe(20e6, 65536, 0)
  for (const offload of [0, 3]) {
    const start = process.cpuUsage()
    expect(pipe(total, 65536, offload)).toBe(total)
    const rate = (total * 8) / (process.cpuUsage(start).user * 1e3)
    console.log(
      `${offload ? 'with' : 'without'} checksum offload: ${rate.toFixed(1)} Gbit/s of payload for each second of processor time`,
    )
    expect(rate).toBeGreaterThan(1)
  }
})

test('the stub runtime compiles and runs too', async () => {
  const module = new WebAssembly.Module(await compileGuest('stub'))
  const imports: Record<string, Record<string, () => number>> = {}
  for (const { module: name, name: field } of WebAssembly.Module.imports(module))
    (imports[name] ??= {})[field] = () => 0
  const pipe = new WebAssembly.Instance(module, imports).exports['pipeBulk'] as (
    total: number,
    chunk: number,
    offload: number,
  ) => number
  expect(pipe(5e6, 65536, 0)).toBe(5e6)
})
