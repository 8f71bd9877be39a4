/** The IDE controller through its ports, by ATA/ATAPI-7, MMC-5 and the PIIX3's data sheet. */
import { expect, test } from 'vitest'
import { AddressSpace } from '../../src/devices/bus.ts'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { GuestMemory } from '../../src/devices/guest-memory.ts'
import { AtaDisk } from '../../src/devices/storage/ide/ata-disk.ts'
import { AtapiCd } from '../../src/devices/storage/ide/atapi-cd.ts'
import { IdeController } from '../../src/devices/storage/ide/controller.ts'
import { MemoryDisk } from '../../src/devices/storage/memory-disk.ts'
import { createRandom } from './support/random.ts'

const RAM_BYTES = 1 << 20
const SECTORS = 4096
const CD_BLOCKS = 512
const MASTERS = 0xc000
const PRD = 0x1000
const BUFFER = 0x8000
const BASES = [0x1f0, 0x170]
const DRQ = 0x08
const ERR = 0x01
const OPERATIONS = Number(process.env.ONERING_FUZZ ?? 60_000)
const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)

function pattern(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i ^ (i >> 8) ^ (i >> 16)) & 0xff)
}

const DISK = pattern(SECTORS * 512)
const DISC = pattern(CD_BLOCKS * 2048)

function create(isReadOnly = false) {
  const diagnostics = createDiagnostics()
  const ram = new ArrayBuffer(RAM_BYTES)
  const memory = new GuestMemory(ram, [{ gpa: 0, length: RAM_BYTES, offset: 0 }], diagnostics.counters)
  const ports = new AddressSpace('port', diagnostics.counters)
  const lines = [false, false]
  const slot = {
    memory: new AddressSpace('mmio', diagnostics.counters),
    ports,
    msi: () => {},
    intx: () => {},
    diagnostics,
  }
  const bytes = DISK.slice()
  const disc = DISC.slice()
  const ide = new IdeController(
    [
      new AtaDisk(new MemoryDisk(bytes, { isReadOnly }), 'DISK1'),
      null,
      new AtapiCd(new MemoryDisk(disc), 'CD1'),
      null,
    ],
    memory,
    slot,
    [0, 1].map((i) => (level: boolean) => (lines[i] = level)),
  )
  ide.fn.writeConfig(0x20, 4, MASTERS)
  ide.fn.writeConfig(0x04, 2, 5)
  const out = (channel: number, offset: number, value: number): void =>
    ports.write(BASES[channel]! + offset, 1, value)
  const status = (channel: number): number => ports.read(BASES[channel]! + 7, 1)
  const error = (channel: number): number => ports.read(BASES[channel]! + 1, 1)
  const readData = (channel: number, length: number): Uint8Array => {
    const result = new Uint8Array(length)
    for (let i = 0; i < length; i += 2) {
      const word = ports.read(BASES[channel]!, 2)
      result.set([word & 0xff, word >> 8], i)
    }
    return result
  }
  const writeData = (channel: number, data: Uint8Array): void => {
    for (let i = 0; i < data.length; i += 2) ports.write(BASES[channel]!, 2, data[i]! | (data[i + 1]! << 8))
  }
  /** A 28-bit command to the master of channel 0. */
  const command = (code: number, lba: number, count: number): void => {
    out(0, 6, 0xe0 | (lba >> 24))
    out(0, 2, count)
    for (let i = 0; i < 3; i++) out(0, 3 + i, (lba >> (8 * i)) & 0xff)
    out(0, 7, code)
  }
  /** A packet to the CD drive; its answer by PIO, piece by piece as the drive offers it. */
  const packet = (cdb: number[], limit = 0xfffe): Uint8Array => {
    out(1, 6, 0xa0)
    out(1, 1, 0)
    out(1, 4, limit & 0xff)
    out(1, 5, limit >> 8)
    out(1, 7, 0xa0)
    writeData(
      1,
      Uint8Array.from({ length: 12 }, (_, i) => cdb[i] ?? 0),
    )
    const pieces: number[] = []
    while (status(1) & DRQ) {
      const length = ports.read(0x174, 1) | (ports.read(0x175, 1) << 8)
      expect(length).toBeLessThanOrEqual(limit)
      pieces.push(...readData(1, length))
    }
    return Uint8Array.from(pieces)
  }
  return {
    diagnostics,
    ide,
    ports,
    lines,
    bytes,
    disc,
    ram,
    out,
    status,
    error,
    readData,
    writeData,
    command,
    packet,
  }
}

