import { describe, expect, test } from 'vitest'
import { Bench, OURS, OUR_MAC, PEER, PEER_MAC } from './support/bench.ts'
import { SYN, arp, ethernet, ipv4, seeIpv4, seeTcp, tcp, udp } from './support/frames.ts'
import { ERR, Exchange, IN, serve } from './support/peer.ts'
import { Prng } from './support/prng.ts'
import { MS, S, World, ip } from './support/world.ts'

const text = (s: string): Uint8Array => new TextEncoder().encode(s)

describe('ARP', () => {
  test('asks three times, keeps the packet, sends it when answered; errors reach the socket otherwise', async () => {
    const b = await Bench.create()
    const other = ip(10, 0, 0, 9)
    const s = b.call.tcpOpen!(b.stack)
    b.call.tcpConnect!(s, other, 80)
    b.world.pass(10 * S)
    const requests = b.raw.splice(0).filter((f) => Buffer.from(f).readUInt16BE(12) === 0x0806)
    expect(requests.length).toBe(3)
    expect(b.call.tcpError!(s), 'EHOSTUNREACH').toBe(-113)
    b.call.tcpClose!(s)
    const second = b.call.tcpOpen!(b.stack)
    b.call.tcpConnect!(second, other, 80)
    b.raw.length = 0
    b.world.deliver(
      b.nic,
      ethernet(OUR_MAC, 0x020000000009, 0x0806, arp(2, 0x020000000009, other, OUR_MAC, OURS)),
    )
    expect(b.one()).toMatchObject({ flags: SYN, to: other })
  })

  test('the cache is bounded and cannot be filled from outside unasked', async () => {
    const b = await Bench.create()
    for (let i = 0; i < 2000; i++) {
      const sender = ip(10, 0, i >> 8, i & 255)
      b.world.deliver(
        b.nic,
        ethernet(
          0xffffffffffff,
          0x020000001000 + i,
          0x0806,
          arp(1, 0x020000001000 + i, sender, 0, ip(10, 0, 0, 99)),
        ),
      )
    }
    expect(b.call.nicArpCount!(b.nic.handle)).toBe(1)
    for (let i = 0; i < 2000; i++) {
      const sender = ip(10, 0, i >> 8, i & 255)
      b.world.deliver(
        b.nic,
        ethernet(OUR_MAC, 0x020000001000 + i, 0x0806, arp(1, 0x020000001000 + i, sender, 0, OURS)),
      )
    }
    expect(b.call.nicArpCount!(b.nic.handle)).toBeLessThanOrEqual(256)
  })

  test('an address is defended', async () => {
    const b = await Bench.create()
    b.world.deliver(b.nic, ethernet(0xffffffffffff, 0x02dead, 0x0806, arp(1, 0x02dead, OURS, 0, OURS)))
    const reply = Buffer.from(b.raw[0]!)
    expect([reply.readUInt16BE(12), reply.readUInt32BE(28), reply.readUInt32BE(38)]).toEqual([
      0x0806,
      OURS,
      OURS,
    ])
  })
})

