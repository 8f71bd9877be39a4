/** Pending x87 exceptions in the way of the first PCs: FERR#, IRQ 13, port 0xf0, IGNNE#. SDM Vol. 1, appendix D. */
import { describe, expect, test } from 'vitest'
import type { CpuBus } from '../../src/cpu/bus.ts'
import * as L from '../../src/cpu/layout.ts'
import { CoprocessorError } from '../../src/devices/platform/coprocessor-error.ts'
import { al, Assembler, mem, rbx, rsi } from '../../src/isa/index.ts'
import { createMachine, haveHelpers, place, type TestBus } from './machine.ts'

const CODE = 0x10000
const HANDLER = 0x20000
const IDT = 0x7000
const DATA = 0x30000
const VECTOR = 0x75
const NE = 0x20n

test('a latch of IRQ 13 that port 0xf0 clears, and IGNNE# until FERR# goes', () => {
  const levels: boolean[] = []
  const device = new CoprocessorError((level) => levels.push(level))
  expect(device.drive(true)).toBe(false)
  device.write(0)
  expect(device.drive(true)).toBe(true)
  expect(levels).toEqual([true, false])
  const copy = new CoprocessorError(() => {})
  copy.load(device.save())
  expect(copy.drive(true)).toBe(true)
  expect(device.drive(false)).toBe(false)
  expect(device.drive(true)).toBe(false)
  // Without a pending exception there is nothing to ignore.
  device.drive(false)
  device.write(0)
  expect(device.drive(true)).toBe(false)
})

describe.skipIf(!haveHelpers)('with CR0.NE clear', () => {
  /** 1 / 0 with #Z unmasked, then an instruction that waits; the handler is given. */
  function start(handler: (asm: Assembler) => Assembler): ReturnType<typeof createMachine> {
    const machine = createMachine()
    const { cpu, view } = machine
    const bus: TestBus & CpuBus = machine.bus
    const device = new CoprocessorError((level) => cpu.setInterrupt(level))
    bus.ferr = (asserted) => device.drive(asserted)
    bus.vector = VECTOR
    bus.ioWrite = (port) => port === 0xf0 && device.write(0)
    const entry = IDT + 16 * VECTOR
    view.setUint16(entry, HANDLER & 0xffff, true)
    view.setUint16(entry + 2, 8, true)
    view.setUint16(entry + 4, 0x8e00, true)
    view.setUint16(entry + 6, HANDLER >> 16, true)
    cpu.setState64(L.IDTR, BigInt(IDT))
    cpu.setState32(L.IDTR + 8, 0xfff)
    cpu.setState64(L.CR0, cpu.getState64(L.CR0) & ~NE)
    cpu.rflags = 0x202n
    cpu.stateChanged()
    view.setUint16(DATA, 0x37b, true)
    cpu.setGpr(6, BigInt(DATA))
    place(machine, handler(new Assembler()).finish().bytes, HANDLER)
    const asm = new Assembler()
    asm
      .emit('fninit')
      .emit('fldcw', mem({ base: rsi }))
      .emit('fld1')
      .emit('fldz')
    asm.bytes(0xde, 0xf9).emit('fld1').emit('hlt')
    place(machine, asm.finish().bytes, CODE)
    return machine
  }

  test('the next waiting instruction waits for IRQ 13, and goes on when its handler has cleared the exception', () => {
    const { cpu } = start((asm) => asm.emit('inc', rbx).emit('fnclex').emit('out', 0xf0, al).emit('iretq'))
    cpu.setGpr(3, 0n)
    expect(cpu.run(100)).toBe('halted')
    cpu.run(100)
    expect(cpu.gpr(3)).toBe(1n)
    expect((cpu.getState32(L.FCW) >>> 16) & 0x80).toBe(0)
  })
})
