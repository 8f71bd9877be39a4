import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIpv4, formatMac, ipv4 } from '../../src/net/wire/address.ts'
import { emitArp, parseArp, type ArpPacket } from '../../src/net/wire/arp.ts'
import { concat } from '../../src/net/wire/bytes.ts'
import { emitDhcp, parseDhcp, type DhcpMessage } from '../../src/net/wire/dhcp.ts'
import { emitDnsError, parseDns, withDnsId } from '../../src/net/wire/dns.ts'
import { emitEthernet, parseEthernet, type EthernetFrame } from '../../src/net/wire/ethernet.ts'
import { emitIcmp, parseIcmp, type IcmpMessage } from '../../src/net/wire/icmp.ts'
import { emitIpv4, fragment, parseIpv4, type Ipv4Packet } from '../../src/net/wire/ipv4.ts'
import { isMalformed } from '../../src/net/wire/parsed.ts'
import { Reassembly } from '../../src/net/wire/reassembly.ts'
import { emitUdp, parseUdp } from '../../src/net/wire/udp.ts'
import { eventually } from './support/eventually.ts'
import { shuffled } from './support/shuffle.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0xffff)
console.log(`fast-check seed ${seed} (SEED=${seed} repeats this run)`)
fc.configureGlobal({ seed, numRuns: 300 })

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const u48 = fc.nat(0xffff_ffff_ffff)
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })

const packets: fc.Arbitrary<Ipv4Packet> = fc.record({
  source: u32,
  destination: u32,
  protocol: fc.nat(255),
  ttl: fc.nat(255),
  identification: u16,
  dontFragment: fc.boolean(),
  moreFragments: fc.constant(false),
  fragmentOffset: fc.nat(0xfff).map((n) => n * 8),
  trafficClass: fc.nat(255),
  options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  payload: bytes(2000),
})

const icmpMessages: fc.Arbitrary<IcmpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('echo-request' as const, 'echo-reply' as const),
    identifier: u16,
    sequence: u16,
    data: bytes(100),
  }),
  fc.record({ kind: fc.constant('unreachable' as const), code: fc.nat(15), mtu: u16, packet: bytes(60) }),
  fc.record({ kind: fc.constant('time-exceeded' as const), code: fc.nat(1), packet: bytes(60) }),
)

const addresses = fc.array(u32, { minLength: 1, maxLength: 80 })
const texts = fc.string({ unit: 'grapheme-ascii', maxLength: 300 })
const dhcpMessages: fc.Arbitrary<DhcpMessage> = fc.record({
  type: fc.constantFrom('discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'),
  fromServer: fc.boolean(),
  transaction: u32,
  secondsElapsed: u16,
  broadcast: fc.boolean(),
  clientAddress: u32,
  yourAddress: u32,
  serverAddress: u32,
  relayAddress: u32,
  clientMac: u48,
  options: fc.record(
    {
      subnetMask: u32,
      routers: addresses,
      dnsServers: addresses,
      hostName: texts,
      domainName: texts,
      interfaceMtu: u16,
      requestedAddress: u32,
      leaseSeconds: u32,
      serverIdentifier: u32,
      message: texts,
      maxMessageBytes: u16,
      renewalSeconds: u32,
      rebindingSeconds: u32,
      bootFile: texts,
    },
    { requiredKeys: [] },
  ),
})

describe('what is emitted is parsed as the same value', () => {
  test('addresses', () => {
    fc.assert(fc.property(u32, (address) => same(ipv4(formatIpv4(address)), address)))
    expect(formatMac(0x5254_0012_3456)).toBe('52:54:00:12:34:56')
    for (const wrong of ['', '1.2.3', '1.2.3.256', '1.2.3.04', '1.2.3.4.5', 'a.b.c.d', '1.2.3.-4'])
      expect(ipv4(wrong)).toBeNull()
  })

  test('Ethernet', () => {
    const frames: fc.Arbitrary<EthernetFrame> = fc.record({
      destination: u48,
      source: u48,
      type: fc.integer({ min: 0x600, max: 0xffff }),
      payload: bytes(200),
    })
    fc.assert(fc.property(frames, (frame) => same(parseEthernet(emitEthernet(frame)), frame)))
  })

  test('ARP', () => {
    const packet: fc.Arbitrary<ArpPacket> = fc.record({
      operation: fc.constantFrom('request', 'reply'),
      senderMac: u48,
      senderAddress: u32,
      targetMac: u48,
      targetAddress: u32,
    })
    fc.assert(fc.property(packet, (arp) => same(parseArp(emitArp(arp)), arp)))
  })

  test('IPv4, also behind padding', () => {
    fc.assert(
      fc.property(packets, bytes(20), (packet, padding) =>
        same(parseIpv4(concat(emitIpv4(packet), padding)), packet),
      ),
    )
  })

  test('ICMP', () => {
    fc.assert(fc.property(icmpMessages, (message) => same(parseIcmp(emitIcmp(message)), message)))
  })

  test('UDP', () => {
    const port = fc.integer({ min: 1, max: 65_535 })
    const udp = fc.record({ sourcePort: port, destinationPort: port, payload: bytes(1500) })
    fc.assert(
      fc.property(udp, u32, u32, (value, source, destination) =>
        same(parseUdp(emitUdp(value, source, destination), source, destination), value),
      ),
    )
  })

  test('DHCP, with options longer than one piece', () => {
    fc.assert(fc.property(dhcpMessages, (message) => same(parseDhcp(emitDhcp(message)), message)))
  })

  test('DNS: an error reply repeats id and question', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
    fc.assert(
      fc.property(u16, fc.array(label, { maxLength: 6 }), fc.nat(15), (id, labels, code) => {
        const query = withDnsId(dnsQuery(labels), id)
        const parsed = parseDns(query)
        if (isMalformed(parsed)) throw new Error(parsed)
        const reply = parseDns(emitDnsError(parsed, query, code))
        expect(reply).toEqual({ ...parsed, response: true, responseCode: code })
      }),
    )
  })
})

