import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { freePort, waitForEcho } from '../test/support/echo-client.ts'
import { startOnering, startQemu, type Guest, type GuestOptions } from '../test/support/guest.ts'
import type { Figure } from './results.ts'
import { percentile } from './statistics.ts'

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

async function measureLatency(port: number, connections: number): Promise<{ rate: number; times: number[] }> {
  const sockets = await openConnections(port, connections)
  await Promise.all(sockets.map((socket) => roundTrips(socket, 20)))
  const start = performance.now()
  const times = (
    await Promise.all(sockets.map((socket) => roundTrips(socket, Math.ceil(2000 / connections))))
  ).flat()
  const rate = times.length / ((performance.now() - start) / 1000)
  for (const socket of sockets) socket.destroy()
  return { rate, times }
}

/** Bytes a second that one connection carries each way while both are busy. */
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
  return bytes / ((performance.now() - start) / 1000)
}

async function measureOnce(start: Start, image: string): Promise<Record<string, number>> {
  const port = await freePort()
  const guest = start(image, { forwards: [{ host: port, guest: 7 }] })
  try {
    await waitForEcho(port)
    const bootMs = performance.now() - guest.startedAt
    const one = await measureLatency(port, 1)
    const many = await measureLatency(port, 64)
    const bulk = await measureBulk(port, 16 << 20)
    return {
      boot: bootMs / 1000,
      rate1: one.rate,
      p50of1: percentile(one.times, 0.5),
      p99of1: percentile(one.times, 0.99),
      rate64: many.rate,
      p50of64: percentile(many.times, 0.5),
      p99of64: percentile(many.times, 0.99),
      bulk,
    }
  } finally {
    await guest.stop()
  }
}

const shape: [key: string, name: string, unit: string, higherIsBetter: boolean][] = [
  ['boot', 'start to first reply', 's', false],
  ['rate1', 'echo, 1 connection', 'round trips/s', true],
  ['p50of1', '  p50', 'ms', false],
  ['p99of1', '  p99', 'ms', false],
  ['rate64', 'echo, 64 connections', 'round trips/s', true],
  ['p50of64', '  p50', 'ms', false],
  ['p99of64', '  p99', 'ms', false],
  ['bulk', 'bulk echo, each way', 'B/s', true],
]

/** Boot time, round trips and throughput of the TCP echo, on both machines in turn. */
export async function benchEcho(image: string, repetitions: number): Promise<Figure[]> {
  const figures = shape.map(([, name, unit, higherIsBetter]): Figure => {
    return { name, unit, higherIsBetter, onering: [], qemu: [] }
  })
  for (let i = 0; i < repetitions; i++) {
    const ours = await measureOnce(startOnering, image)
    const theirs = await measureOnce(startQemu, image)
    shape.forEach(([key], index) => {
      figures[index]!.onering.push(ours[key]!)
      figures[index]!.qemu.push(theirs[key]!)
    })
  }
  return figures
}
