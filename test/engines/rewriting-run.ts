/** The guest that rewrites its code on two engines, side by side. */
import type { Cpu, CpuState } from '../../src/cpu/cpu.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import { createMachine, type TestMachine } from '../cpu/machine.ts'
import { Random } from '../cpu/silicon/random.ts'
import { describe } from './fragments.ts'
import { install, ROUND, rounds } from './rewriter.ts'

/** Steps after which another guest takes its place. */
const STEPS_PER_GUEST = 2000
const MAX_BUDGET = 20_000
const RAM = 8 << 20

/** A run also ends after many exceptions, with some of its budget left; or for good, by HLT or a triple fault. */
function runFor(cpu: Cpu, budget: number): void {
  const end = cpu.retired + budget
  for (let before = -1; cpu.retired < end && cpu.retired > before;) {
    before = cpu.retired
    if (cpu.run(end - before) !== 'budget') return
  }
}

export class Rewriting {
  /** Of all guests together. */
  rounds = 0
  instructions = 0
  guests = 0
  readonly #seed: number
  readonly #machines: readonly [TestMachine, TestMachine]
  /** As the machines were before a guest: one may have destroyed what the next needs. */
  readonly #initial: readonly { readonly cpu: CpuState; readonly ram: Uint8Array }[]
  #random = new Random(1)
  #steps = 0
  #lastRounds = 0

  constructor(seed: number, engine: Engine) {
    this.#seed = seed
    this.#machines = [createMachine(64, RAM, 'interpreter'), createMachine(64, RAM, engine)]
    this.#initial = this.#machines.map(({ cpu, ram }) => ({ cpu: cpu.save(), ram: ram.slice() }))
    for (const { cpu, bus } of this.#machines)
      bus.acknowledgeInterrupt = () => {
        cpu.setState32(L.INTR, 0)
        return 0x20
      }
  }

  /** Up to `count` steps more; what differs, or null. */
  steps(count: number): string | null {
    for (let n = 0; n < count; n++) {
      const difference = this.#step()
      if (difference) return `guest ${this.guests}, step ${this.#steps}: ${difference}`
    }
    return null
  }

  #step(): string | null {
    if (this.#steps++ % STEPS_PER_GUEST === 0) this.#restart()
    const interrupt = Number(this.#random.below(4) === 0)
    const budget = 1 + this.#random.below(this.#random.below(3) === 0 ? 300 : MAX_BUDGET)
    for (const { cpu, bus } of this.#machines) {
      cpu.setState32(L.INTR, interrupt)
      runFor(cpu, budget)
      bus.log.length = 0
    }
    this.instructions += budget
    return this.#compare() ?? this.#unstick()
  }

  #restart(): void {
    this.guests++
    this.#lastRounds = 0
    for (const [i, machine] of this.#machines.entries()) {
      const { cpu, ram } = this.#initial[i]!
      machine.cpu.ramWritten(0, ram.length)
      machine.ram.set(ram)
      machine.cpu.load(cpu)
      machine.bus.mmio.clear()
      install(machine, new Random(this.#seed + this.guests))
    }
    this.#random = new Random(~(this.#seed + this.guests))
  }

  #compare(): string | null {
    const [a, b] = this.#machines
    const [ours, theirs] = [describe(a), describe(b)]
    const differing = ours.flatMap((line, n) => (line === theirs[n] ? [] : [`${line} | ${theirs[n]}`]))
    if (Buffer.compare(a.ram, b.ram) !== 0)
      differing.push(`RAM at ${a.ram.findIndex((byte, n) => byte !== b.ram[n]).toString(16)}`)
    return differing.length > 0 ? differing.join('\n') : null
  }

  /** A loop without an end that the guest has made is left from outside; a guest that has destroyed itself makes room for another. */
  #unstick(): null {
    const [{ cpu }] = this.#machines
    const now = rounds(this.#machines[0])
    if (now !== this.#lastRounds) this.rounds += Math.max(0, now - this.#lastRounds)
    else if (cpu.getState32(L.SHUTDOWN)) this.#steps = 0
    else
      for (const machine of this.#machines) {
        machine.cpu.setState32(L.HALTED, 0)
        machine.cpu.rip = BigInt(ROUND)
      }
    this.#lastRounds = now
    return null
  }
}
