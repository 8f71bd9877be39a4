/** TCP echo over the user network of each machine: round trips and throughput, as durations. */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { freePort, waitForEcho } from '../../test/support/echo-client.ts'
import { type Guest, type GuestOptions, startOnering, startQemu } from '../../test/support/guest.ts'
import { percentile } from '../statistics.ts'
import type { Group, GroupOptions } from './groups.ts'
import type { Timing } from './timing.ts'

type Start = (image: string, options: GuestOptions) => Guest

/** Milliseconds of each of `count` one-byte round trips over an open connection. */
async function roundTrips(socket: Socket, count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    socket.write('x')
    await once(socket, 'data')
    times.push(performance.now() - start)
  }
  return times
}

/** Opens connections one after another, each when the one before has answered: QEMU's backlog is one connection. */
async function openConnections(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    await roundTrips(socket, 1)
    sockets.push(socket)
  }
  return sockets
}

interface Latency {
  /** Seconds for one round trip, over all connections together. */
  readonly mean: number
  readonly times: readonly number[]
}

async function measureLatency(port: number, connections: number, count: number): Promise<Latency> {
  const sockets = await openConnections(port, connections)
  await Promise.all(sockets.map((socket) => roundTrips(socket, 20)))
  const start = performance.now()
  const each = Math.ceil(count / connections)
  const times = (await Promise.all(sockets.map((socket) => roundTrips(socket, each)))).flat()
  const mean = (performance.now() - start) / 1000 / times.length
  for (const socket of sockets) socket.destroy()
  return { mean, times }
}

/** Seconds until one connection has carried so many bytes each way, both ways at once. */
async function measureBulk(port: number, bytes: number): Promise<number> {
  const [socket] = (await openConnections(port, 1)) as [Socket]
  const start = performance.now()
  let received = 0
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received >= bytes) resolve()
    })
  })
  const block = Buffer.alloc(1 << 16, 0x5a)
  for (let sent = 0; sent < bytes; sent += block.length)
    if (!socket.write(block)) await Promise.race([once(socket, 'drain'), done])
  await done
  socket.destroy()
  return (performance.now() - start) / 1000
}

const ROUND_TRIPS = 2000
const BULK_BYTES = 16 << 20

async function measure(start: Start, image: string, scale: number): Promise<Map<string, Timing>> {
  const port = await freePort()
  const guest = start(image, { forwards: [{ host: port, guest: 7 }] })
  try {
    await waitForEcho(port)
    const bootSeconds = (performance.now() - guest.startedAt) / 1000
    const count = Math.max(100, Math.round(ROUND_TRIPS * scale))
    const one = await measureLatency(port, 1, count)
    const many = await measureLatency(port, 64, count)
    const bytes = Math.max(1 << 20, Math.round(BULK_BYTES * scale))
    const seconds = {
      'start to first reply': bootSeconds,
      'round trip, 1 connection': one.mean,
      '  p50': percentile(one.times, 0.5) / 1000,
      '  p99': percentile(one.times, 0.99) / 1000,
      'round trip, 64 connections': many.mean,
      '  p50 of 64': percentile(many.times, 0.5) / 1000,
      '  p99 of 64': percentile(many.times, 0.99) / 1000,
      [`${bytes >> 20} MB each way`]: await measureBulk(port, bytes),
    }
    return new Map(
      Object.entries(seconds).map(([name, wallSeconds]) => [name, { wallSeconds, checksum: '' }]),
    )
  } finally {
    await guest.stop()
  }
}

export function echoGroup(image: string, { scale }: GroupOptions): Group {
  return {
    title: 'TCP echo over each machine’s user network',
    isCompute: false,
    runs: [
      { machine: 'onering', start: () => measure(startOnering, image, scale) },
      { machine: 'QEMU', start: () => measure(startQemu, image, scale) },
    ],
  }
}
