import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { pcapLink, userNet, type UserLink, type UserNetOptions } from '../../src/net/index.ts'
import { parseResolver } from '../../src/net/user/options.ts'
import { formatIpv4, ipv4 } from '../../src/net/wire/address.ts'
import { parseIpv4 } from '../../src/net/wire/ipv4.ts'
import { Prng } from '../../src/net/prng.ts'
import { hasProgram } from '../support/programs.ts'
import { Station } from './support/station.ts'
import { eventually } from './support/eventually.ts'
import { malformed, tshark } from './support/tshark.ts'

const gateway = ipv4('10.0.2.2')!
const dns = ipv4('10.0.2.3')!
const loopback = ipv4('127.0.0.1')!

const folder = mkdtempSync(join(tmpdir(), 'onering-net-'))
const capture = join(folder, 'all.pcap')
let captures = 0
const open: { close(): void }[] = []

afterEach(() => {
  for (const thing of open.splice(0)) thing.close()
})

/** A network with a guest on it that has its address already. Everything is captured. */
async function guestOn(options: UserNetOptions = {}): Promise<{ link: UserLink; guest: Station }> {
  const link = await userNet(options).open()
  const recorded = pcapLink(link, `${capture}.${captures++}`)
  open.push(recorded)
  const guest = new Station(recorded)
  await guest.configure()
  return { link, guest }
}

/** A UDP server of the host. */
async function udpServer(
  onMessage: (payload: Buffer, from: { address: string; port: number }, socket: Socket) => void,
): Promise<number> {
  const socket = createSocket('udp4')
  open.push(socket)
  socket.on('message', (payload, from) => onMessage(payload, from, socket))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket.address().port
}

function randomBytes(length: number, seed: number): Uint8Array {
  const random = new Prng(seed)
  return Uint8Array.from({ length }, () => random.next32())
}

describe('DHCP', () => {
  test('gives the address, mask, router, name server and MTU that QEMU gives', async () => {
    const link = await userNet().open()
    open.push(link)
    const guest = new Station(link)
    const ack = await guest.configure()
    expect(ack.type).toBe('ack')
    expect(formatIpv4(ack.yourAddress)).toBe('10.0.2.15')
    expect(ack.options).toMatchObject({
      subnetMask: ipv4('255.255.255.0'),
      routers: [gateway],
      dnsServers: [dns],
      serverIdentifier: gateway,
      interfaceMtu: 1500,
      leaseSeconds: 86_400,
    })
    expect((await guest.dhcp('request', {})).type).toBe('ack') // renewing, with the address in `ciaddr`
    expect((await guest.dhcp('inform', {})).options.leaseSeconds).toBeUndefined()
  })

  test("refuses an address that is not the client's", async () => {
    const link = await userNet().open()
    open.push(link)
    const guest = new Station(link)
    const reply = await guest.dhcp('request', { requestedAddress: ipv4('192.168.1.7')! }, false)
    expect(reply.type).toBe('nak')
  })
})

describe('ARP and ICMP', () => {
  test('the gateway and the name server answer, others do not', async () => {
    const { guest } = await guestOn()
    expect(await guest.resolve(dns)).toBe(guest.router)
    await expect(guest.resolve(ipv4('10.0.2.77')!, 200)).rejects.toThrow('no arp')
    await expect(guest.resolve(guest.address, 200)).rejects.toThrow('no arp')
  }, 10_000)

  test('pings to the gateway come back, also fragmented ones; others are prohibited', async () => {
    const { guest } = await guestOn()
    for (const [sequence, length] of [0, 56, 1472, 1473, 20_000].entries()) {
      const data = randomBytes(length, sequence)
      guest.sendIcmp(gateway, { kind: 'echo-request', identifier: 7, sequence, data })
      const { icmp, packet } = await guest.next('icmp')
      expect(icmp).toEqual({ kind: 'echo-reply', identifier: 7, sequence, data })
      expect(packet.source).toBe(gateway)
    }
    guest.sendIcmp(ipv4('192.0.2.1')!, {
      kind: 'echo-request',
      identifier: 7,
      sequence: 9,
      data: new Uint8Array(9),
    })
    expect((await guest.next('icmp')).icmp).toMatchObject({ kind: 'unreachable', code: 13 })
  })
})