describe('IPv4 and ICMP', () => {
  const echo = (size: number): Uint8Array => {
    const message = Buffer.alloc(8 + size, 0x61)
    message[0] = 8
    message.fill(0, 1, 4)
    let sum = 0
    for (let i = 0; i < message.length; i += 2) sum += message.readUInt16BE(i)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
    message.writeUInt16BE(~sum & 0xffff, 2)
    return message
  }

  test('fragments in any order, duplicated, with options, make one echo', async () => {
    const b = await Bench.create()
    const message = echo(4000)
    const parts: Uint8Array[] = []
    for (let at = 0; at < message.length; at += 800) {
      const more = at + 800 < message.length ? 0x2000 : 0
      const options = at === 0 ? [1, 1, 1, 1] : []
      parts.push(
        ipv4(PEER, OURS, 1, message.subarray(at, at + 800), { id: 7, fragment: more | (at >> 3), options }),
      )
    }
    for (const i of [3, 0, 0, 5, 1, 4, 4, 2])
      b.world.deliver(b.nic, ethernet(OUR_MAC, PEER_MAC, 0x0800, parts[i]!))
    const replies = b.raw.map((f) => seeIpv4(f)!).filter((p) => p.protocol === 1)
    expect(replies.map((p) => p.payload.length).reduce((a, c) => a + c)).toBe(4008)
    expect(replies.length).toBe(3)
    expect(b.call.stackCount!(b.stack, 4)).toBe(0)
  })

  test('overlapping fragments condemn the datagram; incomplete ones time out and are reported', async () => {
    const b = await Bench.create()
    const message = echo(1592)
    b.packet(1, message.subarray(0, 800), { id: 1, fragment: 0x2000 })
    b.packet(1, message.subarray(792), { id: 1, fragment: 99 })
    b.packet(1, message.subarray(800), { id: 1, fragment: 100 })
    expect(b.raw.length).toBe(0)
    b.packet(1, message.subarray(0, 800), { id: 2, fragment: 0x2000 })
    b.world.pass(31 * S)
    const report = seeIpv4(b.raw[0]!)!
    expect([report.protocol, report.payload[0], report.payload[1]]).toEqual([1, 11, 1])
    expect([b.call.stackCount!(b.stack, 4), b.call.stackCount!(b.stack, 5)]).toEqual([0, 0])
  })

  test('a flood of fragments stays within its bounds', async () => {
    const b = await Bench.create()
    const random = new Prng(3)
    for (let i = 0; i < 5000; i++) {
      b.packet(17, new Uint8Array(1400), { id: random.below(65536), fragment: 0x2000 | random.below(5000) })
      expect(b.call.stackCount!(b.stack, 5)).toBeLessThanOrEqual(512 << 10)
      expect(b.call.stackCount!(b.stack, 4)).toBeLessThanOrEqual(32)
    }
  })

  test('nothing is said about broadcasts, errors, bad checksums or foreign addresses', async () => {
    const b = await Bench.create()
    const query = udp(PEER, 9, ip(10, 0, 0, 255), 99, text('x'))
    b.world.deliver(
      b.nic,
      ethernet(0xffffffffffff, PEER_MAC, 0x0800, ipv4(PEER, ip(10, 0, 0, 255), 17, query)),
    )
    const foreign = udp(PEER, 9, ip(8, 8, 8, 8), 99, text('x'))
    b.world.deliver(b.nic, ethernet(OUR_MAC, PEER_MAC, 0x0800, ipv4(PEER, ip(8, 8, 8, 8), 17, foreign)))
    const damaged = udp(PEER, 9, OURS, 99, text('x'))
    damaged[8] = 0
    b.packet(17, damaged)
    b.packet(6, tcp({ from: ip(10, 0, 0, 255), to: OURS, sport: 1, dport: 2, seq: 1, flags: SYN }))
    expect(b.raw.length).toBe(0)
  })

  test('a closed UDP port is reported, at a limited rate, with the datagram quoted', async () => {
    const b = await Bench.create()
    const query = udp(PEER, 9, OURS, 99, text('hello'))
    for (let i = 0; i < 500; i++) b.packet(17, query)
    const reports = b.raw.map((f) => seeIpv4(f)!)
    expect(reports.length).toBeGreaterThan(0)
    expect(reports.length).toBeLessThanOrEqual(51)
    expect([reports[0]!.payload[0], reports[0]!.payload[1]]).toEqual([3, 3])
    expect(Uint8Array.from(reports[0]!.payload.subarray(28))).toEqual(Uint8Array.from(query))
  })

  test('an ICMP error reaches a connected UDP socket; "fragmentation needed" makes TCP send smaller segments', async () => {
    const b = await Bench.create()
    const u = b.call.udpOpen!(b.stack)
    b.call.udpConnect!(u, PEER, 53)
    b.call.udpSendTo!(u, b.world.guest.stage(text('x')), 1, 0, 0)
    const sent = Buffer.from(b.raw.splice(0)[0]!).subarray(14)
    const icmp = (code: number, mtu: number, quote: Uint8Array): Uint8Array => {
      const message = Buffer.concat([
        Buffer.from([3, code, 0, 0, 0, 0, mtu >> 8, mtu & 255]),
        quote.subarray(0, 28),
      ])
      let sum = 0
      for (let i = 0; i < message.length; i += 2) sum += message.readUInt16BE(i)
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
      message.writeUInt16BE(~sum & 0xffff, 2)
      return message
    }
    b.packet(1, icmp(3, 0, sent))
    expect(b.call.udpReadiness!(u) & ERR).toBe(ERR)
    expect(b.call.udpRecvFrom!(u, b.world.guest.staging, 10, 0)).toBe(-111)
    const { socket } = b.established()
    b.send(socket, new Uint8Array(3000))
    const [big] = b.raw.splice(0)
    b.packet(1, icmp(4, 1000, Buffer.from(big!).subarray(14)))
    const again = b.seen()
    expect(again[0]!.data.length).toBe(960)
    expect(again[0]!.seq).toBe(seeTcp(big!)!.seq)
    b.packet(1, icmp(4, 60, Buffer.from(big!).subarray(14)))
    expect(b.call.tcpField!(socket, 11)).toBeGreaterThanOrEqual(88)
  })

  test('UDP datagrams of any size come back, above the MTU in fragments', async () => {
    const world = await World.create(11)
    const [a, b] = [world.addStack(), world.addStack()]
    const B = ip(10, 0, 0, 2)
    world.connect(world.addNic(a, 2, ip(10, 0, 0, 1)), world.addNic(b, 4, B), { jitterNs: MS })
    const { guest } = world
    const { call } = guest
    const server = call.udpOpen!(b)
    call.udpBind!(server, 0, 7)
    call.udpOwner!(
      server,
      world.own(() => {
        for (;;) {
          const n = call.udpRecvFrom!(server, guest.staging, 65536, 0)
          if (n < 0) return
          call.udpSendTo!(server, guest.staging, n, call.udpField!(server, 0)!, call.udpField!(server, 1)!)
        }
      }),
    )
    const client = call.udpOpen!(a)
    let ready = false
    call.udpOwner!(
      client,
      world.own((r) => (ready = (r & IN) !== 0)),
    )
    const sizes = [...Array(1473).keys()].filter((n) => n % 13 === 0 || n > 1460)
    for (const size of [...sizes, 1473, 2953, 9000, 30000, 65507]) {
      const data = world.random.bytes(size)
      ready = false
      expect(call.udpSendTo!(client, guest.stage(data), size, B, 7)).toBe(size)
      world.run(() => ready)
      expect(call.udpRecvFrom!(client, guest.staging, 65536, 0)).toBe(size)
      expect(Buffer.compare(guest.read(guest.staging, size), data)).toBe(0)
    }
    expect(call.udpSendTo!(client, guest.staging, 65508, B, 7)).toBe(-90)
    expect(call.udpSendTo!(client, guest.staging, 10, ip(10, 0, 0, 255), 7), 'EACCES').toBe(-13)
  })
})

