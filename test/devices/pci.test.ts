import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/devices/random.ts'
import { VirtioRng } from '../../src/devices/virtio/rng.ts'
import { F_VERSION_1, VirtioBench } from './support/virtio-bench.ts'

const create = (): VirtioBench => new VirtioBench(new VirtioRng(SeededRandom.fromNumber(1)))

test('configuration space: identity, class, capabilities; nobody at other slots and functions', () => {
  const bench = create()
  expect(bench.readConfig(0, 4)).toBe(0x1005_1af4)
  expect([bench.readConfig(8, 1), bench.readConfig(0x0b, 1), bench.readConfig(0x2e, 2)]).toEqual([0, 0, 4])
  expect([bench.findCapability(9), bench.findCapability(0x11)].every((at) => at >= 0x40)).toBe(true)
  for (const address of [0x8000_0000, 0x8000_1900, 0x8001_1800, 0x0000_1800]) {
    bench.ports.write(0xcf8, 4, address)
    expect(bench.ports.read(0xcfc, 4)).toBe(0xffff_ffff)
  }
})

test('read-only bits stay, whatever is written', () => {
  const bench = create()
  const before = Array.from({ length: 0x40 }, (_, i) => bench.readConfig(i, 1))
  const writable = new Set([0x04, 0x05, 0x3c, ...Array.from({ length: 24 }, (_, i) => 0x10 + i)])
  for (let i = 0; i < 0x40; i++) if (!writable.has(i)) bench.writeConfig(i, 1, 0xff)
  expect(Array.from({ length: 0x40 }, (_, i) => bench.readConfig(i, 1))).toEqual(before)
})

test('a BAR tells its size, moves, and is there only while memory decoding is on', () => {
  const bench = create()
  const old = bench.pci.fn.barAddress(4)
  bench.writeConfig(0x20, 4, 0xffff_ffff)
  bench.writeConfig(0x24, 4, 0xffff_ffff)
  expect([bench.readConfig(0x20, 4), bench.readConfig(0x24, 4)]).toEqual([0xffff_c00c, 0xffff_ffff])
  bench.writeConfig(0x20, 4, 0x1000_0000)
  bench.writeConfig(0x24, 4, 0x12)
  expect(bench.mmio.read(old + 18, 2)).toBe(0xffff)
  expect(bench.mmio.read(0x12_1000_0000 + 18, 2)).toBe(1)
  bench.writeConfig(4, 2, 0)
  expect(bench.mmio.read(0x12_1000_0000 + 18, 2)).toBe(0xffff)
})

test('MSI-X: masked messages wait in the pending bits and are sent when the mask goes', () => {
  const bench = create()
  bench.enableMsix()
  bench.negotiate(F_VERSION_1)
  const queue = bench.setUpQueue(0, 0n, 8, 0x10000)
  bench.start()
  const capability = bench.findCapability(0x11)
  const table = bench.pci.fn.barAddress(1)
  const request = (): void => {
    queue.add([{ gpa: 0x8000, length: 8, writable: true }])
    queue.enableInterrupts()
    bench.notify(0)
  }
  bench.mmio.write(table + 12, 4, 1)
  request()
  expect([bench.takeInterrupts(), bench.mmio.read(table + 0x800, 4)]).toEqual([[], 1])
  bench.mmio.write(table + 12, 4, 0)
  expect([bench.takeInterrupts(), bench.mmio.read(table + 0x800, 4)]).toEqual([[0], 0])
  bench.writeConfig(capability + 2, 2, 0xc000)
  request()
  request()
  expect(bench.takeInterrupts()).toEqual([])
  bench.writeConfig(capability + 2, 2, 0x8000)
  expect(bench.takeInterrupts()).toEqual([0])
})

test('without MSI-X the pin interrupts until ISR is read; INTx can be disabled', () => {
  const bench = create()
  bench.writeConfig(4, 2, 6)
  bench.negotiate(F_VERSION_1)
  const queue = bench.setUpQueue(0, 0n, 8, 0x10000)
  bench.start()
  queue.add([{ gpa: 0x8000, length: 8, writable: true }])
  bench.notify(0)
  expect([bench.intx, bench.readConfig(6, 2) & 8]).toEqual([true, 8])
  bench.writeConfig(4, 2, 0x406)
  expect(bench.intx).toBe(false)
  bench.writeConfig(4, 2, 6)
  expect([bench.readIsr(), bench.intx, bench.readIsr()]).toEqual([1, false, 0])
})

test('a device that is not bus master reaches neither RAM nor the interrupt controller', () => {
  const bench = create()
  bench.negotiate(F_VERSION_1)
  const queue = bench.setUpQueue(0, 0n, 8, 0x10000)
  bench.start()
  queue.add([{ gpa: 0x8000, length: 8, writable: true }])
  bench.notify(0)
  expect([queue.collect(), bench.diagnostics.counters.get('virtio.dma-without-bus-master')]).toEqual([
    null,
    1,
  ])
})

test('registers can be reached through configuration space', () => {
  const bench = create()
  const at = bench.findCapability(9, (offset) => bench.readConfig(offset + 3, 1) === 5)
  const window = (bar: number, offset: number, length: number): void => {
    bench.writeConfig(at + 4, 1, bar)
    bench.writeConfig(at + 8, 4, offset)
    bench.writeConfig(at + 12, 4, length)
  }
  window(4, 18, 2)
  expect(bench.readConfig(at + 16, 2)).toBe(1)
  window(4, 20, 1)
  bench.writeConfig(at + 16, 1, 3)
  expect(bench.get('status')).toBe(3)
  for (const [bar, offset, length] of [
    [0, 0, 4],
    [4, 0x4000, 4],
    [4, 1, 2],
    [4, 0, 3],
    [4, 0xffff_fffc, 4],
  ] as const) {
    window(bar, offset, length)
    bench.readConfig(at + 16, 4)
  }
  expect(bench.diagnostics.counters.get('virtio.bad-config-window')).toBe(5)
})

test('ChaCha20 gives the key stream of RFC 8439 and can be taken up anywhere', () => {
  // A.1, test vectors 1 and 2: key and nonce zero, counters 0 and 1.
  const random = new SeededRandom(new Uint8Array(32))
  const bytes = new Uint8Array(128)
  random.generate(bytes)
  const hex = (from: number): string => Buffer.from(bytes.subarray(from, from + 16)).toString('hex')
  expect([hex(0), hex(64)]).toEqual(['76b8e0ada0f13d90405d6ae55386bd28', '9f07e7be5551387a98ba977c732d080d'])
  const one = SeededRandom.fromNumber(5)
  one.generate(new Uint8Array(77))
  const two = SeededRandom.fromNumber(6)
  two.load(one.save())
  const [a, b] = [new Uint8Array(100), new Uint8Array(100)]
  one.generate(a)
  two.generate(b)
  expect(a).toEqual(b)
})
