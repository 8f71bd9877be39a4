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

    const file = world.pcap
    expect(tshark(file, BAD, 'frame.number', '_ws.col.Info')).toEqual([])
    // ICMP errors quote what they are about: only frames that are TCP themselves count below.
    expect(tshark(file, 'tcp.checksum.status == "Good" && !icmp', 'frame.number').length).toBeGreaterThan(500)
    expect(tshark(file, 'udp.checksum.status == "Good" && !icmp', 'frame.number').length).toBeGreaterThan(5)
    expect(tshark(file, 'tcp.options.sack_le && !icmp', 'frame.number').length).toBeGreaterThan(10)
    expect(
      tshark(
        file,
        'tcp.flags.syn == 1 && tcp.options.wscale && tcp.options.mss && tcp.options.sack_perm && tcp.options.timestamp',
        'frame.number',
      ).length,
    ).toBeGreaterThanOrEqual(12)
    expect(tshark(file, 'dhcp.option.dhcp == 1', 'dhcp.hw.mac_addr')[0]).toBe('02:00:00:00:00:01')
    expect(tshark(file, 'dns.qry.name && !icmp', 'dns.qry.name')[0]).toBe('www.example.org')
    expect(tshark(file, 'icmp.type == 3 && icmp.code == 3', 'frame.number').length).toBeGreaterThan(0)
    expect(tshark(file, 'ip.reassembled.length == 20009', 'frame.number').length).toBeLessThanOrEqual(2)
    console.log(`${world.pcap.frames} frames read by tshark`)
  })
})
