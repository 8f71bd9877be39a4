/** A helper that would write registers raises instead: they are what the instructions before it have left. */
import { expect, test } from 'vitest'
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, place } from '../cpu/machine.ts'

/** MOV EAX, 1; MOV EDX, 2; XOR ECX, ECX; DEC ECX; RDMSR, of a register that there is not. */
const CODE = [0xb8, 1, 0, 0, 0, 0xba, 2, 0, 0, 0, 0x31, 0xc9, 0xff, 0xc9, 0x0f, 0x32]
const RDMSR = 14
const IDT = 0x7000
const HANDLER = 0x2_0000
const GP = 13

test.each<Engine>(['interpreter', 'jit'])('on %s', (engine) => {
  const machine = createMachine(64, 1 << 20, engine)
  const { cpu, view, ram } = machine
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xfff)
  view.setBigUint64(IDT + 16 * GP, 0x8e00_0008_0000n | (BigInt(HANDLER >>> 16) << 48n), true)
  // HLT
  ram[HANDLER] = 0xf4
  place(machine, CODE)
  const start = cpu.rip
  expect(cpu.run(100)).toBe('halted')
  expect([cpu.gpr(0), cpu.gpr(2), cpu.gpr(1)]).toEqual([1n, 2n, 0xffff_ffffn])
  // Behind the error code.
  expect(view.getBigUint64(Number(cpu.gpr(4)) + 8, true)).toBe(start + BigInt(RDMSR))
})
