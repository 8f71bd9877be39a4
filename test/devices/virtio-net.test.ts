import { describe, expect, test } from 'vitest'
import { VirtioNet } from '../../src/devices/virtio/net/net.ts'
import { buildFrame, GUEST_MAC, HOST_MAC, isRight } from './support/frames.ts'
import { createRandom } from './support/random.ts'
import {
  F_EVENT_IDX,
  F_INDIRECT,
  F_PACKED,
  F_VERSION_1,
  NEEDS_RESET,
  QUEUE_BYTES,
  VirtioBench,
} from './support/virtio-bench.ts'
import type { DriverQueue } from './support/virtqueue-driver.ts'

const CSUM = 1n << 0n
const GUEST_CSUM = 1n << 1n
const MAC = 1n << 5n
const HOST_TSO4 = 1n << 11n
const HOST_TSO6 = 1n << 12n
const MRG_RXBUF = 1n << 15n
const CTRL_VQ = 1n << 17n
const CTRL_RX = 1n << 18n
const MQ = 1n << 22n
const CTRL_MAC = 1n << 23n

const QUEUES = 0x10000
const BUFFERS = 0x200000
const HEADER = 12
const PAIRS = 4
const CONTROL = 2 * PAIRS

class TestPort {
  sent: Uint8Array[] = []
  arrived: Uint8Array[] = []
  room = Infinity

  transmit(frame: Uint8Array): boolean {
    if (this.sent.length >= this.room) return false
    this.sent.push(frame.slice())
    return true
  }

  peek(): Uint8Array | null {
    return this.arrived[0] ?? null
  }

  next(): void {
    this.arrived.shift()
  }
}

class NetBench {
  readonly port = new TestPort()
  readonly net = new VirtioNet({ mac: GUEST_MAC, port: this.port, queuePairs: PAIRS })
  readonly bench = new VirtioBench(this.net)
  readonly queues: DriverQueue[] = []
  #next = BUFFERS

  constructor(features: bigint, ring = 0n) {
    this.bench.enableMsix()
    expect(this.bench.negotiate(features | ring | F_VERSION_1)).toBe(true)
    const count = features & MQ ? CONTROL + 1 : 3
    for (let i = 0; i < count; i++) {
      this.queues.push(this.bench.setUpQueue(i, ring, 64, QUEUES + QUEUE_BYTES * i))
      this.queues[i]!.enableInterrupts()
    }
    this.bench.start()
  }

  buffer(bytes: number): number {
    const gpa = this.#next
    this.#next += (bytes + 15) & ~15
    if (this.#next > 4 << 20) this.#next = BUFFERS
    return this.#next === BUFFERS ? this.buffer(bytes) : gpa
  }

  bytes(gpa: number, length: number): Uint8Array {
    return new Uint8Array(this.bench.ram, gpa, length)
  }

  /** Transmits a frame in one, two or three pieces. */
  transmit(
    frame: Uint8Array,
    header: { flags?: number; gso?: number; size?: number; start?: number; offset?: number } = {},
    cuts: number[] = [HEADER],
    pair = 0,
  ): void {
    const packet = new Uint8Array(HEADER + frame.length)
    const view = new DataView(packet.buffer)
    packet.set([header.flags ?? 0, header.gso ?? 0])
    ;[0, header.size ?? 0, header.start ?? 0, header.offset ?? 0].forEach((v, i) =>
      view.setUint16(2 + 2 * i, v, true),
    )
    packet.set(frame, HEADER)
    const gpa = this.buffer(packet.length)
    this.bytes(gpa, packet.length).set(packet)
    const edges = [0, ...cuts.filter((cut) => cut < packet.length), packet.length]
    const queue = this.queues[2 * pair + 1]!
    const pieces = edges
      .slice(1)
      .map((edge, i) => ({ gpa: gpa + edges[i]!, length: edge - edges[i]!, writable: false }))
    queue.add(pieces)
    this.bench.notify(2 * pair + 1)
  }

  offer(length: number, pair = 0): { token: number; gpa: number } {
    const gpa = this.buffer(length)
    return { token: this.queues[2 * pair]!.add([{ gpa, length, writable: true }]), gpa }
  }

  command(...bytes: number[]): number {
    const index = this.queues.length - 1
    const gpa = this.buffer(bytes.length)
    const answer = this.buffer(1)
    this.bytes(gpa, bytes.length).set(bytes)
    this.bytes(answer, 1)[0] = 0xee
    this.queues[index]!.add([
      { gpa, length: bytes.length, writable: false },
      { gpa: answer, length: 1, writable: true },
    ])
    this.bench.notify(index)
    expect(this.queues[index]!.collect()?.written).toBe(1)
    return this.bytes(answer, 1)[0]!
  }

  get counters(): Record<string, number> {
    return this.bench.diagnostics.counters.toObject()
  }
}

const payload = (length: number, seed = 1): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random(256))
}

