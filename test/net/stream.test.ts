import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import {
  MAX_FRAME_BYTES,
  NetError,
  pcapLink,
  streamNet,
  userNet,
  type StreamLink,
} from '../../src/net/index.ts'
import type { Link } from '../../src/net/link.ts'
import { emitLength, FrameReader } from '../../src/net/framing.ts'
import { parseStreamTarget } from '../../src/net/stream.ts'
import { formatIpv4, ipv4 } from '../../src/net/wire/address.ts'
import { concat } from '../../src/net/wire/bytes.ts'
import { hasProgram } from '../support/programs.ts'
import { Station } from './support/station.ts'
import { malformed, tshark } from './support/tshark.ts'
import { eventually } from './support/eventually.ts'
import { WasmGuest } from './support/wasm-guest.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const thing of open.splice(0).toReversed()) thing.close()
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'onering-stream-'))
  open.push({ close: () => rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** The far end of a stream, under the test's control. */
async function peerOn(
  where: string | number,
): Promise<{ server: Server; peer: Promise<Socket>; port: number }> {
  const server = createServer()
  const peer = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      open.push({ close: () => socket.destroy() })
      socket.on('error', () => {})
      resolve(socket)
    })
  })
  open.push(server)
  await new Promise<void>((resolve) =>
    typeof where === 'string' ? server.listen(where, resolve) : server.listen(where, '127.0.0.1', resolve),
  )
  const address = server.address()
  return { server, peer, port: typeof address === 'object' && address ? (address as AddressInfo).port : 0 }
}

/** A program of ours, ended with the test. */
function start(program: string, args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout!.on('data', (bytes) => (output += bytes))
  child.stderr!.on('data', (bytes) => (output += bytes))
  open.push({ close: () => void child.kill('SIGKILL') })
  return { child, output: () => output }
}

describe('framing', () => {
  test('frames come out as they went in, however the stream is cut', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 10 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
        const stream = concat(...sent.flatMap((frame) => [emitLength(frame.length), frame]))
        const reader = new FrameReader()
        const received: Uint8Array[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!
          expect(reader.push(stream.subarray(at, at + size), (frame) => received.push(frame))).toBe(true)
          at += size
        }
        expect(received).toEqual(sent)
      }),
    )
  })

  test('a length that no frame has ends the stream; an empty frame is nothing', () => {
    const reader = new FrameReader()
    const frames: Uint8Array[] = []
    expect(reader.push(concat(emitLength(0), emitLength(1), Uint8Array.of(7)), (f) => frames.push(f))).toBe(
      true,
    )
    expect(frames).toEqual([Uint8Array.of(7)])
    expect(reader.push(emitLength(MAX_FRAME_BYTES + 1), () => {})).toBe(false)
    expect(new FrameReader().push(emitLength(0xffff_ffff), () => {})).toBe(false)
  })
})

describe('connecting', () => {
  test('targets are paths or HOST:PORT', () => {
    expect(parseStreamTarget('/run/passt.sock')).toEqual({ path: '/run/passt.sock' })
    expect(parseStreamTarget('passt.sock')).toEqual({ path: 'passt.sock' })
    expect(parseStreamTarget('unix:here:1')).toEqual({ path: 'here:1' })
    expect(parseStreamTarget('127.0.0.1:1234')).toEqual({ host: '127.0.0.1', port: 1234 })
    expect(parseStreamTarget('tcp:localhost:1')).toEqual({ host: 'localhost', port: 1 })
    expect(parseStreamTarget('[::1]:80')).toEqual({ host: '::1', port: 80 })
    for (const wrong of ['', 'tcp:/a/path', 'localhost:0', 'localhost:99999', 'tcp:x'])
      expect(() => parseStreamTarget(wrong)).toThrow(NetError)
  })

  test('over TCP and Unix sockets, both ways', async () => {
    for (const where of [0, join(temporary(), 'wire')]) {
      const { peer, port } = await peerOn(where)
      const link = await streamNet(typeof where === 'string' ? where : `127.0.0.1:${port}`).open()
      open.push(link)
      const socket = await peer
      const arrived = new Promise<Uint8Array>((resolve) => (link.onFrame = resolve))
      socket.write(concat(emitLength(3), Uint8Array.of(1, 2, 3)))
      expect(await arrived).toEqual(Uint8Array.of(1, 2, 3))
      link.send(Uint8Array.of(4, 5))
      const bytes = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
      expect([...bytes]).toEqual([0, 0, 0, 2, 4, 5])
    }
  })

  test('nobody there is one line that says what to do', async () => {
    const path = join(temporary(), 'none')
    await expect(streamNet(path).open()).rejects.toMatchObject({
      code: 'no-peer',
      message: `there is no socket ${path}: start QEMU or passt with it first`,
    })
    const { server, port } = await peerOn(0)
    await new Promise((resolve) => server.close(resolve))
    await expect(streamNet(`127.0.0.1:${port}`).open()).rejects.toMatchObject({
      code: 'peer-refused',
      message: `nobody listens on 127.0.0.1:${port}: start QEMU or passt with it first`,
    })
  })
})

