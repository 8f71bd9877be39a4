/**
 * A hostile guest: random accesses to every register of the board, random and half-right rings, random time. The board must
 * answer, count, keep its memory bounded, and work for an honest driver afterwards.
 */
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../src/devices/storage/memory-disk.ts'
import { Board } from '../../src/machine/board.ts'
import { ramRanges } from '../../src/machine/memory-map.ts'
import { openHostFolder } from '../../src/machine/node/host-folder.ts'
import { buildFrame, GUEST_MAC, HOST_MAC } from './support/frames.ts'
import { TestTime } from './support/fake-time.ts'
import { createRandom } from './support/random.ts'

const OPERATIONS = Number(process.env.ONERING_FUZZ ?? 100_000)
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const RAM_BYTES = 4 << 20
const [NET, RNG, CONSOLE, DISK, SHARE] = [2, 3, 4, 8, 24] as const
const IA32_APIC_BASE = 0x1b
const OTHERS = [RNG, RNG, CONSOLE, DISK, SHARE] as const

type Size = 1 | 2 | 4

class Hostile {
  readonly random: (below: number) => number
  readonly time = new TestTime()
  readonly ram = new ArrayBuffer(RAM_BYTES)
  readonly view = new DataView(this.ram)
  readonly arrived: Uint8Array[] = []
  readonly board: Board
  readonly disk = new MemoryDisk(new Uint8Array(64 * 1024))
  transmitted = 0
  printed = 0
  interrupts = 0

  constructor(seed: number) {
    this.random = createRandom(seed)
    const arrived = this.arrived
    this.board = new Board({
      clock: this.time.clock,
      ram: this.ram,
      ramRanges: ramRanges(RAM_BYTES, 0),
      processor: {
        setInterrupt: (pending) => (this.interrupts += Number(pending)),
        nmi: () => {},
        interruptRun: () => {},
        ramWritten: () => {},
        tscOffset: () => 0n,
        setTaskPriority: () => {},
        setPages: () => {},
        setA20: () => {},
        addRom: () => {},
      },
      seed: new Uint8Array(32),
      epochMs: 1.7e12,
      serial: () => {},
      console: (bytes) => (this.printed += bytes.length),
      drives: [{ disk: this.disk, serial: 'fuzz', bus: 'virtio' }],
      shares: [{ tag: 'fuzz', tree: openHostFolder(import.meta.dirname, true) }],
      net: {
        mac: GUEST_MAC,
        port: {
          transmit: () => this.random(50) !== 0 && ++this.transmitted > 0,
          peek: () => arrived[0] ?? null,
          next: () => void arrived.shift(),
        },
      },
    })
  }

  size(): Size {
    return ([1, 2, 4, 4] as const)[this.random(4)]!
  }

  value(): number {
    const { random } = this
    switch (random(5)) {
      case 0:
        return 0
      case 1:
        return 0xffff_ffff
      case 2:
        return random(256)
      case 3:
        return random(RAM_BYTES)
      default:
        return random(2 ** 32)
    }
  }

  bar(slot: number, bar: number): number {
    return this.board.pci.functions.find(([device]) => device === slot)![1].barAddress(bar)
  }

  config(slot: number, offset: number, size: Size, value: number): void {
    this.board.ioWrite(0xcf8, 4, (0x8000_0000 | (slot << 11) | (offset & 0xfc)) >>> 0)
    this.board.ioWrite(0xcfc + (offset & 3), size, value)
  }

