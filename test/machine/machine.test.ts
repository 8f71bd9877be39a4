/** The public machine: processor in a worker, serial line, network, stop, time limits. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { existsSync } from 'node:fs'
import { ImageError, type Link, Machine, type Network } from '../../src/index.ts'
import * as guests from './support/guests.ts'
import { buildImage } from './support/image.ts'

const image = (code: Uint8Array): Uint8Array => buildImage(code, { protocol: 'pvh' })

beforeAll(() => {
  if (!existsSync(new URL('../../dist/machine/node/worker.js', import.meta.url)))
    throw new Error('build first: npm run build')
})

const machines: Machine[] = []
afterEach(() => {
  for (const machine of machines.splice(0)) machine.stop()
})

async function create(code: Uint8Array, options: Partial<Parameters<typeof Machine.create>[0]> = {}) {
  const machine = await Machine.create({ image: image(code), memory: 16 << 20, ...options })
  machines.push(machine)
  let text = ''
  const waiting: (() => void)[] = []
  machine.on('serial', (bytes) => {
    text += new TextDecoder().decode(bytes)
    for (const wake of waiting.splice(0)) wake()
  })
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { machine, until, serial: () => text }
}

test('hello: serial output, exit status, statistics', async () => {
  const { machine, serial } = await create(guests.hello)
  const exit = await machine.run()
  expect(serial()).toBe('hello, world\n')
  expect(exit).toMatchObject({ reason: 'debug-exit', status: 7, instructions: 30 })
  expect(exit.seconds).toBeGreaterThan(0)
})

test('typing reaches the guest while it sleeps', async () => {
  const { machine, until, serial } = await create(guests.uartInterrupt)
  const run = machine.run()
  await until('>')
  for (const key of 'HAL') {
    machine.write(key)
    await until(String.fromCharCode(key.charCodeAt(0) + 1))
  }
  machine.write('q')
  expect(await run).toMatchObject({ reason: 'debug-exit', status: 3 })
  expect(serial()).toBe('>IBM\n')
})

test('a snapshot of a sleeping guest goes on in a new machine, and the old one too', async () => {
  const { machine, until } = await create(guests.uartInterrupt)
  const run = machine.run()
  await until('>')
  machine.write('H')
  await until('I')
  const snapshot = await machine.save()
  const other = await Machine.restore({ snapshot })
  machines.push(other)
  let text = ''
  other.on('serial', (bytes) => (text += new TextDecoder().decode(bytes)))
  const rest = other.run()
  for (const each of [machine, other]) each.write('A')
  await until('B')
  while (!text.includes('B')) await new Promise((resolve) => setTimeout(resolve, 5))
  for (const each of [machine, other]) each.write('q')
  expect(await run).toMatchObject({ reason: 'debug-exit', status: 3 })
  expect(await rest).toMatchObject({ reason: 'debug-exit', status: 3 })
  expect(text).toBe('B\n')
  await expect(machine.save()).rejects.toThrow('the machine has ended')
  const early = await create(guests.hello)
  const fresh = await Machine.restore({ snapshot: await early.machine.save() })
  machines.push(fresh)
  expect(await fresh.run()).toMatchObject({ reason: 'debug-exit', status: 7, instructions: 30 })
})

test('a guest that spins can be stopped, and its time limited', async () => {
  const { machine } = await create(guests.spin)
  const run = machine.run()
  setTimeout(() => machine.stop(), 50)
  expect(await run).toMatchObject({ reason: 'stopped', status: 130 })
  const limited = await create(guests.spin, { timeoutSeconds: 0.05 })
  expect(await limited.machine.run()).toMatchObject({ reason: 'timeout', status: 124 })
  const counted = await create(guests.spin, { maxInstructions: 123_457 })
  expect(await counted.machine.run()).toMatchObject({ reason: 'instruction-limit', instructions: 123_457 })
})

test('a guest that sleeps can be stopped, and uses no processor', async () => {
  const { machine, until } = await create(guests.idle)
  const run = machine.run()
  await until('idle')
  // Behind a machine's first seconds V8 still compiles what it ran: the quietest of a few seconds counts.
  let quietest = Infinity
  for (let tries = 0; tries < 5 && quietest >= 100_000; tries++) {
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const { user, system } = process.cpuUsage(before)
    quietest = Math.min(quietest, user + system)
  }
  machine.stop()
  const exit = await run
  expect(exit.reason).toBe('stopped')
  expect(exit.idleSeconds).toBeGreaterThan(0.9)
  // Both threads, and the test runner's own housekeeping: microseconds in a second.
  expect(quietest).toBeLessThan(100_000)
})

test('a guest that writes without end neither grows the host nor keeps it from its work', async () => {
  const { machine, until } = await create(guests.chatter)
  let bytes = 0
  machine.on('serial', (chunk) => (bytes += chunk.length))
  const run = machine.run()
  await until('.')
  let turns = 0
  const timer = setInterval(() => turns++, 10)
  const blockedUntil = performance.now() + 300
  while (performance.now() < blockedUntil);
  const before = bytes
  await new Promise((resolve) => setTimeout(resolve, 300))
  clearInterval(timer)
  machine.stop()
  await run
  expect(turns).toBeGreaterThan(5)
  expect(bytes).toBeGreaterThan(before)
})

describe('a bad request is refused, and leaves nothing behind', () => {
  test.each([
    ['not an ELF file', new TextEncoder().encode('#!/bin/sh\n'), /neither an ELF file, .* give/],
    [
      'another machine',
      buildImage(guests.hello, { protocol: 'pvh', machine: 183 }),
      /is for 64-bit Arm.*build it for x86-64/,
    ],
    [
      'outside RAM',
      buildImage(guests.hello, { protocol: 'pvh', paddr: 0x4000_0000 }),
      /outside the 16 MiB of RAM.*--memory/,
    ],
    ['cut off', buildImage(guests.hello, { protocol: 'pvh' }).slice(0, 150), /not complete/],
    ['empty', new Uint8Array(0), /empty/],
  ])('%s', async (_name, bad, message) => {
    let closed = 0
    const net: Network = {
      open: async (): Promise<Link> => ({ send: () => {}, onFrame: null, close: () => closed++ }),
    }
    const creating = Machine.create({ image: bad, memory: 16 << 20, net })
    await expect(creating).rejects.toThrow(ImageError)
    await expect(creating).rejects.toThrow(message)
    expect(closed).toBe(1)
  })

  test('memory out of range', async () => {
    await expect(Machine.create({ image: image(guests.hello), memory: 4096 })).rejects.toThrow(RangeError)
    await expect(Machine.create({ image: image(guests.hello), memory: 2 ** 40 })).rejects.toThrow(/memory/)
  })
})