describe('a bad peer', () => {
  async function pair(): Promise<{ link: StreamLink; socket: Socket; ended: Promise<NetError | null> }> {
    const { peer, port } = await peerOn(0)
    const link = await streamNet(`127.0.0.1:${port}`).open()
    open.push(link)
    return { link, socket: await peer, ended: new Promise((resolve) => (link.onEnd = resolve)) }
  }

  test('that claims a frame of 4 GiB is left', async () => {
    const { socket, ended } = await pair()
    socket.write(emitLength(0xffff_fff0))
    expect(await ended).toMatchObject({ code: 'bad-frame' })
  })

  test('that goes away is reported; sending to it only counts', async () => {
    const { link, socket, ended } = await pair()
    socket.end()
    expect(await ended).toBeNull()
    link.send(new Uint8Array(60))
    expect(link.stats()).toMatchObject({ sent: 0, dropped: 1 })
  })

  test('that does not read loses frames instead of filling our memory', async () => {
    const { link, socket } = await pair()
    socket.pause()
    for (let i = 0; i < 20_000; i++) link.send(new Uint8Array(1514))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { sent, dropped } = link.stats()
    expect(sent + dropped).toBe(20_000)
    expect(dropped).toBeGreaterThan(10_000)
    link.send(new Uint8Array(MAX_FRAME_BYTES + 1))
    expect(link.stats().dropped).toBe(dropped + 1)
  })

  test('that sends too fast is held back by pause', async () => {
    const { link, socket } = await pair()
    link.onFrame = () => {}
    link.pause()
    const frame = concat(emitLength(1500), new Uint8Array(1500))
    let written = 0
    while (written < 64 << 20 && socket.write(frame)) written += frame.length
    for (let i = 0; i < 30_000; i++) socket.write(frame)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(socket.writableLength).toBeGreaterThan(1 << 20)
    link.resume()
    await eventually(() => socket.writableLength).toBe(0)
  })
})

describe.skipIf(!hasProgram('passt'))('passt, a network nobody here wrote', () => {
  async function passt(context: { skip: (note: string) => never }): Promise<string> {
    const folder = temporary()
    const path = join(folder, 'passt.sock')
    const addresses = ['--address', '10.0.2.15', '--netmask', '24', '--gateway', '10.0.2.2']
    const runas = process.getuid?.() === 0 ? ['--runas', '0'] : []
    const { child, output } = start('passt', [
      '--socket',
      path,
      '-f',
      '-e',
      '-1',
      '-4',
      ...addresses,
      ...runas,
    ])
    while (!existsSync(path)) {
      if (child.exitCode !== null)
        context.skip(`passt does not run here: ${output().split('\n').slice(-3).join(' ')}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return path
  }

  test('gives an address by DHCP and answers ARP', async (context) => {
    const link = await dial(await passt(context as never))
    open.push(link)
    const guest = new Station(link)
    const ack = await guest.configure()
    expect(formatIpv4(ack.yourAddress)).toBe('10.0.2.15')
    expect(formatIpv4(ack.options.routers![0]!)).toBe('10.0.2.2')
  })

  test('carries 4 MiB each way between our stack and a server of the host, and Wireshark is content', async (context) => {
    const path = await passt(context as never)
    const file = join(temporary(), 'passt.pcap')
    const link = pcapLink(await streamNet(path).open(), file)
    open.push(link)
    const guest = new WasmGuest(link)
    open.push(guest)
    const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket))
    open.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // passt leads its gateway's address to the host's loopback.
    const socket = await guest.connect(ipv4('10.0.2.2')!, (server.address() as AddressInfo).port)
    const payload = Buffer.alloc(4 << 20, 'twelve bytes')
    const parts: Uint8Array[] = []
    const writing = socket.write(payload)
    // Counted, not read to the end: passt of 2023 repeats data once our side has sent its FIN.
    for (let length = 0; length < payload.length; length += parts.at(-1)!.length)
      parts.push((await socket.read())!)
    await writing
    expect(Buffer.compare(Buffer.concat(parts), payload)).toBe(0)
    socket.close()
    link.close()
    if (hasProgram('tshark')) expect(malformed(file)).toBe('')
  })
})

/** A Unix socket shows in its folder a moment before its owner listens on it. */
async function dial(path: string): Promise<Link> {
  for (let tries = 0; ; tries++) {
    try {
      return await streamNet(path).open()
    } catch (error) {
      if (tries === 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

describe.skipIf(!hasProgram('qemu-system-x86_64') || !hasProgram('tshark'))(
  'QEMU, a guest nobody here wrote',
  () => {
    test('iPXE gets its address from the user network, and 512 KiB by TCP from a server of the host', async () => {
      const folder = temporary()
      const path = join(folder, 'qemu.sock')
      const file = join(folder, 'qemu.pcap')
      const asked: string[] = []
      const server = createHttpServer((request, response) => {
        asked.push(request.url ?? '')
        const script = `#!ipxe\nimgfetch ${base}/data\nimgfetch ${base}/done\n`
        // iPXE asks for /done only when all of /data has arrived.
        response.end(
          request.url === '/boot.ipxe' ? script : Buffer.alloc(request.url === '/data' ? 512 << 10 : 1, 7),
        )
      })
      open.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const base = `http://10.0.2.2:${(server.address() as AddressInfo).port}`
      const netdev = `stream,id=wire,server=on,addr.type=unix,addr.path=${path}`
      const card = ['-netdev', netdev, '-device', 'virtio-net-pci,netdev=wire', '-boot', 'n']
      start('qemu-system-x86_64', ['-nodefaults', '-display', 'none', ...card])
      const guest = await dial(path)
      const network = pcapLink(
        await userNet({ hostLoopback: true, bootFile: `${base}/boot.ipxe` }).open(),
        file,
      )
      open.push(guest, network)
      guest.onFrame = (frame) => network.send(frame)
      network.onFrame = (frame) => guest.send(frame)
      await eventually(() => asked, 50_000).toEqual(['/boot.ipxe', '/data', '/done'])
      network.close()
      const summary = tshark(file, '-Y', 'dhcp || arp')
      expect(summary).toContain('DHCP ACK')
      expect(summary).toContain('ARP Announcement for 10.0.2.15')
      expect(malformed(file)).toBe('')
    })
  },
)
