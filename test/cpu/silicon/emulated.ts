/** Runs the same single instructions on our processor. Exceptions go through an IDT to one HLT for each vector, on a stack of their own. */
import * as L from '../../../src/cpu/layout.ts'
import { createMachine, type TestMachine } from '../machine.ts'
import { CODE, DATA, DATA_SIZE, type Case, type Outcome, type Registers } from './native.ts'

const IDT = 0x7000
const TSS = 0x8000
const HANDLERS = 0x9000
const IST_TOP = 0xb000
const HANDLER_BYTES = 16
const PAGE_TABLE = 0xc000
/** Entry of the page directory for the 2 MiB in which the data page lies; see `machine.ts`. */
const DATA_ENTRY = 0x3000 + 8 * (DATA / 0x20_0000)

const HLT = 0xf4
const ZEROS = new Uint8Array(16)

/** Signals as Linux maps the vectors. */
const signalOf: Record<number, number> = {
  0: 8,
  1: 5,
  3: 5,
  4: 11,
  5: 11,
  6: 4,
  7: 8,
  13: 11,
  14: 11,
  16: 8,
  19: 8,
}

export class Emulated {
  readonly machine: TestMachine = createMachine()
  /** What the data page holds before each case. */
  initial: Uint8Array
  /** What CS holds; null after a handler has run, which leaves it in 64-bit code. */
  #compatibility: boolean | null = false

  constructor(initial: Uint8Array) {
    this.initial = initial
    const { cpu, view, ram } = this.machine
    for (let vector = 0; vector < 32; vector++) {
      const target = HANDLERS + vector * HANDLER_BYTES
      ram[target] = HLT
      view.setUint16(IDT + 16 * vector, target, true)
      view.setUint16(IDT + 16 * vector + 2, 8, true)
      view.setUint16(IDT + 16 * vector + 4, 0x8e01, true)
    }
    // As on the silicon, the page behind the data page is missing.
    for (let n = 0; n < 512; n++)
      view.setBigUint64(PAGE_TABLE + 8 * n, BigInt(DATA + n * 0x1000 + (n === 1 ? 0 : 7)), true)
    view.setBigUint64(DATA_ENTRY, BigInt(PAGE_TABLE + 7), true)
    view.setBigUint64(TSS + 0x24, BigInt(IST_TOP), true)
    cpu.setState64(L.IDTR, BigInt(IDT))
    cpu.setState32(L.IDTR + 8, 32 * 16 - 1)
    cpu.setSegment(L.TR, { selector: 0x30, base: BigInt(TSS), limit: 0x67, attributes: 0x8b })
    cpu.stateChanged()
  }

  /**
   * The case's instructions and a HLT, as one run, so that every engine takes them as it takes any code; throws when the processor does anything but
   * complete them or raise. Vector registers and data are views of the machine: good until the next run.
   */
  run({ code, before, compatibility = false, count = 1 }: Case): Outcome & { vector: number } {
    const { cpu, ram, view } = this.machine
    if (this.#compatibility !== compatibility) {
      this.#compatibility = compatibility
      const [selector, attributes] = compatibility ? [0x18, 0xc09b] : [8, 0xa09b]
      cpu.setSegment(L.CS, { selector, base: 0n, limit: 0xffff_ffff, attributes })
      cpu.stateChanged()
    }
    cpu.ramWritten(CODE, code.length + 1)
    ram.set(code, CODE)
    ram[CODE + code.length] = HLT
    ram.set(this.initial, DATA)
    before.gpr.forEach((value, n) => cpu.setGpr(n, value))
    before.xmm.forEach((value, n) => cpu.vector(n).set(value))
    for (let n = 0; n < 16; n++) cpu.vector(n, 1).set(before.upper?.[n] ?? ZEROS)
    cpu.setState32(L.MXCSR, before.mxcsr)
    cpu.rflags = before.rflags
    cpu.rip = BigInt(CODE)
    const retired = cpu.retired
    const end = cpu.run(count + 1)
    const rip = Number(cpu.rip)
    const after: Registers = {
      gpr: Array.from({ length: 16 }, (_, n) => cpu.gpr(n)),
      rflags: cpu.rflags,
      mxcsr: cpu.getState32(L.MXCSR),
      signal: 0,
      xmm: Array.from({ length: 16 }, (_, n) => cpu.vector(n)),
      upper: Array.from({ length: 16 }, (_, n) => cpu.vector(n, 1)),
    }
    cpu.setState32(L.HALTED, 0)
    if (end === 'triple-fault') throw new Error(`triple fault: ${cpu.describeTripleFault()}`)
    let vector = -1
    if (end !== 'halted') throw new Error(`came to no end: ${end} at ${rip.toString(16)}`)
    const handler = Math.floor((rip - 1 - HANDLERS) / HANDLER_BYTES)
    if (handler >= 0 && handler < 32) {
      vector = handler
      this.#compatibility = null
      const frame = IST_TOP - 40
      after.gpr[4] = view.getBigUint64(frame + 24, true)
      after.rflags = view.getBigUint64(frame + 16, true)
      after.signal = signalOf[vector] ?? -vector
    } else if (cpu.retired - retired !== count + 1)
      throw new Error(`retired ${cpu.retired - retired} instructions instead of ${count + 1}`)
    return { after, data: ram.subarray(DATA, DATA + DATA_SIZE), vector }
  }
}
