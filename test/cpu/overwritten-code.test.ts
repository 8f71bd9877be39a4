/** A write to code forgets what was made of these bytes; other code of the page stays, translated and linked as it is. */
import { expect, test } from 'vitest'
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, haveHelpers, place, type TestMachine } from './machine.ts'

const LOOP = 0x1_0000
const ADD = LOOP + 0x100
const COUNT = LOOP + 0x200
/** Code in the same page that is not of the loop. */
const OTHER = LOOP + 0x300
const ROUNDS = 300_000n

/** A loop of three blocks, ECX times; it adds 1 to EAX. */
function load(machine: TestMachine): void {
  place(machine, [0xf4], OTHER) // hlt
  place(machine, [0x83, 0xc0, 0x01, 0xe9, 0xf8, 0, 0, 0], ADD) // add eax, 1; jmp COUNT
  place(machine, [0xff, 0xc9, 0x0f, 0x85, 0xf8, 0xfd, 0xff, 0xff, 0xf4], COUNT) // dec ecx; jne LOOP; hlt
  place(machine, [0xe9, 0xfb, 0, 0, 0], LOOP) // jmp ADD
}

function overwrite({ cpu, ram }: TestMachine, at: number, byte: number): void {
  cpu.ramWritten(at, 1)
  ram[at] = byte
}

function run({ cpu }: TestMachine, from = LOOP): bigint {
  cpu.setState32(L.HALTED, 0)
  cpu.rip = BigInt(from)
  cpu.setGpr(0, 0n)
  cpu.setGpr(1, ROUNDS)
  expect(cpu.run(1e9)).toBe('halted')
  return cpu.gpr(0)
}

test.skipIf(!haveHelpers).each<Engine>(['interpreter', 'auto', 'jit'])('on %s', (engine) => {
  const machine = createMachine(64, 1 << 20, engine)
  const { cpu } = machine
  load(machine)
  run(machine, OTHER)
  expect(run(machine)).toBe(ROUNDS)
  const before = cpu.engineStatistics
  expect(before.regions > 0).toBe(engine !== 'interpreter')

  overwrite(machine, OTHER, 0x90)
  // Translating everything at once reads on behind HLT, as far as here.
  if (engine !== 'jit') expect(cpu.engineStatistics.dropped).toBe(before.dropped)

  overwrite(machine, ADD + 2, 2)
  expect(run(machine)).toBe(2n * ROUNDS)
  if (engine !== 'interpreter') expect(cpu.engineStatistics.dropped).toBeGreaterThan(before.dropped)
  // The loop's blocks are linked again: nothing comes back to the host each time around.
  const sum = (exits: Record<string, number>): number => Object.values(exits).reduce((a, b) => a + b, 0)
  expect(sum(cpu.engineStatistics.exits) - sum(before.exits)).toBeLessThan(1000)
})

test.skipIf(!haveHelpers)('a page that is written again and again loses all its code', () => {
  const machine = createMachine(64, 1 << 20, 'auto')
  load(machine)
  run(machine, OTHER)
  run(machine)
  for (let n = 0; n < 15; n++) overwrite(machine, OTHER, 0x90)
  expect(machine.cpu.engineStatistics.dropped).toBe(0)
  overwrite(machine, OTHER, 0xf4)
  expect(machine.cpu.engineStatistics.dropped).toBe(1)
  expect(run(machine)).toBe(ROUNDS)
})
