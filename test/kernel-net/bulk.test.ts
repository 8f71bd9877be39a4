import { describe, expect, test } from 'vitest'
import { Exchange, serve } from './support/peer.ts'
import { Prng } from './support/prng.ts'
import { type LinkFaults, MS, S, World, ip } from './support/world.ts'

const seed = Number(process.env['SEED'] ?? 20260)
const A = ip(10, 0, 0, 1)
const B = ip(10, 0, 0, 2)

async function pair(faults: LinkFaults, mtu = 1500): Promise<{ world: World; a: number; b: number }> {
  const world = await World.create(seed)
  const a = world.addStack()
  const b = world.addStack()
  world.connect(
    world.addNic(a, 0x020000000001, A, 24, mtu),
    world.addNic(b, 0x020000000002, B, 24, mtu),
    faults,
  )
  return { world, a, b }
}

/** `count` connections at once, `size` bytes each way on each; all bytes must be equal. */
async function exchange(count: number, size: number, faults: LinkFaults, mtu = 1500): Promise<string> {
  const { world, a, b } = await pair(faults, mtu)
  const { call } = world.guest
  const before = world.guest.liveBytes
  const pool = new Prng(seed).bytes(size + 2 * count * 4096)
  const up = (i: number): Uint8Array => pool.subarray(i * 8192, i * 8192 + size)
  const down = (i: number): Uint8Array => pool.subarray(i * 8192 + 4096, i * 8192 + 4096 + size)
  const servers = new Map<number, Exchange>()
  const clients: Exchange[] = []
  const listener = serve(world, b, 7, count, (socket) => {
    const server = new Exchange(world, socket, down(servers.size), size)
    servers.set(call.tcpField!(socket, 3), server)
    return server
  })
  for (let i = 0; i < count; i++) {
    const socket = call.tcpOpen!(a)
    clients.push(new Exchange(world, socket, up(i), size))
    expect(call.tcpConnect!(socket, B, 7)).toBe(-115)
  }
  const ports = clients.map((client) => call.tcpField!(client.socket, 1))
  world.run(
    () =>
      servers.size === count &&
      clients.every((c) => c.closed) &&
      [...servers.values()].every((s) => s.closed),
    3600 * S,
  )
  const order = [...servers.keys()]
  for (const [i, client] of clients.entries()) {
    const server = servers.get(ports[i]!)!
    expect(client.failed, `connection ${i}`).toBe(0)
    expect(Buffer.compare(server.received, up(i)), `upwards ${i}, seed ${seed}`).toBe(0)
    expect(
      Buffer.compare(client.received, down(order.indexOf(ports[i]!))),
      `downwards ${i}, seed ${seed}`,
    ).toBe(0)
  }
  const elapsed = (world.nowNs - 1e9) / S
  world.pass(200 * S)
  call.tcpClose!(listener)
  expect(call.stackCount!(a, 0) + call.stackCount!(b, 0), 'connections left').toBe(0)
  expect(call.stackMemory!(a) + call.stackMemory!(b), 'buffer bytes left').toBe(0)
  const stats = `retransmitted ${call.stackStat!(a, 23)! + call.stackStat!(b, 23)!}, timeouts ${call.stackStat!(a, 24)! + call.stackStat!(b, 24)!}`
  world.destroy()
  expect(world.guest.liveBytes).toBeLessThan(before)
  return `${count} x ${size} bytes each way: ${elapsed.toFixed(2)} s virtual, ${world.frames} frames, ${stats}`
}

describe('bulk transfer between two stacks', () => {
  // 400,000 frames: seconds on an idle machine, a minute on one that builds at the same time.
  test('200 connections, 1 MiB each way, clean link', { timeout: 240_000 }, async () => {
    console.log(await exchange(200, 1 << 20, { delayNs: 50_000 }))
  })

  test('200 connections under 5 % loss, reordering, duplication, delay and corruption', async () => {
    const faults = {
      delayNs: 5 * MS,
      jitterNs: MS,
      loss: 0.05,
      duplicate: 0.02,
      reorder: 0.02,
      corrupt: 0.005,
    }
    console.log(await exchange(200, 128 << 10, faults))
  })

  test('any MTU, with loss', async () => {
    for (const mtu of [128, 576, 1280, 9000, 65535]) {
      console.log(`MTU ${mtu}: ${await exchange(4, 100_000, { delayNs: MS, loss: 0.02 }, mtu)}`)
    }
  })

  test('8 connections, 1 MiB each way, the same faults', async () => {
    const faults = {
      delayNs: 5 * MS,
      jitterNs: MS,
      loss: 0.05,
      duplicate: 0.02,
      reorder: 0.02,
      corrupt: 0.005,
    }
    console.log(await exchange(8, 1 << 20, faults))
  })
})