const RINGS: [string, bigint][] = [
  ['split', 0n],
  ['split with event index and indirect', F_EVENT_IDX | F_INDIRECT],
  ['packed', F_PACKED],
  ['packed with event index', F_PACKED | F_EVENT_IDX],
]

describe.each(RINGS)('%s', (_name, ring) => {
  test('frames leave as they are, in however many pieces', () => {
    const net = new NetBench(MAC, ring)
    const random = createRandom(3)
    for (let i = 0; i < 300; i++) {
      const frame = buildFrame({ payload: payload(random(1400), i), sum: 'full' })
      const cuts = Array.from({ length: random(4) }, () => 1 + random(frame.length)).toSorted((a, b) => a - b)
      net.transmit(frame, {}, [...new Set(cuts)])
      expect(net.port.sent.pop()).toEqual(frame)
      expect(net.queues[1]!.collect()?.written).toBe(0)
    }
    expect(net.counters).toEqual({})
  })

  test('frames arrive whole, in order, with one interrupt for all of them', () => {
    const net = new NetBench(MAC, ring)
    const offered = Array.from({ length: 20 }, () => net.offer(1526))
    net.bench.notify(0)
    const frames = Array.from({ length: 25 }, (_, i) =>
      buildFrame({ from: HOST_MAC, to: GUEST_MAC, payload: payload(50 * i, i), sum: 'full' }),
    )
    net.port.arrived.push(...frames)
    net.net.resume()
    expect(net.bench.takeInterrupts()).toEqual([0])
    for (const [i, { token, gpa }] of offered.entries()) {
      const written = HEADER + frames[i]!.length
      expect(net.queues[0]!.collect()).toEqual({ token, written })
      expect(net.bytes(gpa + HEADER, frames[i]!.length)).toEqual(frames[i])
      expect([...net.bytes(gpa, HEADER)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])
    }
    // The rest waits for buffers, and the driver is asked to say when there are some.
    expect(net.port.arrived).toHaveLength(5)
    net.queues[0]!.enableInterrupts()
    for (let i = 0; i < 5; i++) net.offer(1526)
    expect(net.queues[0]!.needsKick()).toBe(true)
    net.bench.notify(0)
    expect([net.port.arrived.length, net.bench.takeInterrupts()]).toEqual([0, [0]])
  })

  test('a frame takes several mergeable buffers, and waits when there are too few', () => {
    const net = new NetBench(MAC | MRG_RXBUF, ring)
    const frame = buildFrame({ from: HOST_MAC, to: GUEST_MAC, payload: payload(1000), sum: 'full' })
    const first = [300, 300, 300].map((length) => net.offer(length))
    net.port.arrived.push(frame)
    net.net.resume()
    expect(net.port.arrived).toHaveLength(1)
    const offered = [...first, net.offer(400)]
    net.bench.notify(0)
    expect(net.port.arrived).toHaveLength(0)
    const whole: number[] = []
    for (const { token, gpa } of offered) {
      const used = net.queues[0]!.collect()!
      expect(used.token).toBe(token)
      whole.push(...net.bytes(gpa, used.written))
    }
    expect(whole.slice(0, HEADER)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0])
    expect(whole.slice(HEADER)).toEqual([...frame])
    expect(net.queues[0]!.collect()).toBeNull()
  })

  test('a wire that is full holds the guest back; nothing is lost or reordered', () => {
    const net = new NetBench(MAC, ring)
    net.port.room = 2
    const frames = Array.from({ length: 10 }, (_, i) => buildFrame({ payload: payload(20, i), sum: 'full' }))
    for (const frame of frames) net.transmit(frame)
    expect([net.port.sent.length, net.net.isBlocked]).toEqual([2, true])
    net.port.room = Infinity
    net.net.resume()
    expect([net.port.sent, net.net.isBlocked]).toEqual([frames, false])
  })
})

