import { describe, expect, test, vi } from 'vitest'
import { echoDatagram, echoMany, echoOnce, freePort, waitForEcho } from '../support/echo-client.ts'
import { startQemu, type Guest } from '../support/guest.ts'
import { hasProgram } from '../support/programs.ts'
import { image, qemuWays } from './images.ts'

// The first build of a kernel takes seconds, on a busy machine many.
vi.setConfig({ testTimeout: 180_000 })

async function serving(
  app: string,
  link: (typeof qemuWays)[number],
  protocol: 'tcp' | 'udp',
  guestPort: number,
): Promise<{ guest: Guest; port: number }> {
  const port = await freePort()
  const forwards = [{ host: port, guest: guestPort, protocol }]
  const guest = startQemu(await image(app, { link }), { forwards })
  await guest.line(/listens on port/)
  return { guest, port }
}

describe.skipIf(!hasProgram('qemu-system-x86_64'))('on QEMU, through its own network', () => {
  test.each(qemuWays)('TCP echo: many connections, half-close, every byte (%s)', async (link) => {
    const { guest, port } = await serving('src/app/echo-tcp.ts', link, 'tcp', 7)
    try {
      await waitForEcho(port)
      expect(await echoOnce(port, 1 << 20)).toBe(true)
      // QEMU's forwarder queues one connection at a time.
      for (let round = 0; round < 20; round++) expect(await echoMany(port, 1, 10_000)).toBe(1)
    } finally {
      await guest.stop()
    }
  })

  test('UDP echo: small, as long as the MTU allows, and in fragments', async () => {
    const { guest, port } = await serving('src/app/echo-udp.ts', 'direct', 'udp', 7)
    try {
      for (const length of [0, 1, 17, 1000, 1471, 1472, 1473, 9000, 60_000]) {
        const payload = new Uint8Array(length).map((_, i) => i * 7)
        let reply: Buffer | null = null
        for (let attempt = 0; attempt < 5 && reply === null; attempt++)
          reply = await echoDatagram(port, payload, 1000)
        expect(reply === null ? null : new Uint8Array(reply), `${length} bytes`).toEqual(payload)
      }
    } finally {
      await guest.stop()
    }
  })

  test('HTTP: a page, and the connection stays for the next request', async () => {
    const { guest, port } = await serving('src/app/http.ts', 'trap', 'tcp', 80)
    try {
      for (let i = 1; i <= 3; i++) {
        const response = await fetch(`http://127.0.0.1:${port}/`)
        expect(response.status).toBe(200)
        expect(response.headers.get('connection')).toBe('keep-alive')
        expect(await response.text()).toContain(`${i} requests served`)
      }
      expect((await fetch(`http://127.0.0.1:${port}/nothing`)).status).toBe(404)
    } finally {
      await guest.stop()
    }
  })
})
