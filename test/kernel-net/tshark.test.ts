import { describe, expect, test } from 'vitest'
import { Exchange, serve } from './support/peer.ts'
import { Pcap } from './support/pcap.ts'
import { BAD, hasTshark, tshark } from './support/tshark.ts'
import { MS, S, World, ip } from './support/world.ts'

/** Wireshark's dissectors read what the stack sends. */
if (!hasTshark) console.log('skipped: no tshark')

describe.skipIf(!hasTshark)('what tshark says', () => {
  test('no malformed frame, no bad checksum, in a lossy exchange of everything', async () => {
    const world = await World.create(99)
    const [a, b] = [world.addStack(), world.addStack()]
    const B = ip(10, 0, 0, 2)
    world.connect(world.addNic(a, 0x020000000001, ip(10, 0, 0, 1)), world.addNic(b, 0x020000000002, B), {
      delayNs: 3 * MS,
      loss: 0.05,
      reorder: 0.05,
      duplicate: 0.02,
    })
    world.pcap = new Pcap()
    const { guest } = world
    const { call } = guest
    const servers: Exchange[] = []
    serve(world, b, 7, 16, (s) => {
      servers.push(new Exchange(world, s, world.random.bytes(60_000), 60_000))
      return servers.at(-1)!
    })
    const clients = Array.from({ length: 6 }, () => {
      const socket = call.tcpOpen!(a)
      const client = new Exchange(world, socket, world.random.bytes(60_000), 60_000)
      call.tcpConnect!(socket, B, 7)
      return client
    })
    const refused = call.tcpOpen!(a)
    call.tcpConnect!(refused, B, 9)
    const u = call.udpOpen!(a)
    for (const size of [0, 1, 1472, 1473, 20_001]) call.udpSendTo!(u, guest.staging, size, B, 9)
    call.dhcpStart!(a, world.nics[0]!.handle, 0)
    call.dnsAddServer!(a, B)
    call.dnsResolve!(a, guest.stage(new TextEncoder().encode('www.example.org')), 15, 0)
    world.run(() => [...clients, ...servers].every((e) => e.closed) && servers.length === 6)
    world.pass(20 * S)

    expect(tshark(world.pcap, BAD, 'frame.number', '_ws.col.Info')).toEqual([])
    const options = ['wscale', 'mss', 'sack_perm', 'timestamp', 'sack_le'].map(
      (name) => `tcp.options.${name}`,
    )
    const fields = [
      'frame.protocols',
      'tcp.flags',
      ...options,
      'dhcp.hw.mac_addr',
      'dns.qry.name',
      'icmp.code',
    ]
    const rows = tshark(world.pcap, 'ip', ...fields).map((line) => line.split('\t'))
    // ICMP errors quote what they are about: protocols tell them apart.
    const of = (protocols: string): string[][] => rows.filter((r) => r[0]!.startsWith(protocols))
    const tcp = of('eth:ethertype:ip:tcp')
    expect(tcp.length).toBeGreaterThan(500)
    expect(tcp.filter((r) => Number(r[1]) & 2 && r.slice(2, 6).every(Boolean)).length).toBeGreaterThanOrEqual(
      12,
    )
    expect(tcp.filter((r) => r[6]).length, 'SACK').toBeGreaterThan(10)
    expect(of('eth:ethertype:ip:udp:dhcp')[0]![7]).toBe('02:00:00:00:00:01')
    expect(of('eth:ethertype:ip:udp:dns')[0]![8]).toBe('www.example.org')
    expect(of('eth:ethertype:ip:icmp').filter((r) => r[9]?.startsWith('3')).length).toBeGreaterThan(0)
    console.log(`${world.pcap.frames} frames read by tshark`)
  })
})
