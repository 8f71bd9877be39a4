import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/devices/random.ts'
import { VirtioRng } from '../../src/devices/virtio/rng.ts'
import { createRandom } from './support/random.ts'
import {
  DRIVER_OK,
  F_EVENT_IDX,
  F_INDIRECT,
  F_PACKED,
  F_RING_RESET,
  F_VERSION_1,
  NEEDS_RESET,
  VirtioBench,
} from './support/virtio-bench.ts'

const BASE = 0x10000
const BUFFERS = 0x100000
/** As the device numbers its counters. */
const RINGS: [name: string, features: bigint][] = [
  ['split', 0n],
  ['split, event index', F_EVENT_IDX],
  ['split, indirect', F_INDIRECT],
  ['packed', F_PACKED],
  ['packed, event index', F_PACKED | F_EVENT_IDX],
  ['packed, indirect, event index', F_PACKED | F_INDIRECT | F_EVENT_IDX],
]

function setUp(features: bigint, size = 16) {
  const bench = new VirtioBench(new VirtioRng(SeededRandom.fromNumber(1)))
  bench.enableMsix()
  expect(bench.negotiate(features | F_VERSION_1)).toBe(true)
  const queue = bench.setUpQueue(0, features, size, BASE)
  bench.start()
  return { bench, queue }
}

describe.each(RINGS)('%s', (_name, features) => {
  const indirect = (features & F_INDIRECT) !== 0n

  test('requests of every shape come back with the bytes that were asked for', () => {
    const size = features & F_PACKED ? 13 : 16
    const { bench, queue } = setUp(features, size)
    const random = createRandom(7)
    const expected = SeededRandom.fromNumber(1)
    const ram = new Uint8Array(bench.ram)
    queue.enableInterrupts()
    for (let round = 0; round < 2000; round++) {
      const requests = Array.from({ length: 1 + random(4) }, () => {
        const lengths = Array.from({ length: 1 + random(3) }, () => 1 + random(100))
        let gpa = BUFFERS + random(100_000)
        const pieces = lengths.map((length) => {
          const piece = { gpa, length, writable: true }
          gpa += length + random(10)
          return piece
        })
        return { pieces, token: queue.add(pieces, indirect && random(2) === 0) }
      })
      expect(queue.needsKick()).toBe(true)
      bench.notify(0)
      expect(bench.takeInterrupts()).toEqual([0])
      // All at once may overlap, so only the last request's bytes can be looked at.
      for (const [i, { pieces, token }] of requests.entries()) {
        const total = pieces.reduce((sum, piece) => sum + piece.length, 0)
        const bytes = new Uint8Array(total)
        expected.generate(bytes)
        expect(queue.collect()).toEqual({ token, written: total })
        if (i + 1 < requests.length) continue
        expect(pieces.flatMap(({ gpa, length }) => [...ram.subarray(gpa, gpa + length)])).toEqual([...bytes])
      }
      expect(queue.collect()).toBeNull()
      queue.enableInterrupts()
    }
    expect(bench.diagnostics.counters.toObject()).toEqual({})
  })

  test('no interrupt while they are disabled', () => {
    const { bench, queue } = setUp(features)
    queue.disableInterrupts()
    for (let i = 0; i < 40; i++) {
      queue.add([{ gpa: BUFFERS, length: 8, writable: true }])
      bench.notify(0)
      expect(queue.collect()).not.toBeNull()
    }
    expect(bench.takeInterrupts()).toEqual([])
  })

  test('with the event index the interrupt comes with the completion that was asked for', () => {
    if (!(features & F_EVENT_IDX)) return
    const { bench, queue } = setUp(features, 16)
    for (let round = 0; round < 20; round++) {
      queue.enableInterrupts(4)
      for (let i = 0; i < 5; i++) {
        queue.add([{ gpa: BUFFERS, length: 8, writable: true }])
        bench.notify(0)
        expect(bench.takeInterrupts()).toEqual(i === 4 ? [0] : [])
      }
      while (queue.collect() !== null);
    }
  })

  test('a snapshot in the middle goes on where it was', () => {
    const one = setUp(features)
    const other = new VirtioBench(new VirtioRng(SeededRandom.fromNumber(99)))
    for (let i = 0; i < 21; i++) {
      one.queue.add([{ gpa: BUFFERS, length: 8, writable: true }])
      one.bench.notify(0)
      one.queue.collect()
    }
    one.queue.enableInterrupts()
    one.queue.add([{ gpa: BUFFERS, length: 64, writable: true }])
    new Uint8Array(other.ram).set(new Uint8Array(one.bench.ram))
    other.pci.load(one.bench.pci.save())
    for (const { bench } of [one, { bench: other }]) bench.notify(0)
    const ramOf = (bench: VirtioBench): Uint8Array => new Uint8Array(bench.ram)
    expect(Buffer.compare(ramOf(one.bench), ramOf(other))).toBe(0)
    expect(other.takeInterrupts()).toEqual(one.bench.takeInterrupts().slice(-1))
    expect(other.pci.save()).toEqual(one.bench.pci.save())
  })

  test('a queue can be reset alone and set up again', () => {
    const { bench } = setUp(features | F_RING_RESET)
    bench.set('queueSelect', 0)
    bench.set('queueReset', 1)
    expect([bench.get('queueReset'), bench.get('queueEnable')]).toEqual([0, 0])
    bench.notify(0)
    expect(bench.diagnostics.counters.get('virtio.stray-notify')).toBe(1)
    const again = bench.setUpQueue(0, features, 8, BASE)
    again.enableInterrupts()
    again.add([{ gpa: BUFFERS, length: 8, writable: true }])
    bench.notify(0)
    expect([again.collect()?.written, bench.takeInterrupts()]).toEqual([8, [0]])
  })
})

