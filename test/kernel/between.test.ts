/**
 * What may come between any two instructions of a way into the kernel and back: an interrupt, and a single step that the application has asked for. In the middle of
 * a change of stacks and page tables, too.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { CPL } from '../../src/cpu/layout.ts'
import { Symbols } from '../../src/debug/symbols/symbols.ts'
import { Computer } from '../../src/machine/computer.ts'
import { Control, createControl, STOP_REQUESTED } from '../../src/machine/control.ts'
import { loadCpuModules } from '../../src/machine/node/assets.ts'
import { Runner } from '../../src/machine/runner.ts'
import { image } from './images.ts'

vi.setConfig({ testTimeout: 180_000 })

/** The application begins later than that, in every mode; looked for in steps of so many instructions. */
const BEFORE = 2_000_000
const STRIDE = 100
const MOST = 10_000_000
/** Instructions of a call, and of an interrupt, at most. */
const LONGEST = 130
const HANDLING = 400
/** When there is no call within so many, there will be none. */
const PATIENCE = 20_000
const TIMER = 0x40
const TRAP_FLAG = 0x100n

const modules = loadCpuModules()
const traps = [
  'trap+kpti',
  'trap:int80+kpti+mitigations',
  'trap:sysenter',
  'trap:sysenter+kpti',
  'trap:gate',
  'trap:gate+kpti',
  'trap:fred+kpti',
]

class Calling {
  text = ''
  readonly computer = new Computer({
    modules,
    memoryBytes: 64 << 20,
    seed: new Uint8Array(32),
    epochMs: 0,
    serial: (byte: number) => void (this.text += String.fromCharCode(byte).replace('\r', '')),
  })
  readonly #call: bigint
  #isOver = false

  constructor(bytes: Uint8Array) {
    this.#call = Symbols.fromImage(bytes).find('kernel.getppid')[0]!.address
    this.computer.load({ image: bytes })
    this.run(BEFORE)
    const { cpu } = this.computer
    while (cpu.getState32(CPL) === 0 && !this.#isOver) this.run(cpu.retired + STRIDE)
  }

  run(until: number): void {
    const { board, clock, cpu } = this.computer
    const control = new Control(createControl())
    const stopWhenIdle = (): void => {
      if (clock.nextDeadlineNs === Infinity) control.requestStop(STOP_REQUESTED)
    }
    const runner = new Runner({
      board,
      clock,
      processor: cpu,
      control,
      maxInstructions: until,
      idle: 'leap',
      poll: () => {},
      flush: stopWhenIdle,
    })
    this.#isOver = runner.run().reason !== 'instruction-limit'
  }

  step(): void {
    this.run(this.computer.cpu.retired + 1)
  }

  /** To the first instruction of the next call; false when there is none any more. */
  toCall(): boolean {
    const { cpu } = this.computer
    const end = cpu.retired + PATIENCE
    do {
      if (this.#isOver || cpu.retired > end) return false
      this.step()
    } while (cpu.rip !== this.#call)
    return true
  }

  interrupt(): void {
    this.computer.board.lapic.deliver({
      destination: 0,
      isLogical: false,
      mode: 0,
      vector: TIMER,
      isLevel: false,
    })
  }
}

/** There the step finds neither stack nor page tables of the kernel's, and the machine ends. */
const unsteppable = new Set(['trap:sysenter+kpti'])

describe.each(traps)('between the instructions of a call (%s)', (link) => {
  test('an interrupt may come anywhere', async () => {
    const calling = new Calling(readFileSync(await image('test/kernel/guest/calling.ts', { link })))
    for (let steps = 0; steps < LONGEST; steps++) {
      expect(calling.toCall()).toBe(true)
      for (let i = 0; i < steps; i++) calling.step()
      calling.interrupt()
      calling.run(calling.computer.cpu.retired + HANDLING)
    }
    calling.run(MOST)
    expect(calling.text).toContain('2000 calls\n')
  })

  test.skipIf(unsteppable.has(link))('a single step asked for in ring 3 is none in ring 0', async () => {
    const calling = new Calling(readFileSync(await image('test/kernel/guest/calling.ts', { link })))
    const { cpu } = calling.computer
    expect(calling.toCall()).toBe(true)
    let steps = 0
    for (; cpu.getState32(CPL) === 3; steps++) calling.step()
    // The trap comes behind the instruction that enters the kernel, with the kernel's first instruction still to come.
    expect(calling.toCall()).toBe(true)
    for (let i = 1; i < steps; i++) calling.step()
    cpu.rflags |= TRAP_FLAG
    calling.run(MOST)
    expect(calling.text).toMatch(/^(?:2000 calls\n|\nstopped: thread 2 caused an exception \(#DB)/)
  })
})