test('IDENTIFY DEVICE tells sectors, LBA48 and the serial number', () => {
  const { command, readData, status, lines } = create()
  command(0xec, 0, 0)
  expect(lines[0]).toBe(true)
  expect(status(0) & DRQ).toBe(DRQ)
  expect(lines[0]).toBe(false)
  const words = new DataView(readData(0, 512).buffer)
  expect(words.getUint32(120, true)).toBe(SECTORS)
  expect(words.getUint32(200, true)).toBe(SECTORS)
  expect(words.getUint16(166, true) & 0x0400).toBe(0x0400)
  const serial = Array.from({ length: 10 }, (_, i) => words.getUint16(20 + 2 * i, true))
  expect(String.fromCharCode(...serial.flatMap((word) => [word >> 8, word & 0xff])).trim()).toBe('DISK1')
  expect(status(0)).toBe(0x50)
})

test('sectors are read and written by 28 and 48 bits, and by cylinder, head and sector', () => {
  const { command, readData, writeData, out, bytes, status } = create()
  command(0x20, 5, 2)
  expect(readData(0, 1024)).toEqual(bytes.slice(5 * 512, 7 * 512))
  // WRITE SECTORS EXT of sector 0x123: high-order bytes first.
  out(0, 6, 0xe0)
  for (const [register, high, low] of [
    [2, 0, 1],
    [3, 0, 0x23],
    [4, 0, 1],
    [5, 0, 0],
  ] as const) {
    out(0, register, high)
    out(0, register, low)
  }
  out(0, 7, 0x34)
  writeData(0, new Uint8Array(512).fill(0xa5))
  expect(status(0)).toBe(0x50)
  expect(bytes.subarray(0x123 * 512, 0x124 * 512).every((byte) => byte === 0xa5)).toBe(true)
  // Cylinder 1, head 2, sector 3 with 16 heads of 63 sectors.
  out(0, 6, 0xa2)
  out(0, 2, 1)
  out(0, 3, 3)
  out(0, 4, 1)
  out(0, 5, 0)
  out(0, 7, 0x20)
  const lba = (1 * 16 + 2) * 63 + 2
  expect(readData(0, 512)).toEqual(bytes.slice(lba * 512, lba * 512 + 512))
})

test('READ MULTIPLE interrupts once a block', () => {
  const { command, readData, lines, status, bytes } = create()
  command(0xc6, 0, 4)
  expect(status(0)).toBe(0x50)
  command(0xc4, 8, 6)
  const interrupts: boolean[] = []
  const blocks = [4, 2].map((sectors) => {
    interrupts.push(lines[0]!)
    status(0)
    return readData(0, sectors * 512)
  })
  expect(interrupts).toEqual([true, true])
  expect(Buffer.concat(blocks)).toEqual(Buffer.from(bytes.slice(8 * 512, 14 * 512)))
  expect([lines[0], status(0)]).toEqual([false, 0x50])
})

test('a range that is not there, a read-only disk and an unknown command are refused', () => {
  const { command, status, error } = create(true)
  command(0x20, SECTORS - 1, 2)
  expect([status(0) & ERR, error(0)]).toEqual([ERR, 0x10])
  command(0x30, 0, 1)
  expect([status(0) & ERR, error(0)]).toEqual([ERR, 0x04])
  command(0xfe, 0, 1)
  expect([status(0) & ERR, error(0)]).toEqual([ERR, 0x04])
})

test('nobody answers for a slave that is not there', () => {
  const { out, ports } = create()
  out(0, 6, 0xb0)
  expect([2, 3, 6, 7].map((offset) => ports.read(0x1f0 + offset, 1))).toEqual([0, 0, 0, 0])
  out(0, 7, 0xec)
  expect(ports.read(0x1f7, 1)).toBe(0)
})

test('after a software reset each device shows its signature', () => {
  const { ports, out } = create()
  for (const base of [0x3f6, 0x376]) {
    ports.write(base, 1, 4)
    ports.write(base, 1, 0)
  }
  out(0, 6, 0xa0)
  out(1, 6, 0xa0)
  const signature = (base: number): number[] => [2, 3, 4, 5].map((offset) => ports.read(base + offset, 1))
  expect(signature(0x1f0)).toEqual([1, 1, 0, 0])
  expect(signature(0x170)).toEqual([1, 1, 0x14, 0xeb])
})

