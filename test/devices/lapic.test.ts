import { expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { LocalApic } from '../../src/devices/interrupt/lapic.ts'
import type { InterruptMessage } from '../../src/devices/interrupt/message.ts'
import { TestTime } from './support/fake-time.ts'

const ID = 0x20
const TPR = 0x80
const PPR = 0xa0
const EOI = 0xb0
const SVR = 0xf0
const ISR = 0x100
const IRR = 0x200
const ESR = 0x280
const ICR = 0x300
const LVT_TIMER = 0x320
const INITIAL = 0x380
const CURRENT = 0x390
const DIVIDE = 0x3e0

function setUp() {
  const time = new TestTime()
  const wire = { intr: false, nmis: 0, eois: [] as number[], sent: [] as InterruptMessage[] }
  let tscOffset = 0n
  const diagnostics = createDiagnostics()
  const lapic: LocalApic = new LocalApic(
    0,
    time.clock,
    {
      intr: (asserted) => (wire.intr = asserted),
      nmi: () => wire.nmis++,
      startup: () => {},
      endOfInterrupt: (vector) => wire.eois.push(vector),
      send: (message) => {
        wire.sent.push(message)
        if (lapic.accepts(message.destination, message.isLogical)) lapic.deliver(message)
      },
      acknowledgeExtInt: () => 0x28,
      tscOffset: () => tscOffset,
      moved: () => {},
      taskPriority: () => {},
    },
    diagnostics,
  )
  const read = (offset: number): number => lapic.read(offset, 4) >>> 0
  const write = (offset: number, value: number): void => lapic.write(offset, 4, value)
  const inject = (vector: number, isLevel = false): void =>
    lapic.deliver({ destination: 0, isLogical: false, mode: 0, vector, isLevel })
  write(SVR, 0x1ff)
  return { time, wire, lapic, diagnostics, read, write, inject, setTscOffset: (n: bigint) => (tscOffset = n) }
}

test('the highest vector is taken first; one of the same class waits for the end of interrupt', () => {
  const { lapic, wire, read, write, inject } = setUp()
  inject(0x31)
  inject(0x52)
  inject(0x55)
  expect(wire.intr).toBe(true)
  expect(lapic.acknowledge()).toBe(0x55)
  expect([wire.intr, read(PPR), read(ISR + 0x20), read(IRR + 0x20)]).toEqual([false, 0x50, 1 << 21, 1 << 18])
  write(EOI, 0)
  expect(lapic.acknowledge()).toBe(0x52)
  inject(0x61)
  expect(wire.intr).toBe(true)
  expect(lapic.acknowledge()).toBe(0x61)
  write(EOI, 0)
  write(EOI, 0)
  expect(lapic.acknowledge()).toBe(0x31)
})

test('the task priority holds back its class and those below', () => {
  const { lapic, wire, write, inject } = setUp()
  write(TPR, 0x50)
  inject(0x5f)
  expect(wire.intr).toBe(false)
  lapic.setTaskPriorityClass(4)
  expect([wire.intr, lapic.taskPriorityClass]).toEqual([true, 4])
  expect(lapic.acknowledge()).toBe(0x5f)
})

test('an acknowledge with nothing deliverable is spurious and leaves no trace in ISR', () => {
  const { lapic, read, inject, write } = setUp()
  inject(0x40)
  write(TPR, 0xf0)
  expect(lapic.acknowledge()).toBe(0xff)
  expect(read(ISR + 0x20)).toBe(0)
})

test('a software-disabled APIC takes no fixed interrupt and masks its vectors', () => {
  const { wire, read, write, inject, diagnostics } = setUp()
  write(LVT_TIMER, 0x30)
  write(SVR, 0xff)
  inject(0x40)
  expect([wire.intr, diagnostics.counters.get('lapic.disabled')]).toEqual([false, 1])
  expect(read(LVT_TIMER) & 0x1_0000).toBe(0x1_0000)
})

test('only a level-triggered interrupt tells the IOAPIC of its end', () => {
  const { lapic, wire, write, inject } = setUp()
  inject(0x40, true)
  inject(0x41, false)
  lapic.acknowledge()
  write(EOI, 0)
  lapic.acknowledge()
  write(EOI, 0)
  expect(wire.eois).toEqual([0x40])
})

test('one-shot timer: counts down by the divider, fires once', () => {
  const { time, lapic, wire, read, write } = setUp()
  write(LVT_TIMER, 0x30)
  write(DIVIDE, 0x3) // by 16
  write(INITIAL, 1000)
  time.advance(8000)
  expect(read(CURRENT)).toBe(500)
  time.advance(7999)
  expect(wire.intr).toBe(false)
  time.advance(1)
  expect([lapic.acknowledge(), read(CURRENT), time.clock.nextDeadlineNs]).toEqual([0x30, 0, Infinity])
})

test('periodic timer: fires again and again; missed periods are one interrupt', () => {
  const { time, lapic, write } = setUp()
  write(LVT_TIMER, 0x2_0030)
  write(DIVIDE, 0xb) // by 1
  write(INITIAL, 10_000)
  for (let i = 0; i < 3; i++) {
    time.advance(10_000)
    expect(lapic.acknowledge()).toBe(0x30)
    write(EOI, 0)
  }
  time.clock.addHalted(55_000)
  time.clock.runDue()
  expect(lapic.acknowledge()).toBe(0x30)
  expect(time.clock.nextDeadlineNs).toBe(90_000)
})

test('a period of one tick does not make a storm', () => {
  const { time, write } = setUp()
  write(LVT_TIMER, 0x2_0030)
  write(DIVIDE, 0xb)
  write(INITIAL, 1)
  time.advance(1)
  expect(time.clock.nextDeadlineNs).toBe(1001)
})

test('TSC deadline: by MSR, with the guest offset, disarmed by zero and by a change of mode', () => {
  const { time, lapic, wire, read, write, setTscOffset } = setUp()
  setTscOffset(1_000_000n)
  write(LVT_TIMER, 0x4_0030)
  write(INITIAL, 5)
  expect(read(INITIAL)).toBe(0)
  lapic.writeMsr(0x6e0, 1_005_000n)
  expect(lapic.readMsr(0x6e0)).toBe(1_005_000n)
  time.advance(4999)
  expect(wire.intr).toBe(false)
  time.advance(1)
  expect([lapic.acknowledge(), lapic.readMsr(0x6e0)]).toEqual([0x30, 0n])
  lapic.writeMsr(0x6e0, 2_000_000n)
  lapic.writeMsr(0x6e0, 0n)
  expect(time.clock.nextDeadlineNs).toBe(Infinity)
  lapic.writeMsr(0x6e0, 1n)
  time.advance(0)
  write(EOI, 0)
  expect(lapic.acknowledge()).toBe(0x30)
  lapic.writeMsr(0x6e0, 2n ** 63n)
  write(LVT_TIMER, 0x30)
  expect(time.clock.nextDeadlineNs).toBe(Infinity)
})

test('self IPI by shorthand, by physical and by logical destination; an illegal vector is an error', () => {
  const { lapic, wire, read, write } = setUp()
  write(ICR, 0x4_4040)
  expect(lapic.acknowledge()).toBe(0x40)
  write(EOI, 0)
  write(ICR + 0x10, 0)
  write(ICR, 0x4041)
  expect(lapic.acknowledge()).toBe(0x41)
  write(EOI, 0)
  write(0xd0, 0x0100_0000)
  write(ICR + 0x10, 0x0300_0000)
  write(ICR, 0x4842)
  expect(lapic.acknowledge()).toBe(0x42)
  write(ICR, 0x400f)
  write(ESR, 0)
  expect(read(ESR)).toBe(0x20)
  write(ICR, 0x4_4400)
  expect(wire.nmis).toBe(1)
})

test('x2APIC: by MSR only, with a 64-bit ICR, SELF IPI and a derived LDR', () => {
  const { lapic, wire, read } = setUp()
  lapic.writeMsr(0x1b, 0xfee0_0d00n)
  expect(read(0x20)).toBe(0xffff_ffff)
  expect([lapic.readMsr(0x802), lapic.readMsr(0x80d)]).toEqual([0n, 1n])
  lapic.writeMsr(0x83f, 0x50n)
  expect(lapic.acknowledge()).toBe(0x50)
  lapic.writeMsr(0x80b, 0n)
  lapic.writeMsr(0x830, 0x0000_0001_0000_0851n)
  expect([wire.intr, lapic.readMsr(0x830)]).toEqual([true, 0x0000_0001_0000_0851n])
  lapic.writeMsr(0x1b, 0xfee0_0100n)
  expect([lapic.isEnabled, wire.intr]).toEqual([false, false])
})

test('the ID stays; writing it is no error, and worth a warning only when it would change', () => {
  const { read, write, diagnostics } = setUp()
  write(ID, 0)
  expect(diagnostics.counters.get('unimplemented')).toBe(0)
  write(ID, 0x0700_0000)
  expect(diagnostics.counters.get('unimplemented')).toBe(1)
  write(ESR, 0)
  expect([read(ID), read(ESR)]).toEqual([0, 0])
})

test('virtual wire: LINT0 passes the 8259 pair through until it is masked', () => {
  const { lapic, wire, write } = setUp()
  lapic.setLint0(true)
  expect([wire.intr, lapic.acknowledge()]).toEqual([true, 0x28])
  write(0x350, 0x1_0000)
  expect(wire.intr).toBe(false)
})

test('save and load carry pending, in-service and timer over', () => {
  const one = setUp()
  one.inject(0x40)
  one.lapic.acknowledge()
  one.inject(0x35)
  one.write(LVT_TIMER, 0x2_0030)
  one.write(INITIAL, 1_000_000)
  const two = setUp()
  two.lapic.load(one.lapic.save())
  expect(two.lapic.save()).toEqual(one.lapic.save())
  expect(two.wire.intr).toBe(false)
  two.write(EOI, 0)
  expect(two.lapic.acknowledge()).toBe(0x35)
  expect(two.time.clock.nextDeadlineNs).toBe(2_000_000)
})
