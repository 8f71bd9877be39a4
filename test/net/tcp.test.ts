import { createHash, randomFillSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  faultLink,
  pcapLink,
  userNet,
  type Faults,
  type Link,
  type UserLink,
  type UserNetOptions,
} from '../../src/net/index.ts'
import { resetSocket } from '../../src/net/user/reset.ts'
import { ipv4 } from '../../src/net/wire/address.ts'
import { finish, pseudoHeaderSum, sum16 } from '../../src/net/wire/checksum.ts'
import { emitEthernet } from '../../src/net/wire/ethernet.ts'
import { datagram, emitIpv4 } from '../../src/net/wire/ipv4.ts'
import { Prng } from '../../src/net/prng.ts'
import { hasProgram } from '../support/programs.ts'
import { malformed, tshark } from './support/tshark.ts'
import { eventually } from './support/eventually.ts'
import { GuestSocketError, WasmGuest, type GuestSocket } from './support/wasm-guest.ts'

const gateway = ipv4('10.0.2.2')!
const loopback = ipv4('127.0.0.1')!
const guestAddress = ipv4('10.0.2.15')!
const MIB = 1 << 20
const ECONNRESET = 104
const ECONNREFUSED = 111
const EHOSTUNREACH = 113

if (!existsSync(new URL('../../build/netstack.wasm', import.meta.url)))
  throw new Error('run npm run build first')

const open: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0).toReversed()) thing.close()
})

interface Bench {
  link: UserLink
  guest: WasmGuest
  wire: Link
}

async function bench(options: UserNetOptions, wrap: (link: Link) => Link = (link) => link): Promise<Bench> {
  const link = await userNet(options).open()
  const wire = wrap(link)
  const guest = new WasmGuest(wire, options.mtu)
  open.push(wire, guest)
  return { link, guest, wire }
}

async function hostServer(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, onSocket)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  open.push({
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function hostClient(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  open.push({ close: () => socket.destroy() })
  return socket
}

/** All that a host socket receives until its end; rejects when it is reset. */
async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (bytes: Buffer) => parts.push(bytes))
  await new Promise((resolve, reject) => socket.once('end', resolve).once('error', reject))
  return Buffer.concat(parts)
}