/** What a hostile driver does to a split ring: written by hand over the rings that were set up. */
const SPLIT_ATTACKS: [name: string, counter: string, attack: (view: DataView) => void][] = [
  [
    'a chain that is a loop',
    'virtio.chain-too-long',
    (v) => [0, 1, 2].forEach((i) => desc(v, i, BUFFERS, 8, 3, (i + 1) % 3)),
  ],
  ['a head beyond the table', 'virtio.bad-index', (v) => v.setUint16(BASE + 0x4004, 16, true)],
  ['a next beyond the table', 'virtio.bad-index', (v) => desc(v, 0, BUFFERS, 8, 3, 0x7fff)],
  ['a buffer outside RAM', 'dma.outside-ram', (v) => desc(v, 0, 0x4000_0000, 8, 2, 0)],
  ['a buffer across the end of RAM', 'dma.outside-ram', (v) => desc(v, 0, (4 << 20) - 4, 8, 2, 0)],
  [
    'a buffer at the end of the address space',
    'dma.outside-ram',
    (v) => desc(v, 0, 2 ** 64 - 2048, 4096, 2, 0),
  ],
  ['an empty buffer', 'virtio.empty-buffer', (v) => desc(v, 0, BUFFERS, 0, 2, 0)],
  ['an available index far ahead', 'virtio.bad-avail-index', (v) => v.setUint16(BASE + 0x4002, 17, true)],
  ['an indirect table, not negotiated', 'virtio.bad-indirect', (v) => desc(v, 0, BUFFERS, 16, 4, 0)],
  [
    'readable after writable',
    'virtio.bad-order',
    (v) => {
      desc(v, 0, BUFFERS, 8, 3, 1)
      desc(v, 1, BUFFERS, 8, 0, 0)
    },
  ],
]

const INDIRECT_ATTACKS: typeof SPLIT_ATTACKS = [
  [
    'an indirect table in an indirect table',
    'virtio.bad-indirect',
    (v) => indirect(v, 16, [[BUFFERS, 16, 4, 0]]),
  ],
  ['an indirect table of odd size', 'virtio.bad-indirect', (v) => desc(v, 0, BUFFERS, 24, 4, 0)],
  ['an indirect table of no size', 'virtio.bad-indirect', (v) => desc(v, 0, BUFFERS, 0, 4, 0)],
  ['an indirect table with a next', 'virtio.bad-indirect', (v) => desc(v, 0, BUFFERS, 16, 5, 1)],
  ['an indirect table that is too long', 'virtio.chain-too-long', (v) => desc(v, 0, BUFFERS, 16 * 17, 4, 0)],
  ['an indirect table of 4 GiB', 'virtio.chain-too-long', (v) => desc(v, 0, BUFFERS, 0xffff_fff0, 4, 0)],
  ['an indirect table outside RAM', 'dma.outside-ram', (v) => desc(v, 0, 0x4000_0000, 16, 4, 0)],
  ['a loop in an indirect table', 'virtio.chain-too-long', (v) => indirect(v, 16, [[BUFFERS, 8, 3, 0]])],
]

