/** The limit of CS holds for code that has run before under a larger one. SDM Vol. 3A, 5.3. */
import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { createMachine } from './machine.ts'

const BASE = 0x2_0000
const IDT = 0x7000
const HANDLER = 0x9000
const STACK = 0x8_0000n
const GP = 13
const [JMP_EBX, INC_EAX, HLT, NOP] = [[0xff, 0xe3], 0x40, 0xf4, 0x90] as const

/** EAX, and EIP of the #GP or null, when the jump's target is `target` and the segment ends at `limit`. */
function run(
  machine: ReturnType<typeof createMachine>,
  target: number,
  limit: number,
): [number, number | null] {
  const { cpu, view } = machine
  cpu.setSegment(L.CS, { selector: 0x18, base: BigInt(BASE), limit, attributes: 0x409b })
  cpu.setGpr(0, 0n)
  cpu.setGpr(3, BigInt(target))
  cpu.setGpr(4, STACK)
  cpu.rip = 0n
  cpu.stateChanged()
  expect(cpu.run(100)).toBe('halted')
  cpu.setState32(L.HALTED, 0)
  const hasFaulted = cpu.rip === BigInt(HANDLER + 1)
  return [Number(cpu.gpr(0)), hasFaulted ? view.getUint32(Number(STACK) - 12, true) : null]
}

test.each([
  ['in the middle of a page', 0x100],
  ['on the next page', 0x1100],
  ['across two pages', 0xffe],
])('a block %s', (_, target) => {
  const machine = createMachine(32)
  const { cpu, view, ram } = machine
  view.setUint32(IDT + 8 * GP, (0x18 << 16) | HANDLER, true)
  view.setUint32(IDT + 8 * GP + 4, 0x8e00, true)
  cpu.setState64(L.IDTR, BigInt(IDT))
  cpu.setState32(L.IDTR + 8, 0xff)
  ram[HANDLER] = HLT
  ram.set(JMP_EBX, BASE)
  // The instruction across the end of the page has five bytes: B8, MOV EAX, 0.
  const first = target === 0xffe ? [0xb8, 0, 0, 0, 0] : [NOP]
  ram.set([...first, ...Array.from({ length: 20 }, () => INC_EAX), HLT], BASE + target)
  const start = target + first.length
  for (let round = 0; round < 3; round++) expect(run(machine, target, 0xffff)).toEqual([20, null])
  expect(run(machine, target, start + 4)).toEqual([5, start + 5])
  expect(run(machine, target, target)).toEqual([0, first.length > 1 ? target : target + 1])
  expect(run(machine, target, target - 1)).toEqual([0, 0])
})
