/** The block device under a driver written against the standard (virtio 1.2, 5.2), in every kind of ring and through both interfaces. */
import { describe, expect, test } from 'vitest'
import { BlockError } from '../../src/devices/storage/block-backend.ts'
import { MemoryDisk } from '../../src/devices/storage/memory-disk.ts'
import { VirtioBlock } from '../../src/devices/virtio/block/block.ts'
import { TestTime } from './support/fake-time.ts'
import { LegacyBench } from './support/legacy-bench.ts'
import { createRandom } from './support/random.ts'
import { F_EVENT_IDX, F_INDIRECT, F_PACKED, F_VERSION_1, NEEDS_RESET } from './support/virtio-bench.ts'
import type { DriverQueue, Piece } from './support/virtqueue-driver.ts'

const SECTORS = 256
const QUEUE = 0x10000
const HEADER = 0x100000
const STATUS = 0x100100
const DATA = 0x110000

const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13]
const [OK, IOERR, UNSUPP] = [0, 1, 2]
const F_RO = 1n << 5n
const F_FLUSH = 1n << 9n
const F_CONFIG_WCE = 1n << 11n
const F_DISCARD = 1n << 13n
const F_ZEROES = 1n << 14n
const ALL = F_FLUSH | F_CONFIG_WCE | F_DISCARD | F_ZEROES

/** Counts flushes, and fails when told to. */
class TestDisk extends MemoryDisk {
  flushes = 0
  failure: string | null = null

  override read(offset: number, target: Uint8Array): void {
    if (this.failure !== null) throw new BlockError(this.failure)
    super.read(offset, target)
  }

  override flush(): void {
    this.flushes++
  }
}

class BlockBench {
  readonly contents = new Uint8Array(512 * SECTORS).map((_, i) => (i * 7 + (i >> 9)) & 0xff)
  readonly disk: TestDisk
  readonly time = new TestTime()
  readonly bench: LegacyBench
  readonly ram: Uint8Array
  readonly queue: DriverQueue
  readonly isLegacy: boolean

  constructor(features: bigint | 'legacy', isReadOnly = false) {
    this.disk = new TestDisk(this.contents, { isReadOnly })
    const device = new VirtioBlock({ disk: this.disk, time: this.time.clock, serial: 'SN-0123456789' })
    this.bench = new LegacyBench(device)
    this.ram = new Uint8Array(this.bench.ram)
    this.isLegacy = features === 'legacy'
    this.bench.writeConfig(4, 2, 7)
    if (features === 'legacy') {
      this.bench.negotiateLegacy(Number(ALL))
      this.queue = this.bench.placeQueue(0, QUEUE)
      this.bench.setLegacy('status', 7)
    } else {
      expect(this.bench.negotiate((features & this.bench.offered) | F_VERSION_1)).toBe(true)
      this.queue = this.bench.setUpQueue(0, features, 64, QUEUE)
      this.bench.start()
    }
  }

  header(type: number, sector: bigint): Piece {
    const view = new DataView(this.bench.ram)
    view.setUint32(HEADER, type, true)
    view.setBigUint64(HEADER + 8, sector, true)
    return { gpa: HEADER, length: 16, writable: false }
  }

  /** One request; its status, and how many bytes the device says it wrote. */
  request(type: number, sector: bigint | number, data: Piece[] = [], indirect = false) {
    this.ram[STATUS] = 0xee
    this.queue.add(
      [this.header(type, BigInt(sector)), ...data, { gpa: STATUS, length: 1, writable: true }],
      indirect,
    )
    if (this.isLegacy) this.bench.setLegacy('queueNotify', 0)
    else this.bench.notify(0)
    const done = this.queue.collect()
    return { status: done === null ? null : this.ram[STATUS], written: done?.written }
  }

  ranges(type: number, ...segments: [sector: number, count: number, flags: number][]) {
    const view = new DataView(this.bench.ram)
    segments.forEach(([sector, count, flags], i) => {
      view.setBigUint64(DATA + 16 * i, BigInt(sector), true)
      view.setUint32(DATA + 16 * i + 8, count, true)
      view.setUint32(DATA + 16 * i + 12, flags, true)
    })
    return this.request(type, 0, [{ gpa: DATA, length: 16 * segments.length, writable: false }]).status
  }
}

