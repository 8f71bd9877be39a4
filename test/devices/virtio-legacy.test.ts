/** Drivers that know only the legacy interface, and the change between the two. */
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/devices/random.ts'
import { VirtioNet } from '../../src/devices/virtio/net/net.ts'
import { VirtioRng } from '../../src/devices/virtio/rng.ts'
import { buildFrame, GUEST_MAC, HOST_MAC } from './support/frames.ts'
import { LegacyBench } from './support/legacy-bench.ts'
import { F_VERSION_1, NEEDS_RESET } from './support/virtio-bench.ts'

const rng = (): LegacyBench => new LegacyBench(new VirtioRng(SeededRandom.fromNumber(1)))
const QUEUE = 0x10000
const BUFFER = 0x100000
const MRG_RXBUF = 1 << 15

describe('entropy', () => {
  test('identity: a transitional device of revision 0, its type in the subsystem ID, ports in BAR0', () => {
    const bench = rng()
    expect([bench.readConfig(2, 2), bench.readConfig(8, 1), bench.readConfig(0x2e, 2)]).toEqual([
      0x1005, 0, 4,
    ])
    const bar = bench.readConfig(0x10, 4)
    bench.writeConfig(0x10, 4, 0xffff_ffff)
    expect([bar & 1, bench.readConfig(0x10, 4) >>> 0]).toEqual([1, 0xffff_ffe1])
  })

  test('the pin interrupts, reading ISR clears; only 32 bits of features are offered', () => {
    const bench = rng()
    bench.writeConfig(4, 2, 1)
    bench.negotiateLegacy(-1)
    expect(bench.getLegacy('deviceFeatures') >>> 0).toBe(0x3800_0000)
    expect(bench.getLegacy('queuePage')).toBe(0)
    const queue = bench.placeQueue(0, QUEUE)
    expect(bench.getLegacy('queuePage')).toBe(QUEUE / 4096)
    bench.setLegacy('status', 7)
    queue.add([{ gpa: BUFFER, length: 64, writable: true }])
    queue.enableInterrupts()
    bench.setLegacy('queueNotify', 0)
    expect([bench.intx, bench.getLegacy('isr'), bench.intx, bench.getLegacy('isr')]).toEqual([
      true,
      1,
      false,
      0,
    ])
    expect(queue.collect()).toEqual({ token: 0, written: 64 })
    expect(new Uint8Array(bench.ram, BUFFER, 64).some((byte) => byte !== 0)).toBe(true)
  })

  test('MSI-X: its vectors are in the header, and a vector that is not there is refused', () => {
    const bench = rng()
    bench.enableMsix()
    bench.writeConfig(4, 2, 5)
    bench.negotiateLegacy(0)
    const queue = bench.placeQueue(0, QUEUE)
    bench.setLegacy('queueVector', 99)
    expect(bench.getLegacy('queueVector')).toBe(0xffff)
    bench.setLegacy('queueVector', 1)
    expect(bench.getLegacy('queueVector')).toBe(1)
    bench.setLegacy('status', 7)
    queue.add([{ gpa: BUFFER, length: 8, writable: true }])
    bench.setLegacy('queueNotify', 0)
    expect([bench.takeInterrupts(), bench.intx]).toEqual([[1], false])
  })

  test('queues work before DRIVER_OK; page 0 takes one away; a page outside RAM needs a reset', () => {
    const bench = rng()
    bench.negotiateLegacy(0)
    const queue = bench.placeQueue(0, QUEUE)
    queue.add([{ gpa: BUFFER, length: 8, writable: true }])
    bench.setLegacy('queueNotify', 0)
    expect(queue.collect()?.written).toBe(8)
    bench.setLegacy('queuePage', 0)
    expect(bench.getLegacy('queuePage')).toBe(0)
    queue.add([{ gpa: BUFFER, length: 8, writable: true }])
    bench.setLegacy('queueNotify', 0)
    expect(queue.collect()).toBe(null)
    bench.setLegacy('queuePage', 0xffff_ffff)
    expect(bench.getLegacy('status') & NEEDS_RESET).toBe(NEEDS_RESET)
  })

  test('after a reset the driver may use the other interface, and only then', () => {
    const bench = rng()
    bench.negotiateLegacy(0)
    bench.placeQueue(0, QUEUE)
    bench.set('status', 1)
    bench.set('queueSize', 4)
    expect(bench.getLegacy('status')).toBe(3)
    expect(bench.diagnostics.counters.get('virtio.mixed-interfaces')).toBe(2)
    expect(bench.negotiate(F_VERSION_1)).toBe(true)
    bench.setLegacy('status', 7)
    bench.setLegacy('driverFeatures', 0)
    bench.setLegacy('queuePage', 5)
    expect([bench.get('status'), bench.get('queueEnable')]).toEqual([11, 0])
    bench.writeConfig(4, 2, 7)
    const queue = bench.setUpQueue(0, 0n, 8, QUEUE)
    bench.start()
    queue.add([{ gpa: BUFFER, length: 8, writable: true }])
    bench.notify(0)
    expect(queue.collect()?.written).toBe(8)
    bench.setLegacy('status', 0)
    expect(bench.get('status')).toBe(0)
  })

  test('a saved device goes on in another one', () => {
    const bench = rng()
    bench.negotiateLegacy(0)
    const queue = bench.placeQueue(0, QUEUE)
    bench.setLegacy('status', 7)
    const other = rng()
    other.pci.load(bench.pci.save())
    new Uint8Array(other.ram).set(new Uint8Array(bench.ram))
    expect(other.pci.save()).toEqual(bench.pci.save())
    queue.add([{ gpa: BUFFER, length: 8, writable: true }])
    new Uint8Array(other.ram).set(new Uint8Array(bench.ram))
    other.setLegacy('queueNotify', 0)
    expect(new DataView(other.ram).getUint16(QUEUE + 8192 + 2, true) || other.intx).toBeTruthy()
  })
})