describe('damage is noticed', () => {
  test('one flipped bit in an IPv4 header, an ICMP message or a UDP datagram', () => {
    fc.assert(
      fc.property(packets, fc.nat(), (packet, at) => {
        const damaged = emitIpv4(packet)
        const headerBits = (20 + packet.options.length) * 8
        flip(damaged, at % headerBits)
        expect(parseIpv4(damaged)).toBeTypeOf('string')
      }),
    )
    fc.assert(
      fc.property(icmpMessages, fc.nat(), (message, at) => {
        const damaged = emitIcmp(message)
        flip(damaged, at % (damaged.length * 8))
        expect(parseIcmp(damaged)).toBeTypeOf('string')
      }),
    )
    fc.assert(
      fc.property(bytes(100), fc.nat(), (payload, at) => {
        const damaged = emitUdp({ sourcePort: 1, destinationPort: 2, payload }, 3, 4)
        flip(damaged, at % (damaged.length * 8))
        expect(parseUdp(damaged, 3, 4)).toBeTypeOf('string')
      }),
    )
  })

  test('no bytes make a parser throw', () => {
    const parsers = [parseEthernet, parseArp, parseIpv4, parseIcmp, parseDhcp, parseDns]
    fc.assert(
      fc.property(bytes(700), (input) => {
        for (const parse of parsers) expect(typeof parse(input)).toMatch(/string|object/)
        expect(typeof parseUdp(input, 1, 2)).toMatch(/string|object/)
      }),
    )
    // Nearly right is where parsers break: cut and flipped messages.
    fc.assert(
      fc.property(dhcpMessages, fc.nat(), fc.nat(), (message, cut, at) => {
        const damaged = emitDhcp(message)
        flip(damaged, at % (damaged.length * 8))
        expect(typeof parseDhcp(damaged.subarray(0, cut % damaged.length))).toMatch(/string|object/)
      }),
    )
  })

  test('a name that runs in circles or beyond the end is no question', () => {
    const header = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for (const name of [[0xc0, 12], [63, 1, 2], [5, 1, 2, 3, 4, 5], []])
      expect(parseDns(Uint8Array.from([...header, ...name]))).toBe('dns: question')
  })
})

describe('fragments', () => {
  test('come together in any order, repeated, at any MTU', () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 96, max: 2000 }), u32, (base, mtu, order) => {
        const packet = { ...base, fragmentOffset: 0, dontFragment: false }
        const pieces = fragment(packet, mtu)
        for (const piece of pieces) expect(emitIpv4(piece).length).toBeLessThanOrEqual(mtu)
        const reassembly = new Reassembly()
        // All but one piece twice; that one last.
        const [last, ...others] = shuffled(pieces, order)
        const results = [...shuffled([...others, ...others], order), last!].map((piece) =>
          reassembly.add(piece),
        )
        expect(results.slice(0, -1).every((result) => result === null)).toBe(true)
        expect(results.at(-1)).toEqual(packet)
        expect(reassembly.size).toBe(0)
      }),
    )
  })

  test('that contradict each other condemn the datagram', () => {
    const packet: Ipv4Packet = { ...fragmentBase, payload: new Uint8Array(3000).fill(7) }
    const [first, second, third] = fragment(packet, 1500)
    const reassembly = new Reassembly()
    expect(reassembly.add(first!)).toBeNull()
    expect(reassembly.add({ ...second!, fragmentOffset: second!.fragmentOffset - 8 })).toBeTypeOf('string')
    expect(reassembly.add(third!)).toBeNull()
    expect(reassembly.add({ ...third!, moreFragments: false, payload: new Uint8Array(8) })).toBeTypeOf(
      'string',
    )
    // A last piece that ends before one that is there already, and one beyond the last.
    expect(reassembly.add({ ...third!, moreFragments: true })).toBeNull()
    expect(reassembly.add({ ...second!, moreFragments: false })).toBeTypeOf('string')
    expect(reassembly.add({ ...second!, moreFragments: false })).toBeNull()
    expect(reassembly.add({ ...third!, moreFragments: true })).toBeTypeOf('string')
    expect(reassembly.size).toBe(0)
  })

  test('take bounded memory and time', async () => {
    const reassembly = new Reassembly({ datagrams: 8, timeoutMs: 20 })
    const [first] = fragment({ ...fragmentBase, payload: new Uint8Array(3000) }, 1500)
    for (let identification = 0; identification < 1000; identification++) {
      expect(reassembly.add({ ...first!, identification })).toBeNull()
      expect(reassembly.size).toBeLessThanOrEqual(8)
    }
    await eventually(() => reassembly.size).toBe(0)
    expect(reassembly.expired).toBe(1000)
  })
})

const fragmentBase: Ipv4Packet = {
  source: 1,
  destination: 2,
  protocol: 17,
  ttl: 64,
  identification: 5,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  trafficClass: 0,
  options: new Uint8Array(0),
  payload: new Uint8Array(0),
}

function dnsQuery(labels: string[]): Uint8Array {
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)])
  return Uint8Array.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 1, 0, 1])
}

function flip(target: Uint8Array, bit: number): void {
  target[bit >>> 3]! ^= 1 << (bit & 7)
}

function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected)
}
