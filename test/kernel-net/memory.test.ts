import { expect, test } from 'vitest'
import { ERR, Exchange, serve } from './support/peer.ts'
import { Prng } from './support/prng.ts'
import { S, World, ip } from './support/world.ts'

const seed = Number(process.env['SEED'] ?? 4711)
const B = ip(10, 0, 0, 2)

async function pair(): Promise<{ world: World; a: number; b: number }> {
  const world = await World.create(seed)
  const a = world.addStack()
  const b = world.addStack()
  world.connect(world.addNic(a, 0x020000000001, ip(10, 0, 0, 1)), world.addNic(b, 0x020000000002, B), {
    delayNs: 20_000,
  })
  return { world, a, b }
}

test('10,000 connections one after another leave no growth', async () => {
  const { world, a, b } = await pair()
  const { guest } = world
  const { call } = guest
  const data = new Prng(seed).bytes(300)
  let served = 0
  const listener = serve(world, b, 7, 16, (socket) => {
    served++
    return new Exchange(world, socket, data, data.length)
  })
  const levels: number[] = []
  for (let i = 0; i < 10_000; i++) {
    const socket = call.tcpOpen!(a)
    const client = new Exchange(world, socket, data, data.length)
    call.tcpConnect!(socket, B, 7)
    world.run(() => client.closed)
    expect(client.failed).toBe(0)
    world.owners.clear()
    world.owners.set(1, () => {})
    call.tcpOwner!(
      listener,
      world.own(() => accept()),
    )
    if (i % 1000 === 999) levels.push(guest.liveBytes)
  }
  function accept(): void {
    for (let s = call.tcpAccept!(listener); s; s = call.tcpAccept!(listener)) {
      served++
      new Exchange(world, s, data, data.length).work()
    }
  }
  expect(served).toBe(10_000)
  // TIME-WAIT fills up to its limit in the first thousand, and nothing grows after that.
  expect(Math.max(...levels.slice(2)) - Math.min(...levels.slice(2)), levels.join(' ')).toBeLessThan(4096)
  console.log(`live bytes after each thousand: ${levels.join(' ')}`)
  call.tcpClose!(listener)
  world.pass(200 * S)
  expect(call.stackCount!(a, 0) + call.stackCount!(b, 0)).toBe(0)
  world.destroy()
  expect([...guest.live.values()], 'only the staging area').toEqual([guest.stagingBytes])
})

test('connections that are reset, refused, abandoned or cut off leave nothing either', async () => {
  const { world, a, b } = await pair()
  const { guest } = world
  const { call } = guest
  const random = new Prng(seed)
  const sockets: number[] = []
  const listener = call.tcpOpen!(b)
  call.tcpBind!(listener, 0, 7)
  call.tcpListen!(listener, 64)
  const data = guest.stage(random.bytes(4096))
  for (let i = 0; i < 3000; i++) {
    const socket = call.tcpOpen!(a)
    const port = random.next() < 0.2 ? 9 : 7
    call.tcpConnect!(socket, random.next() < 0.05 ? ip(10, 0, 0, 99) : B, port)
    sockets.push(socket)
    world.pass(random.below(200_000))
    const accepted = random.next() < 0.9 ? call.tcpAccept!(listener)! : 0
    if (accepted) sockets.push(accepted)
    const one = sockets.splice(random.below(sockets.length), 1)[0]!
    call.tcpSend!(one, data, random.below(4096))
    if (!(call.tcpReadiness!(one) & ERR) && random.next() < 0.3) call.tcpShutdown!(one, random.below(3))
    if (random.next() < 0.5) call.tcpClose!(one)
    else call.tcpAbort!(one)
  }
  for (const socket of sockets) call.tcpClose!(socket)
  call.tcpClose!(listener)
  world.pass(600 * S)
  expect(call.stackCount!(a, 0)).toBe(0)
  expect(call.stackCount!(b, 0)).toBe(0)
  expect(call.stackMemory!(a) + call.stackMemory!(b)).toBe(0)
  world.destroy()
  expect([...guest.live.values()]).toEqual([guest.stagingBytes])
})

test('destroying a stack in the middle of everything frees everything', async () => {
  const { world, a, b } = await pair()
  const { guest } = world
  const { call } = guest
  serve(world, b, 7, 100, (socket) => new Exchange(world, socket, new Uint8Array(1 << 20), 1 << 20))
  const loopback = call.nicLoopback!(a)
  expect(loopback).not.toBe(0)
  for (let i = 0; i < 50; i++) {
    const socket = call.tcpOpen!(a)
    const client = new Exchange(world, socket, new Uint8Array(1 << 20), 1 << 20)
    call.tcpConnect!(socket, i % 7 ? B : ip(10, 0, 0, 77), 7)
    client.work()
  }
  const udp = call.udpOpen!(a)
  call.udpBind!(udp, 0, 5)
  call.udpSendTo!(udp, guest.staging, 1000, ip(127, 0, 0, 1), 5)
  call.dnsAddServer!(a, B)
  call.dnsResolve!(a, guest.stage(new TextEncoder().encode('example.org')), 11, 0)
  call.dhcpStart!(b, world.nics[1]!.handle, 0)
  world.pass(3_000_000)
  world.destroy()
  expect([...guest.live.values()]).toEqual([guest.stagingBytes])
})

test('all buffers together stay below the limit set, and connections still finish', async () => {
  const { world, a, b } = await pair()
  const { call } = world.guest
  call.stackSetMemory!(b, 1 << 20)
  const size = 256 << 10
  const done: Exchange[] = []
  const served: Exchange[] = []
  serve(world, b, 7, 64, (socket) => {
    const exchange = new Exchange(world, socket, new Uint8Array(size), size)
    served.push(exchange)
    return exchange
  })
  for (let i = 0; i < 60; i++) {
    const socket = call.tcpOpen!(a)
    done.push(new Exchange(world, socket, new Uint8Array(size), size))
    call.tcpConnect!(socket, B, 7)
  }
  let peak = 0
  world.run(() => {
    peak = Math.max(peak, call.stackMemory!(b)!)
    return done.every((e) => e.closed) && served.length === 60 && served.every((e) => e.closed)
  }, 3600 * S)
  expect(done.every((e) => e.got === size && !e.failed)).toBe(true)
  expect(peak).toBeLessThanOrEqual(1 << 20)
})
