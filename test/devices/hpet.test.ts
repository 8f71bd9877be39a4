/** The HPET's counter and comparators in time. Its registers are compared with QEMU's in test/machine/platform.test.ts. */
import { describe, expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { Hpet } from '../../src/devices/time/hpet.ts'
import { TestTime } from './support/fake-time.ts'

const [CONFIGURATION, STATUS, COUNTER] = [0x10, 0x20, 0xf0] as const
const comparator = (n: number): number => 0x100 + 0x20 * n
const [LEVEL, INTERRUPTS, PERIODIC, VALUE_SET, MODE_32, MESSAGE] = [2, 4, 8, 0x40, 0x100, 0x4000] as const
const pin = (number: number): number => number << 9

function setUp() {
  const time = new TestTime()
  const log: string[] = []
  const at = (): number => time.clock.nowNs()
  const hpet = new Hpet(
    time.clock,
    {
      pin: (number, level) => void log.push(`pin ${number} ${level ? 'up' : 'down'} ${at()}`),
      irq: (number, level) => void log.push(`irq ${number} ${level ? 'up' : 'down'} ${at()}`),
      msi: (address, data) => void log.push(`msi ${address.toString(16)} ${data} ${at()}`),
      legacy: (isOn) => void log.push(`legacy ${isOn}`),
    },
    createDiagnostics(),
  )
  const write64 = (offset: number, value: bigint): void => {
    hpet.write(offset, 4, Number(value & 0xffff_ffffn))
    hpet.write(offset + 4, 4, Number(value >> 32n))
  }
  const count = (): bigint => (BigInt(hpet.read(COUNTER + 4, 4)) << 32n) | BigInt(hpet.read(COUNTER, 4))
  const ups = (): string[] => log.filter((line) => line.includes('up'))
  return { time, hpet, log, ups, write64, count }
}

test('the counter counts while it is enabled, stands otherwise, and is written only then', () => {
  const { time, hpet, write64, count } = setUp()
  time.advance(1000)
  expect(count()).toBe(0n)
  write64(COUNTER, 0xffff_fff0n)
  hpet.write(CONFIGURATION, 4, 1)
  write64(COUNTER, 5n)
  time.advance(1000)
  expect(count()).toBe(0xffff_fff0n + 100n)
  hpet.write(CONFIGURATION, 4, 0)
  time.advance(1000)
  expect(count()).toBe(0xffff_fff0n + 100n)
})

describe('comparators', () => {
  test('one shot at its time, and again only when the counter has gone round', () => {
    const { time, hpet, ups, write64 } = setUp()
    hpet.write(comparator(2), 4, INTERRUPTS | pin(16))
    write64(comparator(2) + 8, 500n)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(1e9)
    expect(ups()).toEqual(['pin 16 up 5000'])
  })

  test('32 bits go round in 43 seconds', () => {
    const { time, hpet, ups } = setUp()
    hpet.write(comparator(1), 4, INTERRUPTS | MODE_32 | pin(8))
    hpet.write(comparator(1) + 8, 4, 500)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(100e9)
    expect(ups()).toEqual([0, 1, 2].map((n) => `pin 8 up ${5000 + n * 2 ** 32 * 10}`))
  })

  test('periodic, without drift; a new period from the next match on', () => {
    const { time, hpet, ups, write64 } = setUp()
    hpet.write(comparator(0), 4, INTERRUPTS | PERIODIC | VALUE_SET | pin(2))
    write64(comparator(0) + 8, 1000n)
    write64(comparator(0) + 8, 300n)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(20_000)
    write64(comparator(0) + 8, 1000n)
    time.advance(20_000)
    expect(ups()).toEqual([10_000, 13_000, 16_000, 19_000, 22_000, 32_000].map((at) => `pin 2 up ${at}`))
    expect(hpet.read(comparator(0) + 8, 4)).toBe(4200)
  })

  test('level-triggered: asserted until the status bit is cleared', () => {
    const { time, hpet, log, write64 } = setUp()
    hpet.write(comparator(2), 4, INTERRUPTS | LEVEL | pin(20))
    write64(comparator(2) + 8, 100n)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(5000)
    expect([log, hpet.read(STATUS, 4)]).toEqual([['pin 20 up 1000'], 4])
    hpet.write(STATUS, 4, 3)
    expect(hpet.read(STATUS, 4)).toBe(4)
    hpet.write(STATUS, 4, 4)
    expect([log.at(-1), hpet.read(STATUS, 4)]).toEqual(['pin 20 down 5000', 0])
  })

  test('as messages', () => {
    const { time, hpet, log, write64 } = setUp()
    hpet.write(comparator(0) + 0x10, 4, 0x4041)
    hpet.write(comparator(0) + 0x14, 4, 0xfee0_1000)
    hpet.write(comparator(0), 4, INTERRUPTS | MESSAGE)
    write64(comparator(0) + 8, 100n)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(5000)
    expect(log).toEqual([`msi fee01000 ${0x4041} 1000`])
  })

  test('without INT_ENB nothing is heard; a pin that is not wired is not taken', () => {
    const { time, hpet, log, write64 } = setUp()
    hpet.write(comparator(0), 4, pin(5))
    expect(hpet.read(comparator(0), 4) & 0x3e00).toBe(0)
    write64(comparator(0) + 8, 100n)
    hpet.write(CONFIGURATION, 4, 1)
    time.advance(5000)
    expect(log).toEqual([])
  })
})

test('legacy replacement: comparators 0 and 1 are interrupts 0 and 8, whatever their routes', () => {
  const { time, hpet, log, ups, write64 } = setUp()
  for (const n of [0, 1, 2]) {
    hpet.write(comparator(n), 4, INTERRUPTS | pin(17))
    write64(comparator(n) + 8, BigInt(100 * (n + 1)))
  }
  hpet.write(CONFIGURATION, 4, 3)
  time.advance(5000)
  expect(ups()).toEqual(['irq 0 up 1000', 'irq 8 up 2000', 'pin 17 up 3000'])
  hpet.write(CONFIGURATION, 4, 1)
  expect(log.filter((line) => line.startsWith('legacy'))).toEqual(['legacy true', 'legacy false'])
})

test('saved and loaded, it goes on where it was', () => {
  const { time, hpet, ups, write64 } = setUp()
  hpet.write(comparator(0), 4, INTERRUPTS | PERIODIC | VALUE_SET | pin(2))
  write64(comparator(0) + 8, 1000n)
  hpet.write(CONFIGURATION, 4, 1)
  time.advance(15_000)
  const state = structuredClone(hpet.save())
  hpet.reset()
  hpet.load(state)
  time.advance(10_000)
  expect(ups()).toEqual(['pin 2 up 10000', 'pin 2 up 20000'])
})