describe('checksum offload', () => {
  test.each([
    ['TCP, IPv4', { ipv6: false, protocol: 6 as const }, 34, 16],
    ['UDP, IPv4', { ipv6: false, protocol: 17 as const }, 34, 6],
    ['TCP, IPv6', { ipv6: true, protocol: 6 as const }, 54, 16],
  ])('%s: the device completes the sum', (_name, kind, start, offset) => {
    const net = new NetBench(MAC | CSUM)
    for (const length of [0, 1, 2, 777, 1400]) {
      const frame = buildFrame({ ...kind, payload: payload(length), sum: 'pseudo' })
      net.transmit(frame, { flags: 1, start, offset })
      const sent = net.port.sent.pop()!
      expect(isRight(sent)).toBe(true)
      expect(sent).toEqual(buildFrame({ ...kind, payload: payload(length), sum: 'full' }))
    }
  })

  test('a place outside the frame is refused, and without the feature any', () => {
    const net = new NetBench(MAC | CSUM)
    const frame = buildFrame({ payload: payload(10), sum: 'pseudo' })
    for (const [start, offset] of [
      [frame.length, 0],
      [34, 1000],
      [0xffff, 0xffff],
    ])
      net.transmit(frame, { flags: 1, start, offset })
    const without = new NetBench(MAC)
    without.transmit(frame, { flags: 1, start: 34, offset: 16 })
    expect([net.port.sent, without.port.sent]).toEqual([[], []])
    expect([net.counters, without.counters]).toEqual([{ 'net.tx.bad-csum': 3 }, { 'net.tx.bad-csum': 1 }])
  })

  test('received sums are vouched for when they are right, and only then', () => {
    const net = new NetBench(MAC | GUEST_CSUM)
    const base = { from: HOST_MAC, to: GUEST_MAC, payload: payload(333) }
    const udpWithout = buildFrame({ ...base, protocol: 17, sum: 'full' })
    udpWithout.fill(0, 40, 42)
    const fragment = buildFrame({ ...base, sum: 'full' })
    fragment[20] = 0x20
    const cases: [Uint8Array, number][] = [
      [buildFrame({ ...base, sum: 'full' }), 2],
      [buildFrame({ ...base, protocol: 17, sum: 'full' }), 2],
      [buildFrame({ ...base, ipv6: true, sum: 'full' }), 2],
      [buildFrame({ ...base, sum: 'wrong' }), 0],
      [buildFrame({ ...base, ipv6: true, sum: 'wrong' }), 0],
      [udpWithout, 0],
      [fragment, 0],
      [buildFrame({ ...base, sum: 'full' }).subarray(0, 60), 0],
    ]
    for (const [frame, flags] of cases) {
      const { gpa } = net.offer(1526)
      net.port.arrived.push(frame)
      net.net.resume()
      expect(net.bytes(gpa, 1)[0]).toBe(flags)
    }
  })
})

