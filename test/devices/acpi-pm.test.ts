/** ACPI's fixed hardware: timer, power button, sleep and what wakes from it. */
import { describe, expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { AcpiPm } from '../../src/devices/platform/acpi-pm.ts'
import { TestTime } from './support/fake-time.ts'

const [STATUS, ENABLE, CONTROL, TIMER] = [0, 2, 4, 8] as const
const [TIMER_EVENT, POWER_BUTTON, RTC, WAKE] = [0x0001, 0x0100, 0x0400, 0x8000] as const
const SLEEP = 0x2000

function setUp() {
  const time = new TestTime()
  const log: string[] = []
  const sci: boolean[] = []
  const wires = {
    sci: (level: boolean) => void sci.push(level),
    powerOff: () => void log.push('off'),
    sleep: () => void log.push('sleep'),
    wake: () => void log.push('wake'),
  }
  const diagnostics = createDiagnostics((text) => log.push(text))
  const pm = new AcpiPm(time.clock, wires, diagnostics)
  return { time, pm, log, sci: () => sci.at(-1) ?? false }
}

test('the timer runs at 3.58 MHz', () => {
  const { time, pm } = setUp()
  time.advance(1e9)
  expect(pm.read(TIMER, 4)).toBe(3_579_545)
})

test('a plain write switches off; sleep types that are not there warn', () => {
  const { pm, log } = setUp()
  pm.write(CONTROL, 2, SLEEP | (5 << 10))
  expect(log).toEqual([expect.stringMatching(/sleep type 5/)])
  pm.write(CONTROL, 2, SLEEP)
  expect([log.at(-1), pm.read(CONTROL, 2) & 1]).toEqual(['off', 1])
})

test('the power button interrupts where it is enabled, until its status is cleared', () => {
  const { pm, sci } = setUp()
  pm.pressPowerButton()
  expect([pm.read(STATUS, 2), sci()]).toEqual([POWER_BUTTON, false])
  pm.write(ENABLE, 2, POWER_BUTTON)
  expect(sci()).toBe(true)
  pm.write(STATUS, 2, RTC)
  expect(sci()).toBe(true)
  pm.write(STATUS, 2, POWER_BUTTON)
  expect([pm.read(STATUS, 4) >>> 0, sci()]).toEqual([POWER_BUTTON << 16, false])
})

test("each change of the timer's highest bit is an event", () => {
  const { time, pm, sci } = setUp()
  pm.write(ENABLE, 2, TIMER_EVENT)
  time.advance(599e9)
  expect([pm.read(STATUS, 2), sci()]).toEqual([0, false])
  time.advance(2e9)
  expect([pm.read(STATUS, 2), sci()]).toEqual([TIMER_EVENT, true])
  pm.write(STATUS, 2, TIMER_EVENT)
  expect([pm.read(STATUS, 2), sci()]).toEqual([0, false])
  time.advance(600e9)
  expect(sci()).toBe(true)
})

describe('a machine that sleeps', () => {
  const asleep = (enable: number) => {
    const machine = setUp()
    machine.pm.write(ENABLE, 2, enable)
    machine.pm.write(CONTROL, 2, SLEEP | (1 << 10))
    expect([machine.log, machine.pm.isAsleep]).toEqual([['sleep'], true])
    return machine
  }

  test('is woken by the power button, and is told so', () => {
    const { pm, log } = asleep(0)
    pm.pressPowerButton()
    pm.resume()
    expect([log, pm.isAsleep, pm.read(STATUS, 2)]).toEqual([['sleep', 'wake'], false, WAKE | POWER_BUTTON])
  })

  test('is woken by the clock where that is enabled, which it stays', () => {
    const { pm, log } = asleep(RTC)
    pm.rtcInterrupt(false)
    expect(log).toEqual(['sleep'])
    pm.rtcInterrupt(true)
    pm.resume()
    expect(log).toEqual(['sleep', 'wake'])
    expect([pm.read(STATUS, 2), pm.read(ENABLE, 2)]).toEqual([WAKE | RTC, RTC])
  })

  test('is not woken by it otherwise; saved and loaded it still sleeps', () => {
    const { pm, log } = asleep(0)
    const copy = setUp()
    copy.pm.load(pm.save())
    pm.rtcInterrupt(true)
    expect([log, copy.pm.isAsleep]).toEqual([['sleep'], true])
  })
})