function desc(
  view: DataView,
  index: number,
  gpa: number,
  length: number,
  flags: number,
  next: number,
  at = BASE,
): void {
  view.setBigUint64(at + 16 * index, BigInt(gpa), true)
  view.setUint32(at + 16 * index + 8, length, true)
  view.setUint16(at + 16 * index + 12, flags, true)
  view.setUint16(at + 16 * index + 14, next, true)
}

function indirect(view: DataView, bytes: number, entries: [number, number, number, number][]): void {
  desc(view, 0, BUFFERS, bytes, 4, 0)
  entries.forEach(([gpa, length, flags, next], i) => desc(view, i, gpa, length, flags, next, BUFFERS))
}

describe.each([
  ['direct', 0n, SPLIT_ATTACKS],
  ['indirect', F_INDIRECT, INDIRECT_ATTACKS],
] as const)('a hostile split ring, %s', (_name, features, attacks) => {
  test.each(attacks)('%s: the device needs a reset, and works after it', (_attack, counter, attack) => {
    const { bench } = setUp(features)
    const view = new DataView(bench.ram)
    view.setUint16(BASE + 0x4002, 1, true)
    attack(view)
    bench.set('configVector', 1)
    bench.notify(0)
    expect(bench.get('status') & NEEDS_RESET).toBe(NEEDS_RESET)
    expect(bench.diagnostics.counters.get(counter)).toBe(1)
    expect(bench.takeInterrupts()).toEqual([1])
    bench.notify(0)
    expect(bench.diagnostics.counters.get('virtio.stray-notify')).toBe(1)

    bench.negotiate(F_VERSION_1)
    const queue = bench.setUpQueue(0, 0n, 16, BASE)
    bench.start()
    queue.add([{ gpa: BUFFERS, length: 8, writable: true }])
    bench.notify(0)
    expect([queue.collect()?.written, bench.get('status') & (NEEDS_RESET | DRIVER_OK)]).toEqual([
      8,
      DRIVER_OK,
    ])
  })
})

test('packed: more chained descriptors than the ring has are a fault', () => {
  const { bench } = setUp(F_PACKED, 4)
  const view = new DataView(bench.ram)
  for (let i = 0; i < 4; i++) {
    desc(view, i, BUFFERS, 8, 0, 0x80 | 2 | 1)
  }
  bench.notify(0)
  expect(bench.diagnostics.counters.get('virtio.chain-too-long')).toBe(1)
})

test.each([
  ['split', 0n, 0x8],
  ['packed', F_PACKED, 0x8],
])(
  '%s: rings misaligned or outside RAM are refused when the queue is enabled',
  (_name, features, misalignment) => {
    for (const [base, counter] of [
      [BASE + misalignment, 'virtio.misaligned-ring'],
      [(4 << 20) - 64, 'dma.outside-ram'],
      [2 ** 52, 'dma.outside-ram'],
    ] as const) {
      const bench = new VirtioBench(new VirtioRng(SeededRandom.fromNumber(1)))
      bench.negotiate(features | F_VERSION_1)
      bench.set('descriptor', base)
      bench.set('driver', BASE + 0x4000)
      bench.set('device', BASE + 0x5000)
      bench.set('queueEnable', 1)
      expect([bench.get('queueEnable'), bench.get('status') & NEEDS_RESET]).toEqual([0, NEEDS_RESET])
      expect(bench.diagnostics.counters.get(counter)).toBe(1)
    }
  },
)

test('queue sizes: powers of two for a split ring, any for a packed one, never beyond the maximum', () => {
  const bench = new VirtioBench(new VirtioRng(SeededRandom.fromNumber(1)))
  for (const [features, accepted] of [
    [0n, [1, 2, 64]],
    [F_PACKED, [1, 2, 3, 63, 64]],
  ] as const) {
    bench.negotiate(features | F_VERSION_1)
    const taken = [0, 1, 2, 3, 63, 64, 65, 0x8000, 0xffff].filter((size) => {
      bench.set('queueSize', size)
      return bench.get('queueSize') === size
    })
    expect(taken).toEqual(accepted)
  }
})
