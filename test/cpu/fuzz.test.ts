import { expect, test } from 'vitest'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, haveHelpers, place } from './machine.ts'
import { Random } from './silicon/random.ts'

// One seed for the everyday run; SEED=$RANDOM CASES=100000 goes looking.
const seed = Number(process.env.SEED ?? 1)
const ROUNDS = Number(process.env.CASES ?? 300)

const IDT = 0x7000
const CODE = 0x40000
const DATA = 0x20_0000

/** Attributes of CS for the three widths of code. */
const widths = { 64: 0xa09b, 32: 0xc09b, 16: 0x809b } as const

// Whatever a guest executes, the host neither throws nor hangs, and the count stays within the budget.
test.skipIf(!haveHelpers).each([64, 32, 16] as const)('random bytes as %i-bit code', (width) => {
  console.log(`seed ${seed} (SEED=${seed} CASES=${ROUNDS} repeats this)`)
  const random = new Random(seed)
  const machine = createMachine()
  const { cpu, bus, ram, view } = machine
  // A guest that fills device registers by REP STOS would fill the log, too.
  bus.mmioWrite = () => {}
  bus.mmioRead = () => 0
  bus.ioRead = () => 0
  bus.ioWrite = () => {}
  const pristine = ram.slice(0, 0x10000)
  const ends: Record<string, number> = {}
  let retired = 0
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 50 === 0) {
      cpu.reset()
      cpu.ramWritten(0, 0x10000)
    }
    const fresh = createState(round)
    fresh()
    const before = cpu.retired
    const budget = 1 + random.below(400)
    const end = cpu.run(budget)
    ends[end] = (ends[end] ?? 0) + 1
    expect(cpu.retired - before).toBeLessThanOrEqual(budget)
    retired += cpu.retired - before
  }
  console.log(`${retired} instructions retired, ends: ${JSON.stringify(ends)}`)

  /** Tables as they were, handlers that return into random code, registers that often point somewhere. */
  function createState(round: number): () => void {
    return () => {
      cpu.ramWritten(0, pristine.length)
      ram.set(pristine)
      for (let vector = 0; vector < 256; vector++) {
        view.setUint16(IDT + 16 * vector, 0x500 + random.below(64), true)
        view.setUint16(IDT + 16 * vector + 2, 8, true)
        view.setUint16(IDT + 16 * vector + 4, 0x8e00, true)
        view.setUint16(IDT + 16 * vector + 6, CODE >>> 16, true)
      }
      place(machine, random.bytes(4096), CODE)
      for (let n = 0; n < 16; n++)
        cpu.setGpr(n, random.below(2) ? BigInt(DATA + random.below(8192)) : random.u64())
      cpu.setGpr(4, BigInt(DATA + 0x8000))
      for (const field of [L.SHUTDOWN, L.HALTED, L.CPL]) cpu.setState32(field, 0)
      for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
        cpu.setSegment(seg, { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 })
      const limit = width === 64 || round % 2 === 0 ? 0xffff_ffff : 0xf_ffff
      cpu.setSegment(L.CS, { selector: 8, base: 0n, limit, attributes: widths[width] })
      cpu.setState64(L.IDTR, BigInt(IDT))
      cpu.setState32(L.IDTR + 8, 0xfff)
      cpu.setState64(L.GDTR, 0x6000n)
      cpu.setState32(L.GDTR + 8, 47)
      cpu.setState64(L.CR3, 0x1000n)
      cpu.setState64(L.CR4, 0x50620n)
      cpu.setState64(L.EFER, 0x501n)
      cpu.setState64(L.CR0, 0x80010033n)
      cpu.rip = BigInt(CODE + random.below(4096))
      cpu.rflags = 2n
      cpu.stateChanged()
    }
  }
})
