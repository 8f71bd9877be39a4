import { describe, expect, test } from 'vitest'
import { createDiagnostics } from '../../src/devices/counters.ts'
import { IoApic } from '../../src/devices/interrupt/ioapic.ts'
import type { InterruptMessage } from '../../src/devices/interrupt/message.ts'
import { parseMsi } from '../../src/devices/interrupt/message.ts'
import { PicPair } from '../../src/devices/interrupt/pic8259.ts'

describe('IOAPIC', () => {
  function setUp() {
    const sent: InterruptMessage[] = []
    const ioapic = new IoApic((message) => sent.push(message), createDiagnostics())
    const read = (register: number): number => {
      ioapic.write(0, 4, register)
      return ioapic.read(0x10, 4) >>> 0
    }
    const write = (register: number, value: number): void => {
      ioapic.write(0, 4, register)
      ioapic.write(0x10, 4, value)
    }
    return { ioapic, sent, read, write, vectors: () => sent.splice(0).map((message) => message.vector) }
  }

  test('identifies itself with 24 pins, all masked', () => {
    const { read, write } = setUp()
    write(0, 0xf500_0000)
    expect([read(0), read(1), read(0x10 + 46)]).toEqual([0x0500_0000, 0x0017_0020, 0x1_0000])
  })

  test('an edge interrupts once; at a masked pin it is lost', () => {
    const { ioapic, write, vectors, sent } = setUp()
    ioapic.setLine(4, true)
    ioapic.setLine(4, false)
    write(0x19, 0x0300_0000)
    write(0x18, 0x931)
    expect(vectors()).toEqual([])
    ioapic.setLine(4, true)
    ioapic.setLine(4, true)
    expect(sent).toEqual([{ destination: 3, isLogical: true, mode: 1, vector: 0x31, isLevel: false }])
  })

  test('a level sets remote IRR and interrupts again after the end while it is asserted', () => {
    const { ioapic, read, write, vectors } = setUp()
    write(0x10 + 20, 0x8000 | 0x41)
    ioapic.setLine(10, true)
    ioapic.setLine(10, true)
    expect([vectors(), read(0x10 + 20)]).toEqual([[0x41], 0xc041])
    ioapic.endOfInterrupt(0x41)
    expect(vectors()).toEqual([0x41])
    ioapic.setLine(10, false)
    ioapic.write(0x40, 4, 0x41)
    expect([vectors(), read(0x10 + 20)]).toEqual([[], 0x8041])
  })

  test('a level that is asserted when the pin is unmasked interrupts; remote IRR cannot be written', () => {
    const { ioapic, read, write, vectors } = setUp()
    write(0x10 + 20, 0x1_c041)
    ioapic.setLine(10, true)
    expect([vectors(), read(0x10 + 20)]).toEqual([[], 0x1_8041])
    write(0x10 + 20, 0x8041)
    expect(vectors()).toEqual([0x41])
    write(0x10 + 20, 0x41)
    expect(read(0x10 + 20)).toBe(0x41)
  })

  test('save and load', () => {
    const one = setUp()
    one.write(0x10 + 20, 0x8041)
    one.ioapic.setLine(10, true)
    const two = setUp()
    two.ioapic.load(one.ioapic.save())
    expect(two.ioapic.save()).toEqual(one.ioapic.save())
    two.ioapic.endOfInterrupt(0x41)
    expect(two.vectors()).toEqual([0x41])
  })
})

describe('8259 pair', () => {
  function setUp() {
    const wire = { intr: false }
    const pics = new PicPair((asserted) => (wire.intr = asserted))
    for (const [pic, base, cascade] of [
      [pics.primary, 0x20, 4],
      [pics.secondary, 0x28, 2],
    ] as const) {
      pic.write(0, 1, 0x11)
      for (const value of [base, cascade, 0x01, 0x00]) pic.write(1, 1, value)
    }
    return { pics, wire }
  }

  test('priority, cascade, in-service and end of interrupt', () => {
    const { pics, wire } = setUp()
    pics.setLine(4, true)
    pics.setLine(12, true)
    pics.setLine(0, true)
    expect(pics.acknowledge()).toBe(0x20)
    expect(wire.intr).toBe(false)
    pics.primary.write(0, 1, 0x20)
    // The cascade is input 2, before 4.
    expect(pics.acknowledge()).toBe(0x2c)
    pics.secondary.write(0, 1, 0x20)
    pics.primary.write(0, 1, 0x62)
    expect(pics.acknowledge()).toBe(0x24)
    pics.primary.write(0, 1, 0x0b)
    expect([pics.primary.read(0, 1), pics.primary.read(1, 1)]).toEqual([0x10, 0])
  })

  test('a line that goes away before it is taken is spurious', () => {
    const { pics, wire } = setUp()
    pics.setLine(4, true)
    pics.setLine(4, false)
    expect([wire.intr, pics.acknowledge()]).toEqual([false, 0x27])
    pics.primary.write(0, 1, 0x0b)
    expect(pics.primary.read(0, 1)).toBe(0)
  })

  test('edges need a new edge, levels do not', () => {
    const { pics, wire } = setUp()
    pics.elcr.write(1, 1, 0x04)
    for (const [irq, again] of [
      [4, false],
      [10, true],
    ] as const) {
      pics.setLine(irq, true)
      pics.acknowledge()
      pics.secondary.write(0, 1, 0x20)
      pics.primary.write(0, 1, 0x20)
      expect(wire.intr).toBe(again)
      pics.setLine(irq, false)
    }
    expect(wire.intr).toBe(false)
  })

  test('mask, automatic end of interrupt, rotation, poll', () => {
    const { pics, wire } = setUp()
    pics.primary.write(1, 1, 0x10)
    pics.setLine(4, true)
    expect(wire.intr).toBe(false)
    pics.primary.write(1, 1, 0)
    pics.primary.write(0, 1, 0x0c)
    expect(pics.primary.read(0, 1)).toBe(0x84)
    pics.primary.write(0, 1, 0xa0) // rotate on EOI: 4 is lowest now
    pics.setLine(4, false)
    pics.setLine(4, true)
    pics.setLine(6, true)
    expect(pics.acknowledge()).toBe(0x26)
  })

  test('as powered on, everything is masked', () => {
    const wire = { intr: false }
    const pics = new PicPair((asserted) => (wire.intr = asserted))
    for (let irq = 0; irq < 16; irq++) pics.setLine(irq, true)
    expect(wire.intr).toBe(false)
  })
})

test('messages: address and data', () => {
  expect(parseMsi(0xfee0_300c, 0x8142)).toEqual({
    destination: 3,
    isLogical: true,
    mode: 1,
    vector: 0x42,
    isLevel: true,
  })
  expect([parseMsi(0xfed0_0000, 0x42), parseMsi(0x1_fee0_0000, 0x42)]).toEqual([null, null])
})