describe('loopback', () => {
  test('TCP to 127.0.0.1 and to an own address', async () => {
    const world = await World.create(5)
    const a = world.addStack()
    world.addNic(a, 2, ip(10, 0, 0, 1))
    const { call } = world.guest
    call.nicLoopback!(a)
    const data = world.random.bytes(1 << 20)
    for (const address of [ip(127, 0, 0, 1), ip(10, 0, 0, 1)]) {
      const served: Exchange[] = []
      const listener = serve(
        world,
        a,
        7,
        4,
        (s) => (served.push(new Exchange(world, s, data, data.length)), served[0]!),
      )
      const socket = call.tcpOpen!(a)
      const client = new Exchange(world, socket, data, data.length)
      expect(call.tcpConnect!(socket, address, 7)).toBe(-115)
      world.run(() => client.closed && served[0]?.closed === true)
      expect(Buffer.compare(client.received, data)).toBe(0)
      expect(Buffer.compare(served[0]!.received, data)).toBe(0)
      call.tcpClose!(listener)
    }
  })
})

describe('checksum offload', () => {
  test('the device gets the pseudo-header sum and where to complete it; a verified frame is not summed again', async () => {
    const world = await World.create(6)
    const [a, b] = [world.addStack(), world.addStack()]
    const na = world.addNic(a, 2, ip(10, 0, 0, 1), 24, 1500, 3)
    const nb = world.addNic(b, 4, ip(10, 0, 0, 2))
    const { call } = world.guest
    world.connect(na, nb)
    const carry = world.outputs[na.index]!
    world.outputs[na.index] = (frame) => {
      const start = call.nicChecksumStart!(na.handle)
      if (start) {
        let sum = 0
        for (let i = start; i < frame.length; i += 2) sum += (frame[i]! << 8) | (frame[i + 1] ?? 0)
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
        const at = start + call.nicChecksumOffset!(na.handle)!
        frame[at] = (~sum >> 8) & 255
        frame[at + 1] = ~sum & 255
      }
      return carry(frame)
    }
    world.outputs[nb.index] = (frame) => {
      // Damage that only the checksum could show: the device says that it has looked.
      world.after(1000, () => world.deliver(na, frame, 1))
      return true
    }
    const data = world.random.bytes(100_001)
    let server: Exchange | null = null
    serve(world, b, 7, 4, (s) => (server = new Exchange(world, s, data, data.length)))
    const socket = call.tcpOpen!(a)
    const client = new Exchange(world, socket, data, data.length)
    call.tcpConnect!(socket, ip(10, 0, 0, 2), 7)
    world.run(() => client.closed && server!.closed)
    expect(Buffer.compare(server!.received, data)).toBe(0)
    expect(call.stackStat!(b, 18), 'bad checksums').toBe(0)
  })
})

