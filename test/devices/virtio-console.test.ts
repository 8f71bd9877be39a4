import { expect, test } from 'vitest'
import { VirtioConsole } from '../../src/devices/virtio/console.ts'
import { LegacyBench } from './support/legacy-bench.ts'
import { F_VERSION_1, QUEUE_BYTES } from './support/virtio-bench.ts'

const QUEUES = 0x10000
const BUFFER = 0x200000

function create(isLegacy: boolean) {
  let printed = ''
  const device = new VirtioConsole((bytes) => (printed += new TextDecoder().decode(bytes)))
  const bench = new LegacyBench(device)
  const ram = new Uint8Array(bench.ram)
  const type = (text: string): void => {
    for (const byte of new TextEncoder().encode(text)) device.receive(byte)
    device.commit()
  }
  type('early ')
  bench.writeConfig(4, 2, 7)
  if (isLegacy) bench.negotiateLegacy(0)
  else bench.negotiate(F_VERSION_1)
  const [receive, transmit] = [0, 1].map((i) =>
    isLegacy
      ? bench.placeQueue(i, QUEUES * (1 + 2 * i))
      : bench.setUpQueue(i, 0n, 64, QUEUES + QUEUE_BYTES * i),
  )
  if (isLegacy) bench.setLegacy('status', 7)
  else bench.start()
  const notify = (index: number): void =>
    isLegacy ? bench.setLegacy('queueNotify', index) : bench.notify(index)
  return { device, bench, ram, receive: receive!, transmit: transmit!, notify, type, printed: () => printed }
}

test.each([
  ['modern', false],
  ['legacy', true],
])('%s: what the guest prints and what is typed', (_name, isLegacy) => {
  const { device, bench, ram, receive, transmit, notify, type, printed } = create(isLegacy)
  ram.set(new TextEncoder().encode('hello, world'), BUFFER)
  transmit.add([
    { gpa: BUFFER, length: 7, writable: false },
    { gpa: BUFFER + 7, length: 5, writable: false },
  ])
  notify(1)
  expect([printed(), transmit.collect()?.written]).toEqual(['hello, world', 0])

  const read = (): string => {
    receive.add([{ gpa: BUFFER, length: 16, writable: true }])
    notify(0)
    const done = receive.collect()
    return done === null ? '-' : new TextDecoder().decode(ram.slice(BUFFER, BUFFER + done.written))
  }
  // What was typed before there was a driver is not lost.
  expect(read()).toBe('early ')
  type('a line longer than one buffer\n')
  expect([read(), read()]).toEqual(['a line longer th', 'an one buffer\n'])
  // A buffer that waits is filled when something is typed, with an interrupt.
  expect(read()).toBe('-')
  bench.readIsr()
  type('x')
  expect([receive.collect()?.written, bench.intx]).toEqual([1, true])
  expect(device.room).toBe(4096)
})

test('a character written to the configuration is printed, and others are refused', () => {
  const { bench, printed } = create(false)
  bench.mmio.write(bench.bases[2]! + 8, 4, 0x21)
  bench.mmio.write(bench.bases[2]! + 4, 4, 0x21)
  expect([printed(), bench.diagnostics.counters.get('console.config-write'), bench.readDevice(4, 4)]).toEqual(
    ['!', 1, 1],
  )
})
