/** A repeated store that overwrites itself is read again after a part of its work; how much that is must not depend on what an engine keeps of the pages it passes. */
import { expect, test } from 'vitest'
import type { Engine } from '../../src/cpu/run-loop.ts'
import { createMachine } from '../cpu/machine.ts'

const CODE = 0x2_0000
const AHEAD = CODE + 0x6000
const NOP = 0x90
const REP_STOSB = [0xf3, 0xaa]

/** RDI when the store has become NOPs. `warm`: code behind it on the store's way has run before. */
function end(engine: Engine, warm: boolean): bigint {
  const { cpu, ram } = createMachine(64, 1 << 20, engine)
  cpu.ramWritten(CODE, 0x1_0000)
  ram.fill(NOP, AHEAD, AHEAD + 64)
  ram.set(REP_STOSB, CODE)
  if (warm) {
    cpu.rip = BigInt(AHEAD)
    cpu.run(20)
  }
  cpu.rip = BigInt(CODE)
  cpu.setGpr(0, BigInt(NOP))
  cpu.setGpr(1, 0x8_0000n)
  cpu.setGpr(7, BigInt(CODE - 0xfd0))
  cpu.run(2)
  return cpu.gpr(7)
}

test.each<Engine>(['interpreter', 'auto', 'jit'])('on %s', (engine) => {
  const cold = end('interpreter', false)
  expect(cold).toBeLessThan(BigInt(CODE + 0x8_0000))
  expect(end(engine, false)).toBe(cold)
  expect(end(engine, true)).toBe(cold)
})
