import { describe, expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { A20Gate } from '../../src/devices/platform/a20-gate.ts'
import { ResetControl, SystemControlPort } from '../../src/devices/platform/reset.ts'
import { DebugExit } from '../../src/devices/platform/debug-exit.ts'
import { PIT_HZ, Pit8254 } from '../../src/devices/time/pit8254.ts'
import { Rtc } from '../../src/devices/time/rtc.ts'
import { TestTime } from './support/fake-time.ts'

const MS = 1e6

describe('8254', () => {
  function setUp() {
    const time = new TestTime()
    let rises = 0
    let level = false
    const pit = new Pit8254(
      time.clock,
      (asserted) => {
        if (asserted && !level) rises++
        level = asserted
      },
      createDiagnostics(),
    )
    const load = (counter: number, mode: number, count: number): void => {
      pit.write(3, 1, (counter << 6) | 0x30 | (mode << 1))
      pit.write(counter, 1, count & 0xff)
      pit.write(counter, 1, count >> 8)
    }
    const read = (counter: number): number => {
      pit.write(3, 1, counter << 6)
      return pit.read(counter, 1) | (pit.read(counter, 1) << 8)
    }
    return { time, pit, load, read, rises: () => rises }
  }

  test('mode 2 interrupts at its rate, without drift', () => {
    const { time, load, rises } = setUp()
    load(0, 2, 1193)
    const before = rises()
    time.advance(1000 * MS)
    expect(rises() - before).toBe(Math.floor(PIT_HZ / 1193))
  })

  test('mode 0 interrupts once, at the end of the count', () => {
    const { time, load, read, rises } = setUp()
    load(0, 0, 11_932)
    const before = rises()
    time.advance(5 * MS)
    expect(read(0)).toBeGreaterThan(5960)
    expect(read(0)).toBeLessThan(5972)
    time.advance(4.99 * MS)
    expect(rises() - before).toBe(0)
    time.advance(0.02 * MS)
    time.advance(1000 * MS)
    expect(rises() - before).toBe(1)
  })

  test('a latched count stands still until both bytes are read', () => {
    const { time, pit, load } = setUp()
    load(0, 2, 0)
    time.advance(MS)
    pit.write(3, 1, 0)
    const low = pit.read(0, 1)
    time.advance(10 * MS)
    const latched = low | (pit.read(0, 1) << 8)
    expect(0x1_0000 - latched).toBe(Math.floor(PIT_HZ / 1000))
  })

  test('counter 2 runs with its gate in port 0x61 and shows its output there: how a delay is measured', () => {
    const { time, pit, load } = setUp()
    pit.port61.write(0, 1, 0)
    load(2, 0, 11_932)
    time.advance(100 * MS)
    expect(pit.port61.read(0, 1) & 0x21).toBe(0)
    pit.port61.write(0, 1, 1)
    time.advance(9.9 * MS)
    expect(pit.port61.read(0, 1) & 0x21).toBe(0x01)
    time.advance(0.2 * MS)
    expect(pit.port61.read(0, 1) & 0x21).toBe(0x21)
  })

  test('read back: status and null count', () => {
    const { pit, load } = setUp()
    pit.write(3, 1, 0x34)
    pit.write(3, 1, 0xe2)
    expect(pit.read(0, 1) & 0x7f).toBe(0x74)
    load(0, 2, 100)
    pit.write(3, 1, 0xe2)
    expect(pit.read(0, 1)).toBe(0xb4)
  })

  test('save and load', () => {
    const one = setUp()
    one.load(0, 2, 1193)
    const two = setUp()
    two.pit.load(one.pit.save())
    expect(two.pit.save()).toEqual(one.pit.save())
    const before = two.rises()
    two.time.advance(100 * MS)
    expect(two.rises() - before).toBe(100)
  })
})

describe('real-time clock', () => {
  function setUp(epoch = Date.UTC(2026, 10, 21, 23, 59, 58)) {
    const time = new TestTime()
    const wire = { asserted: false }
    const rtc = new Rtc(
      { epochMs: epoch, lowRamBytes: 256 << 20, highRamBytes: 0 },
      time.clock,
      (asserted) => (wire.asserted = asserted),
    )
    const read = (index: number): number => {
      rtc.write(0, 1, index)
      return rtc.read(1, 1)
    }
    const write = (index: number, value: number): void => {
      rtc.write(0, 1, index)
      rtc.write(1, 1, value)
    }
    return { time, rtc, wire, read, write }
  }
  const clock = [0x04, 0x02, 0x00]
  const date = [0x32, 0x09, 0x08, 0x07, 0x06]

  test('shows date and century in BCD, and moves on', () => {
    const { time, read } = setUp()
    expect([...date, ...clock].map(read)).toEqual([0x20, 0x26, 0x11, 0x21, 7, 0x23, 0x59, 0x58])
    time.advance(2000 * MS)
    expect([...date, ...clock].map(read)).toEqual([0x20, 0x26, 0x11, 0x22, 1, 0, 0, 0])
  })

  test('binary and twelve hours', () => {
    const { read, write } = setUp()
    write(0x0b, 0x04)
    expect(clock.map(read)).toEqual([0x80 | 11, 59, 58])
    write(0x0b, 0x00)
    expect(read(0x04)).toBe(0x91)
  })

  test('can be set while SET stops it', () => {
    const { time, read, write } = setUp()
    write(0x0b, 0x82)
    for (const [index, value] of [
      [0x32, 0x19],
      [0x09, 0x99],
      [0x08, 0x12],
      [0x07, 0x31],
      [0x04, 0x23],
      [0x02, 0x59],
      [0x00, 0x59],
    ] as const)
      write(index, value)
    time.advance(5000 * MS)
    expect(clock.map(read)).toEqual([0x23, 0x59, 0x59])
    write(0x0b, 0x02)
    time.advance(1000 * MS)
    expect([...date, ...clock].map(read)).toEqual([0x20, 0x00, 0x01, 0x01, 7, 0, 0, 0])
  })

  test('periodic, alarm and update interrupts; reading register C acknowledges', () => {
    const { time, wire, read, write } = setUp()
    write(0x0b, 0x42)
    time.advance(0.98 * MS)
    expect([wire.asserted, read(0x0c), wire.asserted, read(0x0c)]).toEqual([true, 0xc0, false, 0])
    write(0x0b, 0x12)
    time.advance(1000 * MS)
    expect(read(0x0c)).toBe(0x90)
    write(0x0b, 0x22)
    for (const [index, value] of [
      [1, 0x10],
      [3, 0xff],
      [5, 0xff],
    ] as const)
      write(index, value)
    time.advance(9000 * MS)
    expect(wire.asserted).toBe(false)
    time.advance(2000 * MS)
    expect(read(0x0c) & 0xa0).toBe(0xa0)
  })

  test('says how much memory there is', () => {
    const { read } = setUp()
    expect((read(0x34) | (read(0x35) << 8)) * 65_536 + (16 << 20)).toBe(256 << 20)
  })

  test('an update is in progress at the end of a second', () => {
    const { time, read } = setUp()
    time.advance(999.9 * MS)
    expect(read(0x0a) & 0x80).toBe(0x80)
    time.advance(0.2 * MS)
    expect(read(0x0a) & 0x80).toBe(0)
  })
})

test('reset lines and the debug exit', () => {
  let resets = 0
  const reset = new ResetControl(() => resets++)
  reset.write(0, 1, 0x02)
  expect(resets).toBe(0)
  reset.write(0, 1, 0x06)
  reset.write(0, 1, 0x06)
  expect(resets).toBe(1)
  let isOpen = true
  const port92 = new SystemControlPort(new A20Gate((open) => (isOpen = open)), () => resets++)
  port92.write(0, 1, 0x00)
  expect([isOpen, port92.read()]).toEqual([false, 0x00])
  port92.write(0, 1, 0x03)
  expect([isOpen, resets, port92.read()]).toEqual([true, 2, 0x03])
  const statuses: number[] = []
  const exit = new DebugExit((status) => statuses.push(status))
  for (const value of [0, 1, 0x10, 0xffff_ffff]) exit.write(0, 4, value)
  expect(statuses).toEqual([1, 3, 33, 255])
})