describe('segmentation offload', () => {
  test.each([
    ['IPv4', false, HOST_TSO4, 1],
    ['IPv6', true, HOST_TSO6, 4],
  ])('%s: the packets are what a driver would have sent itself', (_name, ipv6, feature, gso) => {
    const net = new NetBench(MAC | CSUM | feature)
    for (const [length, size] of [
      [5000, 1460],
      [1460, 1460],
      [1461, 1460],
      [60_000, 1000],
      [100, 48],
    ] as const) {
      const data = payload(length)
      const sequence = 0xffff_fff0
      const big = buildFrame({ ipv6, payload: data, sequence, flags: 0x99, sum: 'pseudo' })
      net.transmit(big, { flags: 1, gso, size, start: ipv6 ? 54 : 34, offset: 16 }, [HEADER, 500, 9000])
      const sent = net.port.sent.splice(0)
      expect(sent).toHaveLength(Math.ceil(length / size))
      const wanted = sent.map((_, i) =>
        buildFrame({
          ipv6,
          payload: data.subarray(i * size, (i + 1) * size),
          sequence: (sequence + i * size) >>> 0,
          // CWR only on the first, PSH and FIN only on the last.
          flags: 0x10 | (i === 0 ? 0x80 : 0) | (i === sent.length - 1 ? 0x09 : 0),
          sum: 'full',
        }),
      )
      for (const [i, segment] of sent.entries()) {
        expect(isRight(segment)).toBe(true)
        if (!ipv6) {
          expect(segment[18]! * 256 + segment[19]!).toBe((0xfffe + i) & 0xffff)
          segment.set(wanted[i]!.subarray(18, 20), 18)
          segment.set(wanted[i]!.subarray(24, 26), 24)
        }
        expect(segment).toEqual(wanted[i])
      }
    }
  })

  test('nonsense is refused: segments of one byte, wrong kind, not negotiated', () => {
    const net = new NetBench(MAC | CSUM | HOST_TSO4)
    const frame = buildFrame({ payload: payload(3000), sum: 'pseudo' })
    const place = { start: 34, offset: 16 }
    net.transmit(frame, { flags: 1, gso: 1, size: 1, ...place })
    net.transmit(frame, { flags: 1, gso: 4, size: 1460, ...place })
    net.transmit(frame, { flags: 0, gso: 1, size: 1460, ...place })
    net.transmit(frame, { flags: 1, gso: 3, size: 1460, ...place })
    net.transmit(frame.subarray(0, 40), { flags: 1, gso: 1, size: 1460, ...place })
    expect([net.port.sent, net.counters]).toEqual([[], { 'net.tx.bad-gso': 5 }])
  })
})

