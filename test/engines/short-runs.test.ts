/** A guest that sleeps after every short piece of work, or that a timer interrupts as often, is translated like any other. */
import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { Assembler, ecx } from '../../src/isa/index.ts'
import { createMachine, place } from '../cpu/machine.ts'

const RUNS = 2000
const INSTRUCTIONS = 1000

test.each(['halts', 'is interrupted'])('a guest that %s', (kind) => {
  const machine = createMachine(64, 1 << 20, 'auto')
  const { cpu } = machine
  const asm = new Assembler(64)
  const again = asm.label('again')
  asm.emit('mov', ecx, kind === 'halts' ? INSTRUCTIONS / 2 : 0x7fff_ffff)
  asm.bind(again).emit('dec', ecx).emit('jne', again).emit('hlt')
  place(machine, [...asm.finish().bytes])
  const start = cpu.rip
  for (let run = 0; run < RUNS; run++) {
    if (kind === 'halts') {
      cpu.setState32(L.HALTED, 0)
      cpu.rip = start
    }
    cpu.run(kind === 'halts' ? 2 * INSTRUCTIONS : INSTRUCTIONS)
  }
  expect(cpu.engineStatistics.compiled).toBeGreaterThan(0)
  expect(cpu.engineStatistics.tiers.interpreted).toBeLessThan((RUNS * INSTRUCTIONS) / 4)
})
