/** A processor by itself, with code in its memory and no board: for loops that touch no device. */
import { readFileSync } from 'node:fs'
import { Cpu } from '../../src/cpu/cpu.ts'
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import { Assembler } from '../../src/isa/index.ts'

const build = new URL('../../build/', import.meta.url)
const load = (name: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(new URL(name, build)))
const modules = { interpreter: load('interpreter.wasm'), helpers: load('cpu-helpers.wasm') }

function refuse(): never {
  throw new Error('the loops touch no device')
}
const bus = {
  mmioRead: refuse,
  mmioRead64: refuse,
  mmioWrite: refuse,
  mmioWrite64: refuse,
  ioRead: refuse,
  ioWrite: refuse,
  acknowledgeInterrupt: refuse,
  apicRead: refuse,
  apicWrite: refuse,
  random: refuse,
}

const ENTRY = 0x10000
const [PML4, PDPT, PD] = [0x1000, 0x2000, 0x3000]
const STACK = 0x8_0000n
const RSP = 4

/** In 64-bit ring 0 with the first GiB identity-mapped by 2 MiB pages, before the first instruction of `emit`. */
export function createProcessor(emit: (asm: Assembler) => void, engine: Engine): Cpu {
  const asm = new Assembler()
  emit(asm)
  const cpu = new Cpu({ ...modules, bus, engine, ramSize: 16 << 20 })
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset)
  view.setBigUint64(PML4, BigInt(PDPT) | 3n, true)
  view.setBigUint64(PDPT, BigInt(PD) | 3n, true)
  for (let i = 0; i < 512; i++) view.setBigUint64(PD + 8 * i, BigInt(i * 0x20_0000 + 0x83), true)
  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 })
  cpu.setSegment(L.CS, { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xa09b })
  cpu.setState64(L.CR3, BigInt(PML4))
  // PAE, OSFXSR, OSXMMEXCPT; LME, LMA; PG, NE, ET, WP, MP, PE.
  cpu.setState64(L.CR4, 0x620n)
  cpu.setState64(L.EFER, 0x500n)
  cpu.setState64(L.CR0, 0x8001_0033n)
  cpu.setGpr(RSP, STACK)
  cpu.ram.set(asm.finish().bytes, ENTRY)
  cpu.rip = BigInt(ENTRY)
  cpu.stateChanged()
  return cpu
}