  operation(): void {
    const { random, board } = this
    const slot = random(2) === 0 ? OTHERS[random(OTHERS.length)]! : NET
    const common = this.bar(slot, 4)
    switch (random(19)) {
      case 18:
        return random(2)
          ? board.mmioWrite(0xfed0_0000 + 4 * random(88), 4, this.value())
          : void board.mmioRead(0xfed0_0000 + random(0x400), this.size())
      case 0:
        return void board.ioRead(random(0x1000), this.size())
      case 1:
        return board.ioWrite(random(0x1000), this.size(), this.value())
      case 2:
        return board.mmioWrite(0xfee0_0000 + 16 * random(64), 4, this.value())
      case 3:
        return board.mmioWrite(0xfec0_0000 + (random(2) ? 0x10 : 0), 4, random(3) ? random(64) : this.value())
      case 4:
        return board.mmioWrite(0xe000_0000 + random(1 << 18), this.size(), this.value())
      case 5:
        return void board.mmioRead64(0xc000_0000 + random(0x2000_0000))
      case 6:
        return board.apicWrite(
          [IA32_APIC_BASE, 0x6e0, 0x800 + random(64)][random(3)]!,
          BigInt(this.value()) << BigInt(random(40)),
        )
      case 7:
        return void board.apicRead([IA32_APIC_BASE, 0x6e0, 0x800 + random(64)][random(3)]!)
      case 8:
      case 9:
        return board.mmioWrite(common + random(64), this.size(), this.value())
      case 10:
        return void board.mmioRead(common + random(0x4000), this.size())
      case 11:
        return board.mmioWrite(this.bar(slot, 1) + 4 * random(1024), 4, this.value())
      case 12:
        this.arrived.splice(8)
        this.arrived.push(
          buildFrame({ from: HOST_MAC, to: GUEST_MAC, payload: new Uint8Array(random(1400)), sum: 'full' }),
        )
        return board.net!.resume()
      case 13:
        this.time.advance(random(100_000))
        return void board.acknowledgeInterrupt()
      case 14:
        return this.rings(slot, common)
      case 15:
        return this.legacy(slot)
      case 16:
        if (board.console!.room > 0) board.console!.receive(random(256))
        return board.console!.commit()
      default:
        for (let i = 0; i < 8; i++) this.view.setUint32(random(RAM_BYTES / 4) * 4, this.value(), true)
    }
  }

  /** Sets a device up by the book, with rings that are nearly right, and notifies. */
  rings(slot: number, common: number): void {
    const { random, board } = this
    if (random(8) === 0) {
      board.apicWrite(0x1b, 0xfee0_0900n)
      board.mmioWrite(0xfee0_00f0, 4, 0x1ff)
    }
    const put = (offset: number, size: Size, value: number): void =>
      board.mmioWrite(common + offset, size, value)
    this.config(slot, 4, 2, 7)
    if (board.mmioRead(common + 20, 1) !== 15 || random(2) === 0) {
      put(20, 1, 0)
      put(20, 1, 3)
      put(8, 4, 0)
      put(
        12,
        4,
        (random(2) ? 0x3000_0000 : 0) |
          (slot === NET ? 0x0042_8023 & random(2 ** 32) : slot === DISK ? 0x6e54 & random(2 ** 32) : 0),
      )
      put(8, 4, 1)
      put(12, 4, 1 | (random(2) ? 4 : 0))
      put(20, 1, 11)
    }
    const queue = slot === NET ? random(4) : random(2)
    const base = 0x1000 * (1 + random(512))
    const size = 1 << random(8)
    put(22, 2, queue)
    put(24, 2, size)
    for (const [i, area] of [base, base + 0x4000, base + 0x5000].entries()) {
      put(32 + 8 * i, 4, area)
      put(36 + 8 * i, 4, 0)
    }
    put(28, 2, 1)
    put(20, 1, 15)
    this.describe(base, size)
    if (base + 0x6000 < RAM_BYTES) {
      this.view.setUint16(base + 0x4002, random(size + 2), true)
      for (let i = 0; i < size; i++) this.view.setUint16(base + 0x4004 + 2 * i, random(size + 1), true)
    }
    board.mmioWrite(common + 0x3000 + 4 * queue, 2, queue)
  }

  /** The same through the ports of the legacy interface, or nonsense there. */
  legacy(slot: number): void {
    const { random, board } = this
    const ports = this.bar(slot, 0)
    if (random(2)) return board.ioWrite(ports + random(32), this.size(), this.value())
    this.config(slot, 4, 2, 7)
    board.ioWrite(ports + 0x12, 1, 0)
    board.ioWrite(ports + 0x12, 1, 3)
    board.ioWrite(ports + 4, 4, this.value())
    const queue = random(3)
    board.ioWrite(ports + 0x0e, 2, queue)
    const size = board.ioRead(ports + 0x0c, 2)
    const page = 1 + random(600)
    board.ioWrite(ports + 8, 4, page)
    board.ioWrite(ports + 0x12, 1, 7)
    const base = 4096 * page
    this.describe(base, size)
    const available = base + 16 * size
    if (available + 2 * size + 4 < RAM_BYTES) {
      this.view.setUint16(available + 2, random(size + 2), true)
      for (let i = 0; i < size; i++) this.view.setUint16(available + 4 + 2 * i, random(size + 1), true)
    }
    board.ioWrite(ports + 0x10, 2, queue)
    board.ioRead(ports + 0x13, 1)
  }