test('the bus master scatters what is read and gathers what is written', () => {
  const { command, ports, ram, bytes, lines, status } = create()
  const view = new DataView(ram)
  view.setUint32(PRD, BUFFER, true)
  view.setUint32(PRD + 4, 600, true)
  view.setUint32(PRD + 8, BUFFER + 0x1000, true)
  view.setUint32(PRD + 12, 0x8000_0000 | 424, true)
  ports.write(MASTERS + 4, 4, PRD)
  command(0xc8, 3, 2)
  expect(lines[0]).toBe(false)
  ports.write(MASTERS, 1, 9)
  expect([lines[0], ports.read(MASTERS + 2, 1) & 7, status(0)]).toEqual([true, 4, 0x50])
  const read = Buffer.concat([new Uint8Array(ram, BUFFER, 600), new Uint8Array(ram, BUFFER + 0x1000, 424)])
  expect(read).toEqual(Buffer.from(bytes.slice(3 * 512, 5 * 512)))
  ports.write(MASTERS, 1, 0)
  ports.write(MASTERS + 2, 1, 6)
  command(0xca, 9, 2)
  ports.write(MASTERS, 1, 1)
  expect(bytes.slice(9 * 512, 11 * 512)).toEqual(bytes.slice(3 * 512, 5 * 512))
})

test('a list of places that is too short or outside RAM fails the command', () => {
  const { command, ports, ram, status } = create()
  const view = new DataView(ram)
  ports.write(MASTERS + 4, 4, PRD)
  view.setUint32(PRD, 0xf000_0000, true)
  view.setUint32(PRD + 4, 0x8000_0000, true)
  command(0xc8, 0, 1)
  ports.write(MASTERS, 1, 9)
  expect([ports.read(MASTERS + 2, 1) & 3, status(0) & ERR]).toEqual([2, ERR])
})

test('a CD: capacity, contents, table of contents, and why something failed', () => {
  const { packet, disc, status } = create()
  const capacity = new DataView(packet([0x25]).buffer)
  expect([capacity.getUint32(0), capacity.getUint32(4)]).toEqual([CD_BLOCKS - 1, 2048])
  expect(packet([0x28, 0, 0, 0, 0, 7, 0, 0, 3])).toEqual(disc.slice(7 * 2048, 10 * 2048))
  // A host that takes 1000 bytes at a time.
  expect(packet([0xa8, 0, 0, 0, 0, 9, 0, 0, 0, 1], 1000)).toEqual(disc.slice(9 * 2048, 10 * 2048))
  expect([...packet([0x43, 0, 0, 0, 0, 0, 0, 0, 64]).subarray(0, 4)]).toEqual([0, 18, 1, 1])
  expect(packet([0x12, 0, 0, 0, 36])[0]).toBe(5)

  expect(packet([0x28, 0, 0, 0, 2, 0, 0, 0, 1]).length).toBe(0)
  expect(status(1) & ERR).toBe(ERR)
  const sense = packet([0x03, 0, 0, 0, 18])
  expect([sense[2], sense[12]]).toEqual([5, 0x21])
  expect(packet([0x03, 0, 0, 0, 18])[2]).toBe(0)
})

test('a state in the middle of a transfer is taken up again', () => {
  const { ide, command, readData, bytes } = create()
  command(0x20, 100, 2)
  const begun = readData(0, 300)
  const state = structuredClone(ide.save())
  command(0xec, 0, 0)
  ide.load(state)
  expect(Buffer.concat([begun, readData(0, 724)])).toEqual(Buffer.from(bytes.slice(100 * 512, 102 * 512)))
})

test(`${OPERATIONS} random accesses are survived`, () => {
  console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/devices/ide.test.ts`)
  const { ports, ide, packet, ram } = create()
  const random = createRandom(SEED)
  const view = new DataView(ram)
  for (let i = 0; i < 1000; i++) view.setUint32(4 * random(RAM_BYTES / 4), random(2 ** 32), true)
  for (let i = 0; i < OPERATIONS; i++) {
    const base = [0x1f0, 0x170, MASTERS, MASTERS + 8][random(4)]!
    const offset = random(8)
    const size = ([1, 1, 2, 4] as const)[random(4)]!
    if (random(4) === 0) ports.read(base + offset, size)
    else ports.write(base + offset, size, random(3) ? random(256) : random(2 ** 32))
    if (random(500) === 0) ports.write([0x3f6, 0x376][random(2)]!, 1, random(8))
    if (random(1000) === 0) ide.load(structuredClone(ide.save()))
  }
  ide.reset()
  expect(packet([0x25]).length).toBe(8)
})
