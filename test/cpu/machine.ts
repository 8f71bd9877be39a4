/** A processor with nothing around it, for tests: RAM, identity-mapped page tables, a board that records accesses. */
import { existsSync, readFileSync } from 'node:fs'
import type { CpuBus } from '../../src/cpu/bus.ts'
import { Cpu } from '../../src/cpu/cpu.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import type { CpuModel } from '../../src/cpu/cpuid/features.ts'
import * as L from '../../src/cpu/layout.ts'

export const RAM_SIZE = 16 << 20
/** Page tables: PML4, one page of PDPTEs, one of PDEs with 2 MiB pages for the first GiB. */
const PML4 = 0x1000
const FLAT_DATA = 0xc093
const CODE64 = 0xa09b
const CODE32 = 0xc09b
export const GDT = 0x6000

const helpersPath = new URL('../../build/cpu-helpers.wasm', import.meta.url).pathname
const interpreterPath = new URL('../../build/interpreter.wasm', import.meta.url).pathname

/** What the tests of the processor run on: ENGINE=jit translates everything at once. */
export const testEngine = (process.env.ENGINE ?? 'auto') as Engine

let interpreter: WebAssembly.Module | null = null
let helpers: WebAssembly.Module | null = null

/** Whether the processor has been built (`npm run build`). */
export const haveHelpers: boolean = existsSync(helpersPath) && existsSync(interpreterPath)

/** A random program may store to every address there is: of its accesses, and of what it has written, the first are kept. */
const MOST_KEPT = 100_000

export class TestBus implements CpuBus {
  readonly log: string[] = []
  readonly mmio = new Map<number, number>()
  vector = 0x20
  onAccess: (() => void) | null = null
  #note(access: string): void {
    if (this.log.length < MOST_KEPT) this.log.push(access)
  }
  mmioRead(gpa: number, size: number): number {
    this.#note(`r${size} ${gpa.toString(16)}`)
    this.onAccess?.()
    return this.mmio.get(gpa) ?? 0xffffffff
  }
  mmioRead64(gpa: number): bigint {
    return BigInt(this.mmioRead(gpa, 8))
  }
  mmioWrite(gpa: number, size: number, value: number): void {
    this.#note(`w${size} ${gpa.toString(16)} ${value.toString(16)}`)
    if (this.mmio.size < MOST_KEPT || this.mmio.has(gpa)) this.mmio.set(gpa, value)
    this.onAccess?.()
  }
  mmioWrite64(gpa: number, value: bigint): void {
    this.mmioWrite(gpa, 8, Number(value))
  }
  ioRead(port: number, size: number): number {
    this.#note(`in${size} ${port.toString(16)}`)
    this.onAccess?.()
    return 0x5a5a5a5a
  }
  ioWrite(port: number, size: number, value: number): void {
    this.#note(`out${size} ${port.toString(16)} ${value.toString(16)}`)
    this.onAccess?.()
  }
  acknowledgeInterrupt(): number {
    return this.vector
  }
  apicRead(): bigint {
    return 0n
  }
  apicWrite(): void {}
  random(): bigint {
    return 0x1234_5678_9abc_def0n
  }
}

export interface TestMachine {
  cpu: Cpu
  bus: TestBus
  ram: Uint8Array
  view: DataView
}

/** A processor in ring 0, in 64-bit or flat 32-bit code, with SSE and AVX state enabled. */
export function createMachine(
  mode: 32 | 64 = 64,
  ramSize = RAM_SIZE,
  engine: Engine = testEngine,
  model?: CpuModel,
): TestMachine {
  interpreter ??= new WebAssembly.Module(readFileSync(interpreterPath))
  helpers ??= new WebAssembly.Module(readFileSync(helpersPath))
  const bus = new TestBus()
  const cpu = new Cpu({ interpreter, helpers, bus, ramSize, engine, model })
  const { ram } = cpu
  const view = new DataView(ram.buffer, ram.byteOffset, ram.length)
  view.setBigUint64(PML4, BigInt(PML4 + 0x1000 + 7), true)
  view.setBigUint64(PML4 + 0x1000, BigInt(PML4 + 0x2000 + 7), true)
  for (let i = 0; i < 512; i++) view.setBigUint64(PML4 + 0x2000 + 8 * i, BigInt(i * 0x20_0000 + 0x87), true)

  // GDT: null, 64-bit code, data, 32-bit code, user data, user 64-bit code.
  const descriptors = [
    0n,
    0xaf9b000000ffffn,
    0xcf93000000ffffn,
    0xcf9b000000ffffn,
    0xcff3000000ffffn,
    0xaffb000000ffffn,
  ]
  descriptors.forEach((d, i) => view.setBigUint64(GDT + 8 * i, d, true))
  cpu.setState64(L.GDTR, BigInt(GDT))
  cpu.setState32(L.GDTR + 8, 8 * descriptors.length - 1)

  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { selector: 0x10, base: 0n, limit: 0xffffffff, attributes: FLAT_DATA })
  const long = mode === 64
  cpu.setSegment(L.CS, {
    selector: long ? 8 : 0x18,
    base: 0n,
    limit: 0xffffffff,
    attributes: long ? CODE64 : CODE32,
  })
  cpu.setState64(L.CR3, BigInt(PML4))
  // PAE, OSFXSR, OSXMMEXCPT, OSXSAVE, FSGSBASE.
  cpu.setState64(L.CR4, long ? 0x50620n : 0x50600n)
  cpu.setState64(L.XCR0, 7n)
  cpu.setState64(L.EFER, long ? 0x501n : 0n)
  // PE, MP, ET, NE, WP and, in long mode, PG.
  cpu.setState64(L.CR0, long ? 0x80010033n : 0x10033n)
  cpu.setGpr(4, 0x8_0000n)
  cpu.rip = 0x10000n
  cpu.stateChanged()
  return { cpu, bus, ram, view }
}

/** Puts code at an address and makes it the next to run. */
export function place(machine: TestMachine, code: ArrayLike<number>, address = 0x10000): void {
  machine.cpu.ramWritten(address, code.length)
  machine.ram.set(code, address)
  machine.cpu.rip = BigInt(address)
}