  /** Descriptors that are nearly right. */
  describe(base: number, size: number): void {
    const { random } = this
    for (let i = 0; i < size; i++) {
      const at = base + 16 * i
      if (at + 16 > RAM_BYTES) break
      const isBad = random(40) === 0
      this.view.setBigUint64(at, isBad ? BigInt(this.value()) << 20n : BigInt(random(RAM_BYTES - 4096)), true)
      this.view.setUint32(at + 8, isBad ? this.value() : 1 + random(3000), true)
      this.view.setUint32(at + 12, random(8) | (random(size) << 16), true)
      if (random(2)) this.view.setUint16(at + 14, (random(2) ? 0x80 : 0x8000) | random(8), true)
    }
  }
}

test(`${OPERATIONS} random operations`, { timeout: 300_000 }, () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/devices/fuzz.test.ts`)
  const hostile = new Hostile(SEED)
  const memoryBefore = process.memoryUsage()
  for (let i = 0; i < OPERATIONS; i++) hostile.operation()
  const memoryAfter = process.memoryUsage()
  const { board } = hostile
  const counters = board.diagnostics.counters.toObject()
  console.log(JSON.stringify({ transmitted: hostile.transmitted, interrupts: hostile.interrupts, counters }))

  // Something of everything must have happened, or the fuzz reaches nothing.
  for (const name of [
    'mmio.unassigned-read',
    'unimplemented',
    'dma.refused',
    'virtio.needs-reset',
    'virtio.bad-access',
    'virtio.stray-notify',
    'virtio.mixed-interfaces',
    'block.bad-request',
    '9p.bad-request',
  ])
    expect(counters[name], name).toBeGreaterThan(0)
  expect(hostile.transmitted).toBeGreaterThan(10)
  expect(hostile.printed).toBeGreaterThan(10)
  expect(hostile.interrupts).toBeGreaterThan(10)
  expect(Object.keys(counters).length).toBeLessThan(100)
  expect(memoryAfter.arrayBuffers - memoryBefore.arrayBuffers).toBeLessThan(200 << 20)
  expect(memoryAfter.heapUsed - memoryBefore.heapUsed).toBeLessThan(200 << 20)
  // What it has become can be saved, and taken up again as it is.
  const state = board.save()
  const other = new Hostile(1)
  new Uint8Array(other.ram).set(new Uint8Array(hostile.ram))
  other.board.load(state)
  expect(other.board.save()).toEqual(state)
  // And an honest driver gets its random bytes.
  honest(hostile)
})

/** Finds the entropy device where the hostile guest left it, and uses it. */
function honest(hostile: Hostile): void {
  const { board, view } = hostile
  const bar = 0xd000_0000
  // The local APIC may lie anywhere by now, and comes before a BAR.
  board.apicWrite(IA32_APIC_BASE, 0xfee0_0900n)
  hostile.config(RNG, 4, 2, 0)
  hostile.config(RNG, 0x20, 4, bar)
  hostile.config(RNG, 0x24, 4, 0)
  hostile.config(RNG, 4, 2, 6)
  hostile.config(NET, 4, 2, 0)
  const put = (offset: number, size: Size, value: number): void => board.mmioWrite(bar + offset, size, value)
  for (const status of [0, 3]) put(20, 1, status)
  put(8, 4, 1)
  put(12, 4, 1)
  put(8, 4, 0)
  put(12, 4, 0)
  put(20, 1, 11)
  put(22, 2, 0)
  put(24, 2, 4)
  for (const [i, area] of [0x1000, 0x2000, 0x3000].entries()) {
    put(32 + 8 * i, 4, area)
    put(36 + 8 * i, 4, 0)
  }
  new Uint8Array(hostile.ram, 0x1000, 0x3000).fill(0)
  put(28, 2, 1)
  put(20, 1, 15)
  view.setBigUint64(0x1000, 0x8000n, true)
  view.setUint32(0x1008, 64, true)
  view.setUint16(0x100c, 2, true)
  view.setUint16(0x2002, 1, true)
  board.mmioWrite(bar + 0x3000, 2, 0)
  expect([view.getUint16(0x3002, true), view.getUint32(0x3008, true)]).toEqual([1, 64])
}