describe('forwarder', () => {
  const GUEST = ip(10, 0, 2, 15)
  async function nat(): Promise<{ world: World; host: number; guestStack: number; pendings: number[] }> {
    const world = await World.create(8)
    const [host, guestStack] = [world.addStack(), world.addStack()]
    const inside = world.addNic(host, 0x525500000002, ip(10, 0, 2, 2))
    const outside = world.addNic(guestStack, 0x525400000015, GUEST)
    world.connect(inside, outside)
    const { call } = world.guest
    call.nicSetFlags!(inside.handle, 1)
    call.routeAdd!(guestStack, 0, 0, ip(10, 0, 2, 2), outside.handle)
    call.forwarderSet!(host, 77, 4)
    const pendings: number[] = []
    world.onPending = (context, pending) => {
      expect(context).toBe(77)
      pendings.push(pending)
    }
    return { world, host, guestStack, pendings }
  }

  test('accepted in the name of any address, later, and refused', async () => {
    const { world, host, guestStack, pendings } = await nat()
    const { call } = world.guest
    const data = world.random.bytes(50_000)
    const socket = call.tcpOpen!(guestStack)
    const client = new Exchange(world, socket, data, data.length)
    call.tcpConnect!(socket, ip(93, 184, 216, 34), 443)
    world.run(() => pendings.length === 1)
    const [pending] = pendings
    const field = (i: number): number => call.requestField!(pending!, i)! >>> 0
    expect([field(0), field(1), field(2)]).toEqual([ip(93, 184, 216, 34), 443, GUEST])
    world.pass(2500 * MS)
    expect(pendings.length, 'repeated SYNs do not ask again').toBe(1)
    const server = new Exchange(world, call.forwarderAccept!(host, pending!)!, data, data.length)
    world.run(() => client.closed && server.closed)
    expect(Buffer.compare(server.received, data)).toBe(0)
    expect(Buffer.compare(client.received, data)).toBe(0)

    const refused = call.tcpOpen!(guestStack)
    call.tcpConnect!(refused, ip(1, 2, 3, 4), 5)
    world.run(() => pendings.length === 2)
    call.forwarderRefuse!(host, pendings[1]!)
    world.run(() => (call.tcpReadiness!(refused)! & ERR) !== 0)
    expect(call.tcpError!(refused)).toBe(-111)
    call.tcpClose!(refused)
    expect(call.stackCount!(host, 2)).toBe(0)
  })

  test('bounded, cancelled by the peer, and by time', async () => {
    const { world, host, guestStack, pendings } = await nat()
    const { call } = world.guest
    const cancelled: number[] = []
    world.onCancel = (_context, pending) => void cancelled.push(pending)
    const sockets = Array.from({ length: 10 }, (_, i) => {
      const s = call.tcpOpen!(guestStack)
      call.tcpConnect!(s, ip(1, 1, 1, 1), 100 + i)
      return s
    })
    world.pass(100 * MS)
    expect(pendings.length).toBe(4)
    for (const s of sockets) call.tcpClose!(s)
    world.pass(76 * S)
    expect(cancelled.length).toBe(4)
    expect(call.stackCount!(host, 2)).toBe(0)
    expect(call.stackCount!(host, 0)).toBe(0)
  })

  test('datagrams to anywhere, answered in that name; refused ones are reported', async () => {
    const { world, host, guestStack } = await nat()
    const { guest } = world
    const { call } = guest
    world.onDatagram = (_context, [source, sport, destination, dport], payload) => {
      if (dport !== 53) return false
      const answer = guest.call.alloc!(payload.length)
      guest.write(answer, payload.toReversed())
      call.udpSendFrom!(host, destination!, dport, source!, sport!, answer, payload.length)
      guest.call.free!(answer)
      return true
    }
    const u = call.udpOpen!(guestStack)
    call.udpConnect!(u, ip(8, 8, 8, 8), 53)
    call.udpSendTo!(u, guest.stage(text('abc')), 3, 0, 0)
    world.pass(10 * MS)
    expect(call.udpRecvFrom!(u, guest.staging, 10, 0)).toBe(3)
    expect(new TextDecoder().decode(guest.read(guest.staging, 3))).toBe('cba')
    call.udpConnect!(u, ip(8, 8, 8, 8), 54)
    call.udpSendTo!(u, guest.stage(text('abc')), 3, 0, 0)
    world.pass(10 * MS)
    expect(call.udpRecvFrom!(u, guest.staging, 10, 0)).toBe(-111)
  })
})