const RINGS: [name: string, features: bigint | 'legacy'][] = [
  ['split', ALL],
  ['split, event index, indirect', ALL | F_EVENT_IDX | F_INDIRECT],
  ['packed', ALL | F_PACKED],
  ['packed, event index, indirect', ALL | F_PACKED | F_EVENT_IDX | F_INDIRECT],
  ['legacy', 'legacy'],
]

describe.each(RINGS)('%s', (_name, features) => {
  test('random reads and writes, in pieces, equal a copy', () => {
    const bench = new BlockBench(features)
    const random = createRandom(7)
    const model = bench.contents.slice()
    const indirect = features !== 'legacy' && (features & F_INDIRECT) !== 0n
    for (let i = 0; i < 400; i++) {
      const sectors = 1 + random(8)
      const sector = random(SECTORS - sectors + 1)
      const bytes = 512 * sectors
      const cut = 1 + random(bytes - 1)
      const writable = random(2) === 0
      const pieces = [
        { gpa: DATA, length: cut, writable },
        { gpa: DATA + 0x4000, length: bytes - cut, writable },
      ]
      const place = [
        bench.ram.subarray(DATA, DATA + cut),
        bench.ram.subarray(DATA + 0x4000, DATA + 0x4000 + bytes - cut),
      ]
      if (!writable) {
        for (const part of place) for (let j = 0; j < part.length; j++) part[j] = random(256)
        model.set(place[0]!, 512 * sector)
        model.set(place[1]!, 512 * sector + cut)
      }
      const result = bench.request(writable ? IN : OUT, sector, pieces, indirect)
      expect(result).toEqual({ status: OK, written: writable ? bytes + 1 : 1 })
      if (writable) {
        expect(Buffer.compare(Buffer.concat(place), model.subarray(512 * sector, 512 * sector + bytes))).toBe(
          0,
        )
      }
    }
    expect(Buffer.compare(bench.contents, model)).toBe(0)
  })

  test('what lies outside, or is no whole sector, is an error and changes nothing', () => {
    const bench = new BlockBench(features)
    const before = bench.contents.slice()
    const data = (length: number, writable: boolean): Piece[] => [{ gpa: DATA, length, writable }]
    for (const [type, sector, length] of [
      [IN, SECTORS, 512],
      [IN, SECTORS - 1, 1024],
      [OUT, SECTORS, 512],
      [OUT, SECTORS - 1, 1024],
      [IN, 0, 511],
      [OUT, 0, 513],
      [OUT, 2n ** 63n, 512],
      [IN, 2n ** 55n - 1n, 512],
    ] as const)
      expect(bench.request(type, sector, data(length, type === IN)).status).toBe(IOERR)
    expect(bench.request(99, 0).status).toBe(UNSUPP)
    expect(Buffer.compare(bench.contents, before)).toBe(0)
  })
})

test('configuration: capacity, block size, limits; the same through the legacy ports', () => {
  const bench = new BlockBench(ALL)
  const read = (offset: number, size: 1 | 2 | 4): number => bench.bench.readDevice(offset, size)
  expect([read(0, 4), read(4, 4), read(12, 4), read(20, 4), read(34, 2)]).toEqual([SECTORS, 0, 254, 512, 1])
  expect([read(32, 1), read(40, 4) > 0, read(52, 4) > 0]).toEqual([1, true, true])
  const legacy = new BlockBench('legacy').bench
  expect(legacy.ports.read(legacy.configPort(0), 4)).toBe(SECTORS)
})

test('the serial number', () => {
  const bench = new BlockBench(ALL)
  expect(bench.request(GET_ID, 0, [{ gpa: DATA, length: 20, writable: true }])).toEqual({
    status: OK,
    written: 21,
  })
  expect(new TextDecoder().decode(bench.ram.slice(DATA, DATA + 20))).toBe('SN-0123456789'.padEnd(20, '\0'))
})

