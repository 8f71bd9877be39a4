/** String instructions against a model that handles one element after the other, faults in the middle included. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STATUS_AGAIN, STATUS_CONTINUE, STATUS_EXCEPTION } from '../../src/cpu/helpers.ts'
import * as L from '../../src/cpu/layout.ts'
import { Helpers } from './helpers-harness.ts'

const [RAX, RCX, RSI, RDI] = [0, 1, 6, 7] as const
const DF = 0x400n
/** Six pages of RAM at 0x1000 …; the fourth is absent, the sixth read-only. Physical pages lie in reverse, to catch runs across pages. */
const PAGES = 6
const START = 0x1000
const SIZE = PAGES * 4096
const ABSENT = 3
const READ_ONLY = 5
const physical = (va: number): number => 0x20_0000 + (PAGES - 1 - ((va - START) >> 12)) * 4096 + (va & 0xfff)

interface Run {
  name: 'movs' | 'stos' | 'lods' | 'scas' | 'cmps'
  size: 1 | 2 | 4 | 8
  rep: 0 | 1 | 2
  address: 2 | 4 | 8
  backwards: boolean
  count: number
  from: number
  to: number
  accumulator: bigint
  /** Few different bytes, so that comparisons last. */
  seed: number
}

const near = fc.integer({ min: START + 64, max: START + SIZE - 64 })
const runs: fc.Arbitrary<Run> = fc
  .record({
    name: fc.constantFrom<Run['name'][]>('movs', 'stos', 'lods', 'scas', 'cmps'),
    size: fc.constantFrom(1, 2, 4, 8),
    rep: fc.constantFrom(0, 1, 1, 2),
    address: fc.constantFrom(2, 4, 8),
    backwards: fc.boolean(),
    count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3000 })),
    from: near,
    to: near,
    overlap: fc.option(fc.integer({ min: -9, max: 9 })),
    accumulator: fc.constantFrom(0n, 0x0101_0101_0101_0101n, 0x1234_5678_9abc_def0n),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ overlap, ...run }) =>
    overlap === null ? run : { ...run, to: Math.max(START, run.from + overlap) },
  )

class Fault extends Error {}

/** Memory as the model sees it: bytes by address, with the page rights. */
class Model {
  readonly bytes: Uint8Array
  rsi: bigint
  rdi: bigint
  rcx: bigint
  rax: bigint
  compared: [bigint, bigint] | null = null
  readonly run: Run

  constructor(run: Run, bytes: Uint8Array) {
    this.run = run
    this.bytes = bytes
    this.rsi = BigInt(run.from)
    this.rdi = BigInt(run.to)
    this.rcx = BigInt(run.count)
    this.rax = run.accumulator
  }

  #check(at: number, isWrite: boolean): void {
    for (const address of [at, at + this.run.size - 1]) {
      const page = (address - START) >> 12
      if (address < START || page >= PAGES || page === ABSENT || (isWrite && page === READ_ONLY))
        throw new Fault()
    }
  }

  #read(at: bigint): bigint {
    this.#check(Number(at), false)
    let value = 0n
    for (let i = this.run.size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[Number(at) + i]!)
    return value
  }

  #write(at: bigint, value: bigint): void {
    this.#check(Number(at), true)
    for (let i = 0; i < this.run.size; i++)
      this.bytes[Number(at) + i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }

  #element(): void {
    const { name, size } = this.run
    const bits = 8 * size
    const step = BigInt(this.run.backwards ? -size : size)
    const accumulator = BigInt.asUintN(bits, this.rax)
    const uses = { movs: [1, 1], stos: [0, 1], lods: [1, 0], scas: [0, 1], cmps: [1, 1] }[name]
    if (name === 'movs') this.#write(this.rdi, this.#read(this.rsi))
    else if (name === 'stos') this.#write(this.rdi, accumulator)
    else if (name === 'scas') this.compared = [accumulator, this.#read(this.rdi)]
    else if (name === 'cmps') this.compared = [this.#read(this.rsi), this.#read(this.rdi)]
    else {
      const value = this.#read(this.rsi)
      this.rax = size >= 4 ? value : ((this.rax >> BigInt(bits)) << BigInt(bits)) | value
    }
    this.rsi += uses[0] ? step : 0n
    this.rdi += uses[1] ? step : 0n
  }

  /** True when it faulted. */
  execute(): boolean {
    try {
      if (this.run.rep === 0) this.#element()
      while (this.run.rep !== 0 && this.rcx !== 0n) {
        this.#element()
        this.rcx--
        if (!this.compared) continue
        if (this.run.rep === (this.compared[0] === this.compared[1] ? 2 : 1)) break
      }
      return false
    } catch (error) {
      if (error instanceof Fault) return true
      throw error
    }
  }
}