describe('network', () => {
  const frame = buildFrame({
    from: HOST_MAC,
    to: GUEST_MAC,
    payload: new Uint8Array(100).fill(7),
    sum: 'full',
  })

  function create(features: number) {
    const sent: Uint8Array[] = []
    const arrived: Uint8Array[] = []
    const port = {
      transmit: (bytes: Uint8Array) => sent.push(bytes.slice()) > 0,
      peek: () => arrived[0] ?? null,
      next: () => void arrived.shift(),
    }
    const net = new VirtioNet({ mac: GUEST_MAC, port, queuePairs: 4 })
    const bench = new LegacyBench(net)
    bench.negotiateLegacy(features)
    const receive = bench.placeQueue(0, QUEUE)
    const transmit = bench.placeQueue(1, 2 * QUEUE)
    bench.setLegacy('status', 7)
    return { net, bench, receive, transmit, sent, arrived }
  }

  test.each([
    [10, 'without', 0],
    [12, 'with', MRG_RXBUF],
  ])('a header has %i bytes %s MRG_RXBUF', (headerBytes, _with, features) => {
    const { net, bench, receive, transmit, sent, arrived } = create(features)
    const ram = new Uint8Array(bench.ram)
    // As the oldest drivers do: the header in a descriptor of its own.
    receive.add([
      { gpa: BUFFER, length: headerBytes, writable: true },
      { gpa: BUFFER + 0x1000, length: 1514, writable: true },
    ])
    arrived.push(frame)
    net.resume()
    expect(receive.collect()?.written).toBe(headerBytes + frame.length)
    expect(ram.slice(BUFFER + 0x1000, BUFFER + 0x1000 + frame.length)).toEqual(frame)
    if (features) expect(ram[BUFFER + 10]).toBe(1)

    ram.fill(0, BUFFER, BUFFER + headerBytes)
    ram.set(frame, BUFFER + 0x2000)
    transmit.add([
      { gpa: BUFFER, length: headerBytes, writable: false },
      { gpa: BUFFER + 0x2000, length: frame.length, writable: false },
    ])
    bench.setLegacy('queueNotify', 1)
    expect(sent).toEqual([frame])
  })

  test('the address is read and written byte by byte', () => {
    const { bench, arrived, net, receive } = create(0)
    const mac = Array.from({ length: 6 }, (_, i) => bench.ports.read(bench.configPort(i), 1))
    expect(mac).toEqual([...GUEST_MAC])
    bench.ports.write(bench.configPort(5), 1, 0x99)
    receive.add([{ gpa: BUFFER, length: 2000, writable: true }])
    arrived.push(frame)
    net.resume()
    expect(receive.collect()).toBe(null)
    const other = frame.slice()
    other[5] = 0x99
    arrived.push(other)
    net.resume()
    expect(receive.collect()?.written).toBe(10 + frame.length)
  })
})