describe('UDP outward', () => {
  test('every size up to the largest comes back, fragmented above the MTU', async () => {
    const { guest, link } = await guestOn({ hostLoopback: true })
    const port = await udpServer((payload, from, socket) => socket.send(payload, from.port, from.address))
    for (const length of [0, 1, 1471, 1472, 1473, 4000, 65_507]) {
      const payload = randomBytes(length, length)
      guest.sendUdp(gateway, port, 4000, payload)
      const { udp, packet } = await guest.next('udp')
      expect(Buffer.compare(udp.payload, payload)).toBe(0)
      expect([udp.sourcePort, udp.destinationPort, packet.source]).toEqual([port, 4000, gateway])
    }
    expect(link.stats().udpSessions).toBe(1)
  })

  test("the host's own services are closed, unless an option opens them", async () => {
    const { guest, link } = await guestOn()
    let reached = 0
    const port = await udpServer(() => reached++)
    for (const to of [gateway, loopback, ipv4('127.3.4.5')!, ipv4('0.0.0.0')!, ipv4('0.0.0.1')!]) {
      guest.sendUdp(to, port, 4000, Buffer.from('hello'))
      const { icmp } = await guest.next('icmp')
      expect(icmp.kind).toBe('unreachable')
      if (icmp.kind === 'unreachable') expect(parseIpv4(icmp.packet)).toBe('ipv4: truncated') // the quoted head
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(reached).toBe(0)
    expect(link.stats().udpSessions).toBe(0)
  })

  test('a port where nobody listens is refused', async () => {
    const { guest } = await guestOn({ hostLoopback: true })
    const free = createSocket('udp4')
    await new Promise<void>((resolve) => free.bind(0, '127.0.0.1', resolve))
    const { port } = free.address()
    await new Promise<void>((resolve) => free.close(resolve))
    guest.sendUdp(loopback, port, 4000, Buffer.from('hello'))
    const { icmp, packet } = await guest.next('icmp')
    expect(icmp).toMatchObject({ kind: 'unreachable', code: 3 })
    expect(packet.source).toBe(loopback)
  })

  test('only the peer may answer', async () => {
    const { guest } = await guestOn({ hostLoopback: true })
    let seen = 0
    const port = await udpServer((_payload, from) => (seen = from.port))
    guest.sendUdp(gateway, port, 4000, Buffer.from('hello'))
    await eventually(() => seen).toBeGreaterThan(0)
    const stranger = createSocket('udp4')
    open.push(stranger)
    stranger.send('boo', seen, '127.0.0.1')
    expect(await guest.hearsNo('udp')).toBe(true)
  })

  test('a rule decides; sessions are bounded and idle out', async () => {
    const port = await udpServer((payload, from, socket) => socket.send(payload, from.port, from.address))
    const { guest, link } = await guestOn({
      hostLoopback: true,
      outbound: ({ address }) => address === '192.0.2.1',
      limits: { udpSessions: 4, udpIdleMs: 150 },
    })
    guest.sendUdp(ipv4('192.0.2.2')!, 9, 4000, Buffer.from('x'))
    expect((await guest.next('icmp')).icmp).toMatchObject({ kind: 'unreachable', code: 13 })
    for (let source = 5000; source < 5050; source++) guest.sendUdp(gateway, port, source, Buffer.from('x'))
    expect(link.stats().udpSessions).toBe(4)
    await guest.next('udp', (r) => r.udp.destinationPort === 5049)
    await eventually(() => link.stats().udpSessions).toBe(0)
  })
})

describe('forwarded UDP ports', () => {
  test('two programs of the host talk to the guest, each hears its own answers', async () => {
    const { guest, link } = await guestOn({ forward: [{ host: 0, guest: 7, protocol: 'udp' }] })
    const { host: port } = link.forwards[0]!
    const clients = await Promise.all(
      [1, 2].map(async (id) => {
        const socket = createSocket('udp4')
        open.push(socket)
        const heard: Buffer[] = []
        socket.on('message', (payload) => heard.push(payload))
        await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
        return { id, socket, heard }
      }),
    )
    for (const length of [1, 1472, 1473, 40_000]) {
      for (const { id, socket } of clients) socket.send(randomBytes(length, id), port, '127.0.0.1')
      for (let i = 0; i < 2; i++) {
        const { udp, packet } = await guest.next('udp')
        expect([udp.destinationPort, packet.source]).toEqual([7, gateway])
        guest.sendUdp(packet.source, udp.sourcePort, 7, udp.payload)
      }
      for (const { id, heard } of clients) {
        await eventually(() => heard.length).toBe(1)
        expect(Buffer.compare(heard.pop()!, randomBytes(length, id))).toBe(0)
      }
    }
  })
})

describe('DNS', () => {
  const question = Buffer.from('\x04host\x07example\0\0\x01\0\x01', 'latin1')
  const query = Buffer.concat([Buffer.from('abcd0100000100000000000000'.slice(0, 24), 'hex'), question])

  test('a query is passed on and answered; a silent or absent server gives way to the next', async () => {
    const silent = await udpServer(() => {})
    const good = await udpServer((payload, from, socket) => {
      const answer = Buffer.from(payload)
      answer.writeUInt16BE(0x8180, 2)
      // First an answer to something nobody has asked, as a forger would send.
      const forged = Buffer.from(answer)
      forged.writeUInt16BE(answer.readUInt16BE(0) ^ 1, 0)
      socket.send(forged, from.port, from.address)
      socket.send(answer, from.port, from.address)
    })
    const { guest, link } = await guestOn({
      resolvers: ['127.0.0.1:9', `127.0.0.1:${silent}`, `127.0.0.1:${good}`],
      limits: { dnsTimeoutMs: 100 },
    })
    guest.sendUdp(dns, 53, 4000, query)
    const { udp, packet } = await guest.next('udp')
    expect(packet.source).toBe(dns)
    expect(udp.payload.subarray(0, 4)).toEqual(new Uint8Array([0xab, 0xcd, 0x81, 0x80]))
    expect(Buffer.compare(udp.payload.subarray(12), question)).toBe(0)
    expect(link.stats().dropped['dns: foreign answer']).toBe(1)
  })

  test('no server at all is a server failure; closed to the outside, it is refused', async () => {
    for (const [options, code] of [
      [{ resolvers: ['127.0.0.1:9'] }, 2],
      [{ outbound: false }, 5],
    ] as const) {
      const { guest } = await guestOn(options)
      guest.sendUdp(dns, 53, 4000, query)
      expect((await guest.next('udp')).udp.payload[3]! & 15).toBe(code)
    }
  })
})

describe('what cannot be', () => {
  test('a port already taken is an error that says so, and frees the others', async () => {
    const server = createServer()
    open.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const taken = (server.address() as { port: number }).port
    const free = await udpServer(() => {})
    const udpTaken = { host: free, guest: 7, protocol: 'udp' as const }
    await expect(userNet({ forward: [udpTaken] }).open()).rejects.toMatchObject({ code: 'port-in-use' })
    const network = userNet({
      forward: [
        { host: 0, guest: 8 },
        { host: taken, guest: 7 },
      ],
    })
    await expect(network.open()).rejects.toMatchObject({
      name: 'NetError',
      code: 'port-in-use',
      message: `TCP port ${taken} on 127.0.0.1 is already in use: choose another host port with -p HOST:GUEST, or stop the program that holds it`,
    })
    await expect(
      userNet({ forward: [{ host: 0, hostAddress: '192.0.2.1', guest: 7 }] }).open(),
    ).rejects.toMatchObject({
      code: 'address-unavailable',
    })
  })

  test('name servers are addresses, with a port or without', () => {
    const good: Record<string, [string, number]> = {
      '1.1.1.1': ['1.1.1.1', 53],
      '127.0.0.1:5353': ['127.0.0.1', 5353],
      '::1': ['::1', 53],
      '[::1]:5353': ['::1', 5353],
      'fe80::1%eth0.5': ['fe80::1%eth0.5', 53],
    }
    for (const [text, [address, port]] of Object.entries(good))
      expect(parseResolver(text)).toEqual({ address, port })
    for (const text of ['', 'dns.example', '1.1.1', '1.1.1.1:0', '[::1]:99999'])
      expect(parseResolver(text)).toBeNull()
  })

  test('options out of range are named', async () => {
    const wrong: [UserNetOptions, RegExp][] = [
      [{ forward: [{ host: 70_000, guest: 7 }] }, /host port 70000/],
      [{ forward: [{ host: 7, guest: 0 }] }, /guest port 0/],
      [
        {
          forward: [
            { host: 7, guest: 7 },
            { host: 7, guest: 8 },
          ],
        },
        /forwarded twice/,
      ],
      [{ mtu: 100 }, /MTU/],
      [{ resolvers: ['nowhere'] }, /'nowhere'/],
    ]
    for (const [options, message] of wrong)
      await expect(userNet(options).open()).rejects.toMatchObject({ code: 'bad-option', message })
  })
})

test('a hostile guest costs nothing but counters', async () => {
  const link = await userNet({ limits: { udpSessions: 8 } }).open()
  open.push(link)
  const guest = new Station(link)
  await guest.configure()
  const seed = Date.now() & 0xffff
  console.log(`hostile guest: seed ${seed}`)
  const random = new Prng(seed)
  const templates = [
    frameOf(0x0800, '45000054'),
    frameOf(0x0806, '00010800060400'),
    frameOf(0x86dd, '60'),
    new Uint8Array(3),
  ]
  for (let i = 0; i < 20_000; i++) {
    const template = templates[random.next32() % templates.length]!
    const frame = new Uint8Array(random.next32() % 128)
    for (let at = 0; at < frame.length; at++) frame[at] = random.next32()
    frame.set(template.subarray(0, frame.length))
    link.send(frame)
  }
  const { dropped, udpSessions } = link.stats()
  expect(Object.values(dropped).reduce((a, b) => a + b, 0)).toBeGreaterThan(15_000)
  expect(Object.keys(dropped).length).toBeLessThan(60)
  expect(udpSessions).toBeLessThanOrEqual(8)
  guest.sendIcmp(gateway, { kind: 'echo-request', identifier: 1, sequence: 1, data: new Uint8Array(8) })
  expect((await guest.next('icmp', (r) => r.icmp.kind === 'echo-reply')).icmp.kind).toBe('echo-reply')
})

function frameOf(type: number, payload: string): Uint8Array {
  return Buffer.concat([
    Buffer.from('52550a000202525400123456', 'hex'),
    Uint8Array.of(type >> 8, type & 255),
    Buffer.from(payload, 'hex'),
  ])
}

beforeAll(() => {
  if (!hasProgram('tshark')) console.log('tshark is missing: captures are not checked')
})

afterAll(() => {
  try {
    if (!hasProgram('tshark')) return
    for (let i = 0; i < captures; i++) expect(malformed(`${capture}.${i}`)).toBe('')
    expect(tshark(`${capture}.0`, '-Y', 'dhcp.option.dhcp == 5')).toContain('10.0.2.2')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