describe('DHCP', () => {
  const SERVER = ip(192, 168, 7, 1)
  const LEASE = ip(192, 168, 7, 50)

  interface Seen {
    type: number
    from: number
    to: number
    transaction: number
    requested: number
    client: number
  }

  /** A client, and a server of which a test decides the answers. */
  async function client(
    answer: (seen: Seen) => { type: number; address: number; lease?: number } | null,
  ): Promise<{
    world: World
    seen: Seen[]
    handle: number
    nic: number
    raw: Uint8Array[]
    deliver: (frame: Uint8Array) => void
  }> {
    const world = await World.create(21)
    const stack = world.addStack()
    const nic = world.addNic(stack, OUR_MAC, 0)
    const seen: Seen[] = []
    const raw: Uint8Array[] = []
    world.outputs[nic.index] = (frame) => {
      raw.push(frame)
      if (Buffer.from(frame).readUInt16BE(12) === 0x0806 && Buffer.from(frame).readUInt32BE(38) === SERVER) {
        const reply = arp(2, PEER_MAC, SERVER, OUR_MAC, LEASE)
        world.after(0, () => world.deliver(nic, ethernet(OUR_MAC, PEER_MAC, 0x0806, reply)))
      }
      const packet = seeIpv4(frame)
      if (!packet || packet.protocol !== 17 || packet.payload.readUInt16BE(2) !== 67) return true
      const message = packet.payload.subarray(8)
      const options = parseOptions(message.subarray(240))
      const one = {
        type: options.get(53)![0]!,
        from: packet.from,
        to: packet.to,
        transaction: message.readUInt32BE(4),
        requested: options.get(50)?.readUInt32BE(0) ?? 0,
        client: message.readUInt32BE(12),
      }
      seen.push(one)
      const reply = answer(one)
      if (reply) {
        const bytes = offer(one.transaction, reply.type, reply.address, reply.lease ?? 3600)
        const to = reply.type === 6 ? 0xffffffff : reply.address
        const payload = ipv4(SERVER, to, 17, udp(SERVER, 67, to, 68, bytes))
        world.after(MS, () =>
          world.deliver(
            nic,
            ethernet(reply.type === 6 ? 0xffffffffffff : OUR_MAC, PEER_MAC, 0x0800, payload),
          ),
        )
      }
      return true
    }
    const handle = world.guest.call.dhcpStart!(stack, nic.handle, 3)
    return { world, seen, handle, nic: nic.handle, raw, deliver: (frame) => world.deliver(nic, frame) }
  }

  function offer(transaction: number, type: number, address: number, lease: number): Uint8Array {
    const message = Buffer.alloc(300)
    message.set([2, 1, 6, 0])
    message.writeUInt32BE(transaction, 4)
    message.writeUInt32BE(address, 16)
    message.writeUIntBE(OUR_MAC, 28, 6)
    message.writeUInt32BE(0x63825363, 236)
    const words: [number, number][] = [
      [54, SERVER],
      [1, 0xffffff00],
      [3, SERVER],
      [6, ip(1, 1, 1, 1)],
      [51, lease],
    ]
    let at = 240
    message.set([53, 1, type], at)
    at += 3
    for (const [code, value] of words) {
      message[at] = code
      message[at + 1] = 4
      message.writeUInt32BE(value >>> 0, at + 2)
      at += 6
    }
    message[at] = 255
    return message
  }

  function parseOptions(bytes: Buffer): Map<number, Buffer> {
    const options = new Map<number, Buffer>()
    for (let at = 0; at < bytes.length && bytes[at] !== 255;) {
      if (bytes[at] === 0) at++
      else {
        options.set(bytes[at]!, bytes.subarray(at + 2, at + 2 + bytes[at + 1]!))
        at += 2 + bytes[at + 1]!
      }
    }
    return options
  }

  const normal = (seen: Seen): { type: number; address: number } | null =>
    seen.type === 1 ? { type: 2, address: LEASE } : seen.type === 3 ? { type: 5, address: LEASE } : null

  test('discover, offer, request, ack, probe, bound; renewed at half time; rebound; expired', async () => {
    let silent = false
    const { world, seen, handle, nic } = await client((s) => (silent ? null : normal(s)))
    const { call } = world.guest
    const field = (i: number): number => call.dhcpField!(handle, i)! >>> 0
    world.run(() => field(0) === 4)
    expect(seen.map((s) => s.type)).toEqual([1, 3])
    expect(seen[1]!.requested).toBe(LEASE)
    expect([field(1), field(2), field(3), field(5)]).toEqual([LEASE, 24, SERVER, 1])
    expect(call.nicAddress!(nic)! >>> 0).toBe(LEASE)
    seen.length = 0
    world.pass(1801 * S)
    expect(seen.length).toBe(1)
    expect(seen[0]).toMatchObject({ type: 3, client: LEASE, requested: 0 })
    expect(field(0)).toBe(4)
    silent = true
    seen.length = 0
    world.pass(3500 * S)
    expect(field(0), 'rebinding').toBe(6)
    expect(seen.at(-1)!.to, 'to everybody').toBe(0xffffffff)
    world.pass(200 * S)
    expect(call.nicAddress!(nic), 'expired').toBe(0)
    expect(field(0)).toBe(1)
    silent = false
    world.run(() => field(0) === 4, 200 * S)
    call.dhcpStop!(handle)
    expect(seen.at(-1)!.type, 'release').toBe(7)
  })

  test('retries with back-off; a NAK starts again', async () => {
    let naks = 0
    let count = 0
    const { world, seen, handle } = await client((s) =>
      ++count < 4 ? null : s.type === 3 && naks++ === 0 ? { type: 6, address: 0 } : normal(s),
    )
    world.run(() => world.guest.call.dhcpField!(handle, 0) === 4)
    expect(seen.map((s) => s.type)).toEqual([1, 1, 1, 1, 3, 1, 3])
    expect(world.nowNs).toBeGreaterThan(10 * S)
  })

  test('an address that somebody else has is declined', async () => {
    const { world, seen, handle, raw, deliver } = await client(normal)
    world.run(() => raw.some((f) => Buffer.from(f).readUInt16BE(12) === 0x0806))
    const probe = Buffer.from(raw.at(-1)!)
    expect([probe.readUInt32BE(28), probe.readUInt32BE(38)]).toEqual([0, LEASE])
    deliver(ethernet(OUR_MAC, 0x02dead, 0x0806, arp(2, 0x02dead, LEASE, OUR_MAC, 0)))
    expect(seen.at(-1)).toMatchObject({ type: 4, requested: LEASE })
    expect(world.guest.call.dhcpField!(handle, 4)).toBe(1)
    world.run(() => world.guest.call.dhcpField!(handle, 0) === 4, 60 * S)
  })
})