describe('control queue', () => {
  const all = MAC | CTRL_VQ | CTRL_RX | CTRL_MAC | MQ

  function receives(net: NetBench, to: number[]): boolean {
    const { token } = net.offer(1526)
    net.port.arrived.push(
      buildFrame({ from: HOST_MAC, to: Uint8Array.from(to), payload: payload(20), sum: 'full' }),
    )
    net.net.resume()
    const used = net.queues[0]!.collect()
    if (used === null) return false
    expect(used.token).toBeDefined()
    return used.token === token || true
  }

  test('filters: own address, broadcast, tables, modes', () => {
    const net = new NetBench(all)
    const [own, other, broadcast, group] = [
      [...GUEST_MAC],
      [2, 9, 9, 9, 9, 9],
      Array(6).fill(255),
      [1, 0, 0x5e, 0, 0, 1],
    ] as number[][]
    expect([own, other, broadcast, group].map((to) => receives(net, to!))).toEqual([true, false, true, true])
    expect(net.command(1, 0, 1, 0, 0, 0, ...other!, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 2)).toBe(0)
    expect([own, other, broadcast, group].map((to) => receives(net, to!))).toEqual([true, true, true, false])
    expect(net.command(0, 5, 1)).toBe(0)
    expect(receives(net, broadcast!)).toBe(false)
    expect(net.command(0, 0, 1)).toBe(0)
    expect(receives(net, [2, 7, 7, 7, 7, 7])).toBe(true)
    expect(net.command(0, 0, 0)).toBe(0)
    expect(net.command(1, 1, 2, 7, 7, 7, 7, 7)).toBe(0)
    expect([receives(net, [2, 7, 7, 7, 7, 7]), receives(net, own!)]).toEqual([true, false])
    expect([net.bench.readDevice(0, 4), net.bench.readDevice(4, 2)]).toEqual([0x07070702, 0x0707])
  })

  test('bad commands are answered with an error', () => {
    const net = new NetBench(all)
    const bad = [
      [9, 0, 0],
      [0, 6, 1],
      [0, 0],
      [1, 0, 255, 255, 255, 255],
      [1, 0, 1, 0, 0, 0, 1],
      [1, 1, 1, 2, 3],
      [1, 1, 1, 0, 0, 0, 0, 0],
      [4, 0, 0, 0],
      [4, 0, PAIRS + 1, 0],
      [4, 1, 1, 0],
    ]
    expect(bad.map((command) => net.command(...command))).toEqual(bad.map(() => 1))
    expect(net.command(1, 0, ...Array(5000).fill(0))).toBe(1)
  })

  test('several pairs: a flow is received where it was sent', () => {
    const net = new NetBench(all)
    expect(net.command(4, 0, PAIRS, 0)).toBe(0)
    for (let pair = 0; pair < PAIRS; pair++) for (let i = 0; i < 8; i++) net.offer(1526, pair)
    for (let pair = 0; pair < PAIRS; pair++) {
      const port = 40_000 + 17 * pair
      net.transmit(buildFrame({ payload: payload(5), ports: [port, 7], sum: 'full' }), {}, [HEADER], pair)
      net.port.arrived.push(
        buildFrame({ from: HOST_MAC, to: GUEST_MAC, payload: payload(5), ports: [7, port], sum: 'full' }),
      )
      net.bench.takeInterrupts()
      net.net.resume()
      expect(net.bench.takeInterrupts()).toEqual([2 * pair])
      net.queues[2 * pair]!.collect()
      net.queues[2 * pair]!.enableInterrupts()
    }
  })
})

test('without a driver frames are dropped, and a reset forgets the driver', () => {
  const net = new NetBench(MAC)
  net.bench.set('status', 0)
  net.port.arrived.push(payload(100), payload(100))
  net.net.resume()
  expect([net.port.arrived.length, net.counters]).toEqual([0, { 'net.rx.no-driver': 2 }])
})

test('a receive buffer without room for a header is the end; frames of no length are counted', () => {
  const net = new NetBench(MAC | MRG_RXBUF)
  net.transmit(new Uint8Array(3))
  expect(net.counters).toEqual({ 'net.tx.bad-length': 1 })
  net.offer(4)
  net.port.arrived.push(buildFrame({ to: GUEST_MAC, payload: payload(10), sum: 'full' }))
  net.net.resume()
  expect(net.bench.get('status') & NEEDS_RESET).toBe(NEEDS_RESET)
  expect(net.counters['net.rx.bad-buffer']).toBe(1)
})

test('features that need others are not granted alone', () => {
  for (const features of [HOST_TSO4, MQ, CTRL_RX, CTRL_MAC, 1n << 13n, (1n << 40n) << 10n]) {
    const bench = new VirtioBench(new VirtioNet({ mac: GUEST_MAC, port: new TestPort(), queuePairs: 2 }))
    expect(bench.negotiate(features | F_VERSION_1)).toBe(false)
  }
  const legacy = new VirtioBench(new VirtioNet({ mac: GUEST_MAC, port: new TestPort() }))
  expect(legacy.negotiate(MAC)).toBe(false)
})

test('configuration: address, link, pairs, MTU, in any width; writes are refused', () => {
  const { bench } = new NetBench(MAC)
  expect([0, 1, 2, 3, 4, 5].map((i) => bench.readDevice(i, 1))).toEqual([...GUEST_MAC])
  expect([6, 8, 10].map((i) => bench.readDevice(i, 2))).toEqual([1, PAIRS, 1500])
  expect(bench.readDevice(100, 4)).toBe(0)
  bench.mmio.write(bench.bases[2]!, 1, 0)
  expect(bench.readDevice(0, 1)).toBe(0x52)
})