test('discard and write zeroes, in segments; one bad segment and nothing is done', () => {
  const bench = new BlockBench(ALL)
  expect(bench.ranges(WRITE_ZEROES, [3, 2, 0], [10, 1, 1])).toBe(OK)
  const isZero = (sector: number): boolean =>
    bench.contents.subarray(512 * sector, 512 * sector + 512).every((b) => b === 0)
  expect([2, 3, 4, 5, 9, 10, 11].filter(isZero)).toEqual([3, 4, 10])
  const before = bench.contents.slice()
  expect(bench.ranges(WRITE_ZEROES, [20, 1, 0], [SECTORS, 1, 0])).toBe(IOERR)
  expect(bench.ranges(WRITE_ZEROES, [20, 1, 2])).toBe(UNSUPP)
  expect(bench.ranges(DISCARD, [20, 1, 1])).toBe(UNSUPP)
  expect(bench.ranges(DISCARD, [20, 0xffff_ffff, 0])).toBe(IOERR)
  expect(Buffer.compare(bench.contents, before)).toBe(0)
  expect(bench.ranges(DISCARD, [20, 1, 0])).toBe(OK)
})

test('a read-only disk says so and refuses writes', () => {
  const bench = new BlockBench(ALL, true)
  expect(bench.bench.offered & (F_RO | F_DISCARD | F_ZEROES)).toBe(F_RO)
  expect(bench.request(OUT, 0, [{ gpa: DATA, length: 512, writable: false }]).status).toBe(IOERR)
  expect([bench.ranges(DISCARD, [0, 1, 0]), bench.request(FLUSH, 0).status]).toEqual([UNSUPP, OK])
  expect(bench.request(IN, 0, [{ gpa: DATA, length: 512, writable: true }]).status).toBe(OK)
})

test('without FLUSH, or with the cache switched off, each write is on the medium', () => {
  const write = (bench: BlockBench) => bench.request(OUT, 0, [{ gpa: DATA, length: 512, writable: false }])
  const cached = new BlockBench(ALL)
  write(cached)
  expect(cached.disk.flushes).toBe(0)
  cached.request(FLUSH, 0)
  expect(cached.disk.flushes).toBe(1)
  const bases = cached.bench.bases
  cached.bench.mmio.write(bases[2]! + 32, 1, 0)
  write(cached)
  expect(cached.disk.flushes).toBe(2)
  const plain = new BlockBench(0n)
  write(plain)
  expect(plain.disk.flushes).toBe(1)
})

test('a failing medium is an I/O error, and one line for the user', () => {
  const bench = new BlockBench(ALL)
  bench.disk.failure = 'disk.img: has shrunk'
  for (let i = 0; i < 3; i++)
    expect(bench.request(IN, 0, [{ gpa: DATA, length: 512, writable: true }]).status).toBe(IOERR)
  expect(bench.bench.diagnostics.counters.get('block.io-error')).toBe(3)
  bench.disk.failure = null
  expect(bench.request(IN, 0, [{ gpa: DATA, length: 512, writable: true }]).status).toBe(OK)
})

test('a long queue of big requests does not hold the machine: the rest follows when the guest has run', () => {
  const bench = new BlockBench(ALL)
  // Requests that name the same 32 MiB of memory over and over.
  const pieces = Array.from({ length: 16 }, () => ({ gpa: 0x200000, length: 2 << 20, writable: true }))
  for (let i = 0; i < 3; i++)
    bench.queue.add([bench.header(IN, 0n), ...pieces, { gpa: STATUS, length: 1, writable: true }])
  bench.bench.notify(0)
  let done = 0
  while (bench.queue.collect() !== null) done++
  expect(done).toBe(1)
  bench.time.advance(10)
  while (bench.queue.collect() !== null) done++
  expect(done).toBe(3)
})

test('a request without room for header or status needs a reset', () => {
  for (const pieces of [
    [{ gpa: HEADER, length: 15, writable: false }],
    [{ gpa: HEADER, length: 16, writable: false }],
  ]) {
    const bench = new BlockBench(ALL)
    bench.queue.add(pieces)
    bench.bench.notify(0)
    expect(bench.bench.get('status') & NEEDS_RESET).toBe(NEEDS_RESET)
  }
})