describe('DNS', () => {
  /** A resolver against servers 10.0.0.2 and 10.0.0.3, of which a test decides the answers; null is silence. */
  async function resolver(answer: (name: string, server: number, id: number) => Uint8Array | null): Promise<{
    ask: (name: string) => Promise<{ status: number; addresses: number[] }>
    asked: string[]
  }> {
    const b = await Bench.create()
    const asked: string[] = []
    const third = ip(10, 0, 0, 3)
    b.world.deliver(b.nic, ethernet(OUR_MAC, PEER_MAC, 0x0806, arp(1, PEER_MAC, third, 0, OURS)))
    b.raw.length = 0
    b.world.outputs[b.nic.index] = (frame) => {
      const packet = seeIpv4(frame)
      if (!packet || packet.protocol !== 17) return true
      const sport = packet.payload.readUInt16BE(0)
      const message = packet.payload.subarray(8)
      let name = ''
      for (let at = 12; message[at]; at += message[at]! + 1) {
        name += `${message.subarray(at + 1, at + 1 + message[at]!).toString()}.`
      }
      asked.push(`${name}@${packet.to & 255}`)
      const reply = answer(name, packet.to, message.readUInt16BE(0))
      if (reply) {
        const datagram = ipv4(packet.to, OURS, 17, udp(packet.to, 53, OURS, sport, reply))
        b.world.after(MS, () => b.world.deliver(b.nic, ethernet(OUR_MAC, PEER_MAC, 0x0800, datagram)))
      }
      return true
    }
    b.call.dnsAddServer!(b.stack, PEER)
    b.call.dnsAddServer!(b.stack, third)
    return {
      asked,
      ask: async (name) => {
        let result: { status: number; addresses: number[] } | null = null
        b.world.onResolved = (_context, status, addresses) => (result = { status, addresses })
        b.call.dnsResolve!(b.stack, b.world.guest.stage(text(name)), name.length, 0)
        b.world.run(() => result !== null)
        return result!
      },
    }
  }

  const labels = (name: string): number[] => [
    ...name
      .split('.')
      .filter(Boolean)
      .flatMap((l) => [l.length, ...text(l)]),
    0,
  ]
  const message = (id: number, flags: number, name: string, answers: number[][]): Uint8Array =>
    Uint8Array.from([
      id >> 8,
      id & 255,
      flags >> 8,
      flags & 255,
      0,
      1,
      0,
      answers.length,
      0,
      0,
      0,
      0,
      ...labels(name),
      0,
      1,
      0,
      1,
      ...answers.flat(),
    ])
  const record = (name: number[], type: number, data: number[]): number[] => [
    ...name,
    0,
    type,
    0,
    1,
    0,
    0,
    0,
    60,
    data.length >> 8,
    data.length & 255,
    ...data,
  ]
  const SAME = [0xc0, 12]

  test('addresses, aliases in the answer, names that do not exist, literals', async () => {
    const { ask } = await resolver((name, _server, id) => {
      if (name === 'two.test.')
        return message(id, 0x8180, name, [record(SAME, 1, [1, 2, 3, 4]), record(SAME, 1, [5, 6, 7, 8])])
      if (name === 'alias.test.') {
        return message(id, 0x8180, name, [
          record(SAME, 5, labels('real.test')),
          record(labels('real.test'), 1, [9, 9, 9, 9]),
        ])
      }
      return message(id, 0x8183, name, [])
    })
    expect(await ask('two.test')).toEqual({ status: 0, addresses: [0x01020304, 0x05060708] })
    expect(await ask('ALIAS.test.')).toEqual({ status: 0, addresses: [0x09090909] })
    expect((await ask('none.test')).status).toBe(-200)
    expect(await ask('10.1.2.3')).toEqual({ status: 0, addresses: [0x0a010203] })
    expect((await ask('bad..name')).status).toBe(-22)
  })

  test('an alias without its address is asked for; a loop of aliases ends', async () => {
    const { ask, asked } = await resolver((name, _server, id) => {
      if (name === 'real.test.') return message(id, 0x8180, name, [record(SAME, 1, [7, 7, 7, 7])])
      const target = name === 'a.test.' ? 'real.test' : name === 'x.test.' ? 'y.test' : 'x.test'
      return message(id, 0x8180, name, [record(SAME, 5, labels(target))])
    })
    expect((await ask('a.test')).addresses).toEqual([0x07070707])
    expect(asked).toEqual(['a.test.@2', 'real.test.@2'])
    expect((await ask('x.test')).status).toBe(-201)
  })

  test('silent and failing servers: the next is asked, three rounds, then an error', async () => {
    const { ask, asked } = await resolver((name, server, id) =>
      name !== 'ok.test.'
        ? null
        : server === PEER
          ? message(id, 0x8182, name, [])
          : message(id, 0x8180, name, [record(SAME, 1, [1, 1, 1, 1])]),
    )
    expect((await ask('ok.test')).addresses).toEqual([0x01010101])
    asked.length = 0
    expect((await ask('void.test')).status).toBe(-201)
    expect(asked.map((a) => a.slice(-1)).join('')).toBe('232323')
  })

  test('answers with a wrong id or for another question are ignored', async () => {
    let tries = 0
    const { ask } = await resolver((name, _server, id) => {
      tries++
      if (tries === 1) return message(id ^ 1, 0x8180, name, [record(SAME, 1, [6, 6, 6, 6])])
      if (tries === 2) return message(id, 0x8180, 'other.test.', [record(SAME, 1, [6, 6, 6, 6])])
      return message(id, 0x8180, name, [record(SAME, 1, [8, 8, 8, 8])])
    })
    expect((await ask('true.test')).addresses).toEqual([0x08080808])
  })
})
