import { describe, expect, test } from 'vitest'
import { Exchange, serve } from './support/peer.ts'
import { Prng } from './support/prng.ts'
import { arp, checksum, ethernet, ipv4, tcp, udp } from './support/frames.ts'
import { S, World, ip } from './support/world.ts'

/** Frames from an enemy: whatever comes, nothing traps, memory stays bounded, and the stack goes on. */
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const OUR_MAC = 0x020000000001
const OURS = ip(10, 0, 0, 1)
const PEER = ip(10, 0, 0, 2)

async function target(): Promise<{
  world: World
  stack: number
  recorded: Uint8Array[]
  traffic: () => void
}> {
  const world = await World.create(seed)
  const stack = world.addStack()
  const nic = world.addNic(stack, OUR_MAC, OURS, 24, 1500, 2)
  const other = world.addStack()
  const peer = world.addNic(other, 0x020000000002, PEER)
  const recorded: Uint8Array[] = []
  let count = 0
  world.connect(nic, peer, { delayNs: 20_000 })
  const carry = world.outputs[peer.index]!
  world.outputs[peer.index] = (frame) => {
    recorded[count++ % 256] = frame.slice()
    return carry(frame)
  }
  const { call } = world.guest
  serve(world, stack, 7, 16, (socket) => new Exchange(world, socket, new Uint8Array(20_000), 1 << 20))
  const u = call.udpOpen!(stack)
  call.udpBind!(u, 0, 7)
  call.dnsAddServer!(stack, PEER)
  call.forwarderSet!(stack, 1, 8)
  call.nicSetFlags!(nic.handle, 1)
  // Real traffic to record and to spoil: connections that end and some that stay open.
  const traffic = (): void => {
    const socket = call.tcpOpen!(other)
    new Exchange(world, socket, world.random.bytes(30_000), 1 << 20).work()
    call.tcpConnect!(socket, OURS, 7)
    world.pass(random.below(400_000))
  }
  const random = new Prng(seed + 2)
  for (let i = 0; i < 12; i++) traffic()
  return { world, stack, recorded, traffic }
}

/** Makes the header checksum right again, so that what was changed gets past it. */
function repairIpv4(frame: Uint8Array): void {
  const headerLength = (frame[14]! & 15) * 4
  if (frame.length < 34 || headerLength < 20 || 14 + headerLength > frame.length) return
  frame[24] = 0
  frame[25] = 0
  const sum = checksum(frame.subarray(14, 14 + headerLength))
  frame[24] = sum >> 8
  frame[25] = sum & 255
}

/** The bound, for a stack with limits as they are by default, whatever the enemy does; well below what it could send. */
const BOUND = 24 << 20

describe(`fuzz, seed ${seed}`, () => {
  test('60,000 mutated frames of real traffic', async () => {
    const { world, stack, recorded, traffic } = await target()
    const random = new Prng(seed)
    for (let i = 0; i < 60_000; i++) {
      const frame = Uint8Array.from(recorded[random.below(recorded.length)]!)
      const changes = random.below(4)
      for (let c = 0; c < changes; c++) frame[12 + random.below(frame.length - 12)] = random.below(256)
      if (random.next() < 0.7) repairIpv4(frame)
      const cut = random.next() < 0.1 ? frame.subarray(0, random.below(frame.length + 1)) : frame
      // Checksums "verified by the device" let damage through to the deepest code.
      world.deliver(world.nics[0]!, cut, random.below(2))
      if (i % 64 === 0) traffic()
      if (i % 2048 === 0) world.pass(random.below(100) * S)
      if (i % 1000 === 0) expect(world.guest.liveBytes).toBeLessThan(BOUND)
    }
    stillWorks(world, stack)
  })

  test('20,000 frames put together at random from legal parts', async () => {
    const { world, stack, traffic } = await target()
    const random = new Prng(seed + 1)
    const nic = world.nics[0]!
    const pick = <T>(...choices: T[]): T => choices[random.below(choices.length)]!
    const trusted = world.addNic(stack, 0x020000000003, ip(10, 9, 9, 1), 24, 1500, 3)
    for (let i = 0; i < 20_000; i++) {
      const from = pick(PEER, OURS, 0, 0xffffffff, ip(127, 0, 0, 1), ip(224, 0, 0, 1), random.below(2 ** 32))
      const to = pick(OURS, OURS, OURS, ip(10, 0, 0, 255), 0xffffffff, ip(8, 8, 8, 8), ip(127, 0, 0, 1))
      const data = random.bytes(random.below(200))
      const optionLength = random.below(11) * 4
      const options = Array.from({ length: optionLength }, () =>
        pick(0, 1, 2, 3, 4, 5, 8, 10, random.below(256)),
      )
      const sport = pick(7, 53, 67, 68, 1000 + random.below(50), random.below(65536))
      const dport = pick(7, 7, 7, 68, 53, 49152 + random.below(100), random.below(65536))
      const seq = pick(0, 1, 0xffffffff, random.below(2 ** 32))
      const payload = pick(
        () =>
          tcp({
            from,
            to,
            sport,
            dport,
            seq,
            ack: random.below(2 ** 32),
            flags: random.below(256),
            window: random.below(65536),
            options,
            data,
          }),
        () => tcp({ from, to, sport, dport, seq, flags: 2, options, data: new Uint8Array(0) }),
        () => udp(from, sport, to, dport, data),
        () => data,
      )()
      const protocol = pick(6, 6, 6, 17, 1, random.below(256))
      const fragment = random.next() < 0.1 ? random.below(65536) : 0
      const packet = ipv4(from, to, protocol, payload, {
        id: random.below(8),
        fragment,
        options: random.next() < 0.1 ? options : [],
      })
      const frame =
        random.next() < 0.05
          ? ethernet(
              pick(OUR_MAC, 0xffffffffffff),
              random.below(2 ** 47),
              0x0806,
              arp(random.below(4), random.below(2 ** 47), from, OUR_MAC, to),
            )
          : ethernet(
              pick(OUR_MAC, OUR_MAC, 0xffffffffffff),
              pick(0x020000000002, random.below(2 ** 47)),
              0x0800,
              packet,
            )
      world.deliver(pick(nic, nic, trusted), frame, random.below(4))
      if (i % 64 === 0) traffic()
      if (i % 2048 === 0) world.pass(random.below(100) * S)
      if (i % 1000 === 0) expect(world.guest.liveBytes).toBeLessThan(BOUND)
    }
    stillWorks(world, stack)
  })

  /** After all that a new connection works, and in the end nothing is left. */
  function stillWorks(world: World, stack: number): void {
    const { call } = world.guest
    if (process.env['FUZZ_STATS'])
      console.log(Array.from({ length: 41 }, (_, i) => call.stackStat!(stack, i)).join(' '))
    world.pass(200 * S)
    const data = world.random.bytes(20_000)
    const socket = call.tcpOpen!(world.stacks[1]!)
    const client = new Exchange(world, socket, data, 20_000)
    call.tcpConnect!(socket, OURS, 7)
    world.run(() => client.closed, 600 * S)
    expect(client.failed).toBe(0)
    expect(client.got).toBe(20_000)
    expect(call.stackMemory!(stack)).toBeLessThan(BOUND)
    world.pass(4000 * S)
    world.destroy()
  }
})
