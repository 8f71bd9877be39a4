/** The bridges of the board, through its ports and memory as a BIOS uses them (Intel 290549 and 290550). */
import { expect, test } from 'vitest'
import type { PageKind } from '../../src/cpu/page-flags.ts'
import { Board } from '../../src/machine/board.ts'
import { ramRanges } from '../../src/machine/memory-map.ts'
import { TestTime } from './support/fake-time.ts'

const RAM_BYTES = 4 << 20
const HOST_BRIDGE = 0
const ISA_BRIDGE = 1 << 3
const POWER = (1 << 3) | 3
const PAM0 = 0x59

function create(bios = new Uint8Array(0x2_0000).fill(0xb1)) {
  const ram = new ArrayBuffer(RAM_BYTES)
  const pages = new Map<number, PageKind>()
  const board = new Board({
    clock: new TestTime().clock,
    ram,
    ramRanges: ramRanges(RAM_BYTES, 0),
    processor: {
      setInterrupt: () => {},
      nmi: () => {},
      interruptRun: () => {},
      ramWritten: () => {},
      tscOffset: () => 0n,
      setTaskPriority: () => {},
      setPages: (gpa, length, kind) => {
        for (let page = gpa; page < gpa + length; page += 4096) pages.set(page, kind)
      },
      setA20: () => {},
      addRom: () => {},
    },
    seed: new Uint8Array(32),
    epochMs: 0,
    serial: () => {},
    bios: { image: bios },
  })
  const select = (devfn: number, register: number): void =>
    board.ioWrite(0xcf8, 4, (0x8000_0000 | (devfn << 8) | (register & 0xfc)) >>> 0)
  const readConfig = (devfn: number, register: number, size: number): number => {
    select(devfn, register)
    return board.ioRead(0xcfc + (register & 3), size)
  }
  const writeConfig = (devfn: number, register: number, size: number, value: number): void => {
    select(devfn, register)
    board.ioWrite(0xcfc + (register & 3), size, value)
  }
  return { board, ram: new Uint8Array(ram), pages, readConfig, writeConfig }
}

test('the functions that firmware looks for are there', () => {
  const { readConfig } = create()
  expect(readConfig(HOST_BRIDGE, 0, 4)).toBe(0x1237_8086)
  expect(readConfig(HOST_BRIDGE, 0x2c, 4)).toBe(0x1100_1af4)
  expect(readConfig(ISA_BRIDGE, 0, 4)).toBe(0x7000_8086)
  expect(readConfig(ISA_BRIDGE, 0x0e, 1)).toBe(0x80)
  expect(readConfig(POWER, 0, 4)).toBe(0x7113_8086)
})

test('shadow RAM stays in its place while the machine sleeps; a reset shows the ROM', () => {
  const { board, ram, writeConfig, readConfig } = create()
  writeConfig(HOST_BRIDGE, PAM0, 1, 0x30)
  ram[0xf_0000] = 0x55
  board.resume()
  expect([ram[0xf_0000], readConfig(HOST_BRIDGE, PAM0, 1)]).toEqual([0x55, 0x30])
  board.reset()
  expect([ram[0xf_0000], readConfig(HOST_BRIDGE, PAM0, 1)]).toEqual([0xb1, 0])
})

test('shadow RAM: ROM, RAM, both, and back', () => {
  const { board, ram, pages, writeConfig } = create()
  expect([ram[0xf_0000], pages.get(0xf_0000)]).toEqual([0xb1, 'rom'])
  expect([ram[0xc_0000], pages.get(0xc_0000)]).toEqual([0xff, 'rom'])
  expect(board.mmioRead(0xffff_fff0, 4)).toBe(0xb1b1_b1b1)

  writeConfig(HOST_BRIDGE, PAM0, 1, 0x30)
  expect([ram[0xf_0000], pages.get(0xf_f000)]).toEqual([0, 'ram'])
  ram[0xf_0000] = 0x55
  writeConfig(HOST_BRIDGE, PAM0, 1, 0x10)
  expect([ram[0xf_0000], pages.get(0xf_0000)]).toEqual([0x55, 'rom'])
  writeConfig(HOST_BRIDGE, PAM0, 1, 0x20)
  expect([ram[0xf_0000], pages.get(0xf_0000)]).toEqual([0xb1, 'device'])
  board.mmioWrite(0xf_0000, 2, 0x6677)
  expect(board.mmioRead(0xf_0000, 1)).toBe(0xb1)
  writeConfig(HOST_BRIDGE, PAM0, 1, 0x30)
  expect([ram[0xf_0000], ram[0xf_0001]]).toEqual([0x77, 0x66])

  // Halves of a register are neighbours of 16 KiB.
  writeConfig(HOST_BRIDGE, PAM0 + 1, 1, 0x30)
  expect([pages.get(0xc_3000), pages.get(0xc_4000), pages.get(0xc_8000)]).toEqual(['rom', 'ram', 'rom'])
})

test('a PCI interrupt goes where its line is routed, and nowhere while it is not', () => {
  const { board, writeConfig } = create()
  const asserted = (): number[] => [10, 11, 5].filter((irq) => (irr(irq) & 1) !== 0)
  const irr = (irq: number): number => {
    // OCW3: read the request register.
    const base = irq < 8 ? 0x20 : 0xa0
    board.ioWrite(base, 1, 0x0a)
    return board.ioRead(base, 1) >> (irq & 7)
  }
  board.ioWrite(0x4d0, 1, 0x20)
  board.ioWrite(0x4d1, 1, 0x0c)
  const { isaBridge } = board.chipset
  isaBridge.setPin(3, 1, true)
  expect(asserted()).toEqual([])
  // INTA# of slot 3 is PIRQC#.
  writeConfig(ISA_BRIDGE, 0x62, 1, 11)
  expect(asserted()).toEqual([11])
  writeConfig(ISA_BRIDGE, 0x60, 1, 11)
  isaBridge.setPin(1, 1, true)
  isaBridge.setPin(3, 1, false)
  expect(asserted()).toEqual([11])
  writeConfig(ISA_BRIDGE, 0x60, 1, 5)
  expect(asserted()).toEqual([5])
  writeConfig(ISA_BRIDGE, 0x60, 1, 0x80)
  expect(asserted()).toEqual([])
})

test('the ACPI ports are where PMBASE says, once they are enabled', () => {
  const { board, writeConfig } = create()
  expect(board.ioRead(0x608, 4)).toBe(0xffff_ffff)
  writeConfig(POWER, 0x40, 4, 0x0601)
  writeConfig(POWER, 0x80, 1, 1)
  expect(board.ioRead(0x604, 2)).toBe(1)
  writeConfig(POWER, 0x40, 4, 0xb000)
  expect([board.ioRead(0x604, 2), board.ioRead(0xb004, 2)]).toEqual([0xffff, 1])
})

test('a state that is loaded shows the same as the one that was saved', () => {
  const { board, ram, pages, writeConfig } = create()
  writeConfig(HOST_BRIDGE, PAM0, 1, 0x30)
  ram[0xf_0000] = 0x42
  const state = structuredClone(board.save())
  const copy = ram.slice()
  writeConfig(HOST_BRIDGE, PAM0, 1, 0)
  ram.set(copy)
  board.load(state)
  expect([ram[0xf_0000], pages.get(0xf_0000), ram[0xe_0000]]).toEqual([0x42, 'ram', 0xb1])
})
