import { describe, expect, test } from 'vitest'
import { echoMany, freePort, waitForEcho } from '../support/echo-client.ts'
import { startOnering } from '../support/guest.ts'

const faults = 'loss=5%,duplicate=2%,reorder=5%,delay=2ms,jitter=1ms'

describe.each(['direct', 'lto', 'trap'])(`echo-tcp, linked %s, behind ${faults}`, (link) => {
  test('200 connections at once, 1 MiB each way', { timeout: 500_000 }, async () => {
    const seed = Number(process.env.ONERING_SEED ?? Math.floor(Math.random() * 2 ** 32))
    console.log(`onering run src/app/echo-tcp.ts --link ${link} --faults ${faults} --seed ${seed}`)
    const port = await freePort()
    const guest = startOnering('src/app/echo-tcp.ts', {
      forwards: [{ host: port, guest: 7 }],
      args: ['--link', link, '--faults', faults, '--seed', `${seed}`],
    })
    try {
      await waitForEcho(port)
      expect(await echoMany(port, 200, 1 << 20, { idleMs: 120_000 })).toBe(200)
    } finally {
      await guest.stop()
    }
  })
})
