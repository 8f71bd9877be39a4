/** A guest that attacks the machine from inside, on the public machine: host process and machine go on. */
import { expect, test } from 'vitest'
import { type Link, Machine } from '../../src/index.ts'
import { fuzzingGuest } from './support/fuzzing-guest.ts'
import { buildImage } from './support/image.ts'

const ROUNDS = 120_000
const SEED = BigInt(process.env.ONERING_SEED ?? Date.now() % 2 ** 31) | 1n

test(`${ROUNDS} operations of a hostile guest`, async () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/machine/fuzz.test.ts`)
  let frames = 0
  const net: Link = { send: () => frames++, onFrame: null, close: () => {} }
  const image = buildImage(fuzzingGuest(ROUNDS, SEED), { protocol: 'pvh' })
  const machine = await Machine.create({ image, memory: 16 << 20, net, seed: 1, timeoutSeconds: 50 })
  const arrivals = setInterval(() => net.onFrame?.(new Uint8Array(200).fill(0xff)), 1)
  let serial = ''
  machine.on('serial', (bytes) => (serial += new TextDecoder('latin1').decode(bytes)))
  const before = process.memoryUsage().rss
  const exit = await machine.run()
  clearInterval(arrivals)
  const grown = process.memoryUsage().rss - before
  console.log(JSON.stringify({ frames, grownMib: grown >> 20, ...exit }))
  expect([exit.reason, exit.status, serial.endsWith('alive\n')]).toEqual(['debug-exit', 11, true])
  expect(exit.instructions).toBeGreaterThan(10 * ROUNDS)
  for (const name of [
    'virtio.needs-reset',
    'virtio.bad-access',
    'dma.refused',
    'msix.bad-write',
    'unimplemented',
  ])
    expect(exit.counters[name], name).toBeGreaterThan(0)
  expect(grown).toBeLessThan(300 << 20)
})