test('registers, memory, flags and faults are those of one element after the other', () => {
  let faults = 0
  fc.assert(
    fc.property(runs, (run) => {
      const h = new Helpers()
      h.enterLongMode()
      const bytes = new Uint8Array(START + SIZE + 16)
      for (let i = START; i < START + SIZE; i++) bytes[i] = (i * run.seed) % 97 === 0 ? i & 3 : 1
      for (let va = START; va < START + SIZE; va++) h.ram.setUint8(physical(va), bytes[va]!)
      for (let page = 0; page < PAGES; page++) {
        const flags = page === ABSENT ? 0n : page === READ_ONLY ? 1n : 3n
        h.map(BigInt(START + page * 4096), physical(START + page * 4096), flags)
      }
      h.set(L.RFLAGS, run.backwards ? 2n | DF : 2n)
      h.setGpr(RAX, run.accumulator)
      h.setGpr(RCX, BigInt(run.count))
      h.setGpr(RSI, BigInt(run.from))
      h.setGpr(RDI, BigInt(run.to))
      const args = run.name === 'stos' || run.name === 'scas' ? [] : [L.DS]
      let status: number = STATUS_AGAIN
      while (status === STATUS_AGAIN) status = h.call(run.name, run.size, run.rep, run.address, ...args)

      const model = new Model(run, bytes)
      const faulted = model.execute()
      if (faulted) faults++
      expect(status).toBe(faulted ? STATUS_EXCEPTION : STATUS_CONTINUE)
      if (faulted) expect(h.exception()![0]).toBe(14)
      expect([h.gpr(RSI), h.gpr(RDI), h.gpr(RCX), h.gpr(RAX)]).toEqual([
        model.rsi,
        model.rdi,
        model.rcx,
        model.rax,
      ])
      for (let va = START; va < START + SIZE; va++)
        if (h.ram.getUint8(physical(va)) !== bytes[va]) throw new Error(`byte at ${va.toString(16)} differs`)
      if (!model.compared) return
      const [x, y] = model.compared
      const flags = h.value('getRflags')
      expect([(flags >> 6n) & 1n, flags & 1n]).toEqual([BigInt(x === y), BigInt(x < y)])
    }),
    { numRuns: 400 },
  )
  expect(faults).toBeGreaterThan(20)
})

test('a long copy gives the run loop a chance, and goes on where it stopped', () => {
  const h = new Helpers()
  h.enterLongMode()
  h.map(0x20_0000n, 0, 0n)
  h.write64(h.entry(0x20_0000n, 2), 0x20_0083n)
  h.setGpr(RCX, 200_000n)
  h.setGpr(RSI, 0x20_0000n)
  h.setGpr(RDI, 0x28_0000n)
  expect(h.call('movs', 1, 1, 8, L.DS)).toBe(STATUS_AGAIN)
  expect(h.gpr(RCX)).toBeGreaterThan(0n)
  let calls = 1
  while (h.call('movs', 1, 1, 8, L.DS) === STATUS_AGAIN) calls++
  expect(h.gpr(RCX)).toBe(0n)
  expect(calls).toBeLessThan(10)
})
