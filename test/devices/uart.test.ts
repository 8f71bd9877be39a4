import { expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { Uart16550 } from '../../src/devices/uart16550.ts'

function setUp() {
  const sent: number[] = []
  const wire = { asserted: false }
  const uart = new Uart16550(
    (byte) => sent.push(byte),
    (asserted) => (wire.asserted = asserted),
    createDiagnostics(),
  )
  const read = (offset: number): number => uart.read(offset, 1)
  const write = (offset: number, value: number): void => uart.write(offset, 1, value)
  return { uart, sent, wire, read, write }
}

test('a polling driver: divisor behind DLAB, bytes out, transmitter always empty', () => {
  const { sent, read, write } = setUp()
  write(3, 0x83)
  write(0, 1)
  write(1, 0)
  expect([read(0), read(1)]).toEqual([1, 0])
  write(3, 0x03)
  for (const byte of [0x68, 0x69]) {
    expect(read(5) & 0x60).toBe(0x60)
    write(0, byte)
  }
  expect(sent).toEqual([0x68, 0x69])
})

test('received data interrupts at the trigger level, or as a time-out below it; reading clears it', () => {
  const { uart, wire, read, write } = setUp()
  write(2, 0x41) // FIFO on, trigger at 4
  write(1, 0x01)
  write(4, 0x08) // OUT2
  uart.receive(1)
  expect([wire.asserted, read(2) & 0x0f, read(5) & 1]).toEqual([true, 0x0c, 1])
  for (const byte of [2, 3, 4]) uart.receive(byte)
  expect(read(2)).toBe(0xc4)
  expect([read(0), read(0), read(0), read(0)]).toEqual([1, 2, 3, 4])
  expect([wire.asserted, read(2) & 0x0f]).toEqual([false, 0x01])
})

test('without OUT2 the interrupt does not leave the chip', () => {
  const { uart, wire, read, write } = setUp()
  write(1, 0x01)
  uart.receive(1)
  expect([wire.asserted, read(2) & 0x0f]).toEqual([false, 0x04])
})

test('the empty transmitter interrupts when enabled and after each byte; reading IIR acknowledges it', () => {
  const { wire, read, write } = setUp()
  write(4, 0x08)
  write(1, 0x02)
  expect(wire.asserted).toBe(true)
  expect(read(2) & 0x0f).toBe(0x02)
  expect(wire.asserted).toBe(false)
  write(0, 0x41)
  expect(wire.asserted).toBe(true)
})

test('an overrun loses the byte, is reported once, and the room is told', () => {
  const { uart, read, write } = setUp()
  write(2, 0x01)
  let rooms = 0
  uart.onRoom = () => rooms++
  expect(uart.room).toBe(16)
  for (let i = 0; i < 17; i++) uart.receive(i)
  expect(uart.room).toBe(0)
  expect(read(5) & 0x02).toBe(0x02)
  expect(read(5) & 0x02).toBe(0)
  for (let i = 0; i < 16; i++) expect(read(0)).toBe(i)
  expect(rooms).toBe(16)
})

test('loopback: outputs come back as modem lines, bytes as input', () => {
  const { sent, read, write } = setUp()
  write(4, 0x1f)
  expect(read(6) & 0xf0).toBe(0xf0)
  write(4, 0x12)
  expect(read(6) & 0xf0).toBe(0x10)
  write(0, 0x5a)
  expect([read(0), sent.length]).toEqual([0x5a, 0])
})

test('save and load carry everything over', () => {
  const one = setUp()
  one.write(2, 0x01)
  one.write(4, 0x08)
  one.write(1, 0x05)
  one.uart.receive(0x7a)
  const two = setUp()
  two.uart.load(one.uart.save())
  expect(two.wire.asserted).toBe(true)
  expect(two.uart.save()).toEqual(one.uart.save())
  expect(two.read(0)).toBe(0x7a)
})
