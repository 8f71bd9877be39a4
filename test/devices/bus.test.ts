import { expect, test } from 'vitest'
import { AddressSpace } from '../../src/devices/bus.ts'
import { Counters, createDiagnostics } from '../../src/devices/counters.ts'
import type { MmioDevice } from '../../src/devices/device.ts'
import { GuestFault } from '../../src/devices/guest-fault.ts'
import { GuestMemory } from '../../src/devices/guest-memory.ts'

function recorder(widest: 1 | 2 | 4): MmioDevice & { log: string[] } {
  const log: string[] = []
  return {
    widest,
    log,
    read: (offset, size) => {
      log.push(`r${size}@${offset}`)
      return 0x11 * (offset + 1)
    },
    write: (offset, size, value) => void log.push(`w${size}@${offset}=${value.toString(16)}`),
  }
}

test('a device is told the offset, and wide accesses are split for narrow devices', () => {
  const space = new AddressSpace('mmio', new Counters())
  const narrow = recorder(1)
  space.map(0x1000, 8, 'narrow', narrow)
  expect(space.read(0x1000, 4)).toBe(0x44332211)
  space.write(0x1002, 2, 0xbeef)
  expect(narrow.log).toEqual(['r1@0', 'r1@1', 'r1@2', 'r1@3', 'w1@2=ef', 'w1@3=be'])
})

test('an access across the end of a device is divided', () => {
  const counters = new Counters()
  const space = new AddressSpace('mmio', counters)
  const device = recorder(4)
  space.map(0x1000, 2, 'two bytes', device)
  expect(space.read(0x1000, 4)).toBe(0xffff0011)
  expect(device.log).toEqual(['r2@0'])
  expect(counters.toObject()).toEqual({ 'mmio.unassigned-read': 1 })
})

test('what nobody answers reads as ones and is counted', () => {
  const counters = new Counters()
  const space = new AddressSpace('port', counters)
  expect([space.read(5, 1), space.read(5, 2), space.read(5, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff])
  space.write(5, 1, 0)
  expect(counters.toObject()).toEqual({ 'port.unassigned-read': 3, 'port.unassigned-write': 1 })
})

test('the device mapped first wins where ranges overlap, before and after it was used', () => {
  const space = new AddressSpace('mmio', new Counters())
  const fixed = recorder(4)
  const moved = recorder(4)
  space.map(0x1000, 0x10, 'fixed', fixed)
  const mapping = space.map(0x0, 0x2000, 'moved', moved)
  space.read(0xff0, 4)
  space.read(0x1000, 4)
  expect(fixed.log).toEqual(['r4@0'])
  space.unmap(mapping)
  expect(space.read(0xff0, 4)).toBe(0xffff_ffff)
  expect(space.nameAt(0x1000)).toBe('fixed')
})

test('DMA outside RAM is refused and counted, and the hole is not RAM', () => {
  const counters = new Counters()
  const ranges = [
    { gpa: 0, length: 0x1000, offset: 0x100 },
    { gpa: 0x1_0000_0000, length: 0x1000, offset: 0x1100 },
  ]
  const memory = new GuestMemory(new ArrayBuffer(0x2100), ranges, counters)
  memory.writeU32(0x1_0000_0ffc, 0x1234_5678)
  expect(memory.readU16(0x1_0000_0ffe)).toBe(0x1234)
  for (const [gpa, length] of [
    [0xffd, 4],
    [0x1000, 1],
    [0xffff_fffe, 4],
    [2 ** 60, 8],
    [-1, 2],
    [Number.NaN, 1],
  ] as const)
    expect(() => memory.readable(gpa, length)).toThrow(GuestFault)
  expect(counters.get('dma.refused')).toBe(6)
})

test('a warning appears once for each register, and the memory for them is bounded', () => {
  const texts: string[] = []
  const { warnings, counters } = createDiagnostics((text) => texts.push(text))
  for (let i = 0; i < 5000; i++) warnings.once('device', i % 2500, 'read')
  expect(texts).toHaveLength(1000)
  expect(texts[1]).toBe('device+0x1: read is not implemented')
  expect(counters.get('unimplemented')).toBe(5000)
})
