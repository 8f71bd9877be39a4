/** QEMU's fw_cfg by its specification (docs/specs/fw_cfg.rst): items byte by byte, the directory, DMA. */
import { expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { FwCfg } from '../../src/devices/firmware/fw-cfg.ts'
import { GuestMemory } from '../../src/devices/guest-memory.ts'

const RAM_BYTES = 0x1_0000
const COMMAND = 0x100

function create() {
  const diagnostics = createDiagnostics()
  const ram = new ArrayBuffer(RAM_BYTES)
  const memory = new GuestMemory(ram, [{ gpa: 0, length: RAM_BYTES, offset: 0 }], diagnostics.counters)
  const device = new FwCfg(memory, diagnostics)
  const readItem = (key: number, bytes: number): number[] => {
    device.write(0, 2, key)
    return Array.from({ length: bytes }, () => device.read(1, 1))
  }
  const view = new DataView(ram)
  /** Runs a DMA command; returns what stands in its control word afterwards. */
  const dma = (control: number, length: number, address: number, at = COMMAND): number => {
    view.setUint32(at % RAM_BYTES, control)
    view.setUint32((at % RAM_BYTES) + 4, length)
    view.setBigUint64((at % RAM_BYTES) + 8, BigInt(address))
    const swapped = new DataView(new ArrayBuffer(4))
    swapped.setUint32(0, at)
    device.write(4, 4, 0)
    device.write(8, 4, swapped.getUint32(0, true))
    return view.getUint32(at % RAM_BYTES)
  }
  return { device, diagnostics, ram: new Uint8Array(ram), view, readItem, dma }
}

const text = (bytes: ArrayLike<number>): string => String.fromCharCode(...Array.from(bytes))

test('signature and features', () => {
  const { device, readItem } = create()
  expect(text(readItem(0, 4))).toBe('QEMU')
  expect(readItem(1, 4)).toEqual([3, 0, 0, 0])
  const signature = [device.read(4, 4), device.read(8, 4)].flatMap((word) => [
    word & 0xff,
    (word >> 8) & 0xff,
    (word >> 16) & 0xff,
    word >>> 24,
  ])
  expect(text(signature)).toBe('QEMU CFG')
})

test('behind the end of an item, and in one that is not there, lie zeros', () => {
  const { device, readItem } = create()
  device.setNumber(5, 0x1234, 2)
  expect(readItem(5, 4)).toEqual([0x34, 0x12, 0, 0])
  expect(readItem(0x7777, 2)).toEqual([0, 0])
})

test('files stand in the directory by name', () => {
  const { device, readItem } = create()
  device.addFile('etc/zebra', Uint8Array.of(9))
  device.addFile('etc/ape', Uint8Array.of(7, 8))
  const directory = readItem(0x19, 4 + 2 * 64)
  expect(directory.slice(0, 4)).toEqual([0, 0, 0, 2])
  expect(directory.slice(4, 10)).toEqual([0, 0, 0, 2, 0, 0x20])
  expect(text(directory.slice(12, 20))).toBe('etc/ape\0')
  expect(readItem(0x20, 2)).toEqual([7, 8])
  expect(readItem(0x21, 1)).toEqual([9])
})

test('DMA selects, reads, skips, and fills up with zeros', () => {
  const { device, ram, dma } = create()
  device.addFile('etc/file', Uint8Array.of(1, 2, 3, 4, 5))
  ram.fill(0xee, 0x200, 0x210)
  expect(dma((0x20 << 16) | 8 | 2, 2, 0x200)).toBe(0)
  expect(dma(4, 1, 0)).toBe(0)
  expect(dma(2, 4, 0x202)).toBe(0)
  expect([...ram.subarray(0x200, 0x207)]).toEqual([1, 2, 4, 5, 0, 0, 0xee])
})

test('DMA outside RAM and writes are refused, and a command outside RAM does nothing', () => {
  const { diagnostics, dma } = create()
  expect(dma(8 | 2, 16, RAM_BYTES - 8)).toBe(1)
  expect(dma(8 | 16, 4, 0x200)).toBe(1)
  dma(8 | 2, 4, 0x200, RAM_BYTES * 2)
  expect(diagnostics.counters.toObject()).toMatchObject({ 'dma.refused': 2 })
})
