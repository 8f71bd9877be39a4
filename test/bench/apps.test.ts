/** Applications with clients in guest time: nothing in them varies. */
import { expect, test, vi } from 'vitest'
import { type AppMeasurement, type Load, runApp } from '../../src/bench/apps/run.ts'
import { type Script, scripts } from '../../src/bench/apps/scripts.ts'
import { buildApp } from '../../src/toolchain/index.ts'

vi.setConfig({ testTimeout: 300_000 })

const load: Load = { clients: 4, requests: 60, warmUp: 20, wireNs: 10_000 }
const script = (name: string): Script => scripts.find((each) => each.name === name)!

async function imageOf(name: string, link: string): Promise<Uint8Array> {
  const path = new URL(`../../src/app/${script(name).source}`, import.meta.url).pathname
  return (await buildApp(path, { link })).image
}

async function measured(name: string, link: string): Promise<AppMeasurement> {
  return runApp(await imageOf(name, link), script(name), load, 'interpreter')
}

test('twice the same, by the interpreter and by translation', async () => {
  const image = await imageOf('echo', 'trap')
  const first = runApp(image, script('echo'), load, 'interpreter')
  expect(first.latenciesNs).toHaveLength(load.requests)
  expect(runApp(image, script('echo'), load, 'interpreter')).toEqual(first)
  expect(runApp(image, script('echo'), load, 'auto')).toEqual(first)
})

test.each(scripts.map(({ name }) => name))('%s: a trap costs instructions and time', async (name) => {
  const [direct, trap] = [await measured(name, 'direct'), await measured(name, 'trap')]
  expect(direct.counts.rings[3]).toBe(0)
  expect(trap.counts.rings[3]).toBeGreaterThan(0)
  expect(trap.counts.events.syscall).toBeGreaterThanOrEqual(2)
  expect(trap.elapsedNs).toBeGreaterThan(direct.elapsedNs)
  // A request has been on the wire twice.
  for (const latency of direct.latenciesNs) expect(latency).toBeGreaterThan(2 * load.wireNs)
})

test('a wrong answer ends the measurement', async () => {
  const wrong: Script = {
    ...script('echo'),
    request: () => ({
      request: new Uint8Array([1]),
      answer: () => {
        throw new Error('a wrong answer')
      },
    }),
  }
  const image = await imageOf('echo', 'direct')
  expect(() => runApp(image, wrong, load, 'interpreter')).toThrow('a wrong answer')
})