async function echo(socket: GuestSocket): Promise<void> {
  for (;;) {
    const bytes = await socket.read()
    if (bytes === null) break
    await socket.write(bytes)
  }
  socket.end()
  socket.close()
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function manyInbound(count: number, size: number, wrap?: (link: Link) => Link): Promise<UserLink> {
  const { link, guest } = await bench({ forward: [{ host: 0, guest: 7 }] }, wrap)
  guest.listen(7, (socket) => void echo(socket))
  const { host } = link.forwards[0]!
  const exchange = async (): Promise<void> => {
    const payload = randomFillSync(Buffer.alloc(size))
    const socket = hostClient(host)
    const received = readAll(socket)
    socket.end(payload)
    expect(sha(await received)).toBe(sha(payload))
  }
  await Promise.all(Array.from({ length: count }, exchange))
  await eventually(() => link.stats().tcpConnections).toBe(0)
  return link
}

async function manyOutbound(count: number, size: number, wrap?: (link: Link) => Link): Promise<UserLink> {
  const { link, guest } = await bench({ hostLoopback: true }, wrap)
  const port = await hostServer((socket) => socket.pipe(socket))
  const exchange = async (): Promise<void> => {
    const payload = randomFillSync(Buffer.alloc(size))
    const socket = await guest.connect(gateway, port)
    const received = socket.readAll()
    await socket.write(payload)
    socket.end()
    expect(sha(await received)).toBe(sha(payload))
    socket.close()
  }
  await Promise.all(Array.from({ length: count }, exchange))
  await eventually(() => link.stats().tcpConnections).toBe(0)
  return link
}

describe('a forwarded port', () => {
  test('50 connections, 1 MiB each way, every byte equal, nothing left behind', async () => {
    const link = await manyInbound(50, MIB)
    await eventually(() => link.stats().tcpBufferedBytes).toBe(0)
  })

  test('an end of stream goes through as one: the other direction stays open', async () => {
    const { link, guest } = await bench({ forward: [{ host: 0, guest: 7 }] })
    const heard: string[] = []
    guest.listen(7, async (socket) => {
      heard.push((await socket.readAll()).toString())
      await new Promise((resolve) => setTimeout(resolve, 50))
      await socket.write(Buffer.from('after your end'))
      socket.end()
      socket.close()
    })
    const socket = hostClient(link.forwards[0]!.host)
    socket.end('question')
    expect((await readAll(socket)).toString()).toBe('after your end')
    expect(heard).toEqual(['question'])
  })

  test('the guest ends first and still hears the host', async () => {
    const { link, guest } = await bench({ forward: [{ host: 0, guest: 7 }] })
    const heard = new Promise<string>((resolve) => {
      guest.listen(7, async (socket) => {
        await socket.write(Buffer.from('hello'))
        socket.end()
        resolve((await socket.readAll()).toString())
        socket.close()
      })
    })
    const socket = hostClient(link.forwards[0]!.host)
    expect((await readAll(socket)).toString()).toBe('hello')
    socket.write('one ')
    setTimeout(() => socket.end('two'), 50)
    expect(await heard).toBe('one two')
  })

  test('a reset by the guest is a reset on the host, and the other way round', async () => {
    const { link, guest } = await bench({
      forward: [
        { host: 0, guest: 7 },
        { host: 0, guest: 8 },
      ],
    })
    guest.listen(7, async (socket) => {
      await socket.read()
      socket.reset()
    })
    const second = hostClient(link.forwards[1]!.host)
    const failure = new Promise<unknown>((resolve) => {
      guest.listen(8, async (socket) => {
        await socket.read()
        // Only now: when a reset comes with data that was not read, libuv reports an end of stream instead.
        setTimeout(() => resetSocket(second), 20)
        await socket.readAll().then(resolve, resolve)
      })
    })
    const first = hostClient(link.forwards[0]!.host)
    first.write('x')
    await expect(readAll(first)).rejects.toMatchObject({ code: 'ECONNRESET' })
    second.write('x')
    expect(await failure).toBeInstanceOf(GuestSocketError)
    expect(await failure).toMatchObject({ errno: ECONNRESET })
    await eventually(() => link.stats().tcpConnections).toBe(0)
  })

  test('a port where no server of the guest listens resets the client', async () => {
    const { link } = await bench({ forward: [{ host: 0, guest: 9 }] })
    await expect(readAll(hostClient(link.forwards[0]!.host))).rejects.toMatchObject({ code: 'ECONNRESET' })
    await eventually(() => link.stats().tcpConnections).toBe(0)
  })

  test('a side that does not read stops the other, and memory stays bounded', async () => {
    const { link, guest } = await bench({
      forward: [
        { host: 0, guest: 7 },
        { host: 0, guest: 8 },
      ],
    })
    let sent = 0
    guest.listen(7, async (socket) => {
      const chunk = new Uint8Array(65_536)
      for (; sent < 256 * MIB; sent += chunk.length) await socket.write(chunk)
    })
    const sleeper = new Promise<GuestSocket>((resolve) => guest.listen(8, resolve))
    const lazy = hostClient(link.forwards[0]!.host)
    lazy.pause()
    const eager = hostClient(link.forwards[1]!.host)
    let accepted = 0
    const chunk = Buffer.alloc(65_536)
    const pump = (): void => {
      while (accepted < 256 * MIB) {
        accepted += chunk.length
        if (!eager.write(chunk)) return void eager.once('drain', pump)
      }
    }
    eager.once('connect', pump)
    await sleeper
    for (let before = -1; before !== sent + accepted;) {
      before = sent + accepted
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    // What the kernels of both sockets and the stacks hold, and no more.
    expect(sent).toBeLessThan(32 * MIB)
    expect(accepted).toBeLessThan(32 * MIB)
    expect(link.stats().tcpBufferedBytes).toBeLessThan(2 * MIB)
    const before = sent
    lazy.resume()
    await eventually(() => sent).toBeGreaterThan(before + MIB)
  })

  test('there is a limit to connections, and the next one after it fits again', async () => {
    const { link, guest } = await bench({ forward: [{ host: 0, guest: 7 }], limits: { tcpConnections: 5 } })
    guest.listen(7, (socket) => void echo(socket))
    const { host } = link.forwards[0]!
    const held = Array.from({ length: 5 }, () => hostClient(host))
    await eventually(() => link.stats().tcpConnections).toBe(5)
    await expect(readAll(hostClient(host))).rejects.toMatchObject({ code: 'ECONNRESET' })
    for (const socket of held) socket.end()
    await eventually(() => link.stats().tcpConnections).toBe(0)
    const socket = hostClient(host)
    socket.end('again')
    expect((await readAll(socket)).toString()).toBe('again')
  })

  test('1000 connections one after the other leave nothing', async () => {
    const { link, guest } = await bench({ forward: [{ host: 0, guest: 7 }] })
    guest.listen(7, (socket) => void echo(socket))
    for (let i = 0; i < 1000; i++) {
      const socket = hostClient(link.forwards[0]!.host)
      const received = readAll(socket)
      socket.end(`number ${i}`)
      expect((await received).toString()).toBe(`number ${i}`)
      socket.destroy()
    }
    await eventually(() => link.stats()).toMatchObject({ tcpConnections: 0, tcpBufferedBytes: 0 })
  })
})

describe('connections of the guest', () => {
  test('50 connections, 1 MiB each way, every byte equal, nothing left behind', async () => {
    await manyOutbound(50, MIB)
  })

  test('are refused when the host is refused', async () => {
    const { guest, link } = await bench({ hostLoopback: true })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    await expect(guest.connect(gateway, port)).rejects.toMatchObject({ errno: ECONNREFUSED })
    expect(link.stats().dropped['tcp: refused']).toBe(1)
    expect(link.stats().tcpConnections).toBe(0)
  })

  test('do not reach the services of the host unless an option says so', async () => {
    let reached = 0
    const port = await hostServer(() => reached++)
    const { guest, link } = await bench({})
    for (const address of [gateway, loopback, ipv4('127.9.9.9')!, ipv4('0.0.0.0')!, ipv4('0.1.2.3')!])
      await expect(guest.connect(address, port)).rejects.toThrow()
    expect(reached).toBe(0)
    expect(link.stats().dropped["tcp: the host's services are closed"]).toBe(1)
  })

  test('to the name server reach the resolver, on its port only', async () => {
    const port = await hostServer((socket) => socket.end('an answer too long for UDP'))
    const { guest } = await bench({ resolvers: [`127.0.0.1:${port}`] })
    const socket = await guest.connect(ipv4('10.0.2.3')!, 53)
    expect((await socket.readAll()).toString()).toBe('an answer too long for UDP')
    socket.close()
    await expect(guest.connect(ipv4('10.0.2.3')!, 54)).rejects.toMatchObject({ errno: ECONNREFUSED })
  })

  test('that a rule forbids are unreachable at once', async () => {
    const { guest, link } = await bench({ outbound: ({ port }) => port === 80 })
    await expect(guest.connect(ipv4('192.0.2.1')!, 81)).rejects.toMatchObject({ errno: EHOSTUNREACH })
    expect(link.stats().dropped).toMatchObject({ 'tcp: closed by the outbound rule': 1 })
    expect(link.stats().tcpConnections).toBe(0)
  })

  test('half-close and reset, as the host does it', async () => {
    const { guest } = await bench({ hostLoopback: true })
    const port = await hostServer((socket) => {
      socket.once('data', (bytes) => {
        if (bytes.toString() === 'reset') return resetSocket(socket)
        socket.end('bye')
        let late = ''
        socket.on('data', (more) => (late += more.toString()))
        socket.on('end', () => expect(late).toBe('late'))
      })
    })
    const half = await guest.connect(gateway, port)
    await half.write(Buffer.from('end'))
    expect((await half.readAll()).toString()).toBe('bye')
    await half.write(Buffer.from('late'))
    half.end()
    half.close()
    const reset = await guest.connect(gateway, port)
    await reset.write(Buffer.from('reset'))
    await expect(reset.readAll()).rejects.toMatchObject({ errno: ECONNRESET })
  })
})

test('a hostile guest: random segments, options and floods of SYNs end in counters', async () => {
  const port = await hostServer((socket) => socket.resume())
  const limits = { tcpConnections: 100 }
  const link = await userNet({ hostLoopback: true, forward: [{ host: 0, guest: 7 }], limits }).open()
  open.push(link)
  const seed = Number(process.env.SEED ?? Date.now() & 0xffff)
  console.log(`hostile segments: SEED=${seed}`)
  const random = new Prng(seed)
  const below = (n: number): number => random.next32() % n
  // It answers like a machine now and then, with what it has seen, so that some connections get somewhere.
  let seen = null as Uint8Array | null
  link.onFrame = (frame) => (seen = frame)
  for (let i = 0; i < 30_000; i++) {
    const segment = Uint8Array.from({ length: 20 + 4 * below(12) + below(60) }, () => random.next32())
    const view = new DataView(segment.buffer)
    view.setUint16(0, 1024 + below(300))
    view.setUint16(2, below(4) ? port : below(65_536))
    if (seen !== null && seen.length >= 54 && below(2)) {
      segment.set(seen.subarray(36, 38), 0)
      segment.set(seen.subarray(34, 36), 2)
      segment.set(seen.subarray(42, 46), 4)
      segment.set(seen.subarray(38, 42), 8)
    }
    segment[12] = (below(16) ? 5 + below(Math.min(11, segment.length / 4 - 4)) : below(16)) << 4
    segment[13] = below(3) ? [2, 16, 24, 17, 4, 18][below(6)]! : below(256)
    view.setUint16(16, 0)
    const sum = pseudoHeaderSum(guestAddress, gateway, 6, segment.length) + sum16(segment)
    view.setUint16(16, finish(sum))
    const payload = emitIpv4(datagram(guestAddress, gateway, 6, segment))
    link.send(
      emitEthernet({ destination: 0x5255_0a00_0202, source: 0x5254_0012_3456, type: 0x0800, payload }),
    )
    expect(link.stats().tcpConnections).toBeLessThanOrEqual(limits.tcpConnections)
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(link.stats().dropped['tcp: stack failed']).toBeUndefined()
  expect(link.stats().tcpBufferedBytes).toBeLessThan(32 * MIB)
})

describe('on a bad network', () => {
  const faults: Faults = { loss: 0.05, reorder: 0.1, reorderMs: 3, duplicate: 0.05 }
  const seed = Number(process.env.SEED ?? Date.now() & 0xffff)
  const wrap = (link: Link): Link => faultLink(link, { seed, toNetwork: faults, toGuest: faults })

  test(`50 inbound connections, 256 KiB each way, with 5 % loss, reordering and duplicates (SEED=${seed})`, async () => {
    await manyInbound(50, 256 << 10, wrap)
  })

  test(`20 outbound connections, 256 KiB each way, with corrupt frames as well (SEED=${seed})`, async () => {
    const worse = { ...faults, corrupt: 0.01, jitterMs: 1, delayMs: 1 }
    await manyOutbound(20, 256 << 10, (link) => faultLink(link, { seed, toNetwork: worse, toGuest: worse }))
  })
})

test.skipIf(!hasProgram('tshark'))(
  'Wireshark finds nothing malformed in a capture of both directions',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onering-tcp-'))
    open.push({ close: () => rmSync(folder, { recursive: true }) })
    const file = join(folder, 'tcp.pcap')
    let recorded: Link | null = null
    await manyInbound(3, MIB, (link) => (recorded = pcapLink(link, file)))
    recorded!.close()
    expect(malformed(file)).toBe('')
    expect(tshark(file, '-Y', 'tcp.flags.fin == 1').trim().split('\n')).toHaveLength(6)
    expect(tshark(file, '-Y', 'tcp.analysis.lost_segment')).toBe('')
  },
)
