/**
 * Loops of floating point in instructions a second, interpreted and translated: with MXCSR plain (what programs have after their first inexact result), and with another
 * rounding, where every operation asks the helper.
 */
import { readFileSync } from 'node:fs'
import { Cpu, type Engine } from '../src/cpu/cpu.ts'
import * as L from '../src/cpu/layout.ts'
import { Assembler, mem, rcx, rsi, xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7 } from '../src/isa/index.ts'

const build = new URL('../build/', import.meta.url).pathname
const load = (name: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(build + name))
const modules = { interpreter: load('interpreter.wasm'), helpers: load('cpu-helpers.wasm') }
const refuse = (): never => {
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
const DATA = 0x200000

/** A processor in 64-bit ring 0 with the first GiB identity-mapped by 2 MiB pages. */
function machine(code: Uint8Array, engine: Engine): Cpu {
  const cpu = new Cpu({ ...modules, bus, engine, ramSize: 16 << 20 })
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset)
  view.setBigUint64(0x1000, 0x2003n, true)
  view.setBigUint64(0x2000, 0x3003n, true)
  for (let i = 0; i < 512; i++) view.setBigUint64(0x3000 + 8 * i, BigInt(i * 0x20_0000 + 0x83), true)
  for (const seg of [L.ES, L.SS, L.DS, L.FS, L.GS])
    cpu.setSegment(seg, { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 })
  cpu.setSegment(L.CS, { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xa09b })
  cpu.setState64(L.CR3, 0x1000n)
  cpu.setState64(L.CR4, 0x620n)
  cpu.setState64(L.EFER, 0x500n)
  cpu.setState64(L.CR0, 0x8001_0033n)
  cpu.setGpr(4, 0x8_0000n)
  cpu.setGpr(6, BigInt(DATA))
  for (let i = 0; i < 64; i++) view.setFloat64(DATA + 8 * i, 0.1 + Math.sin(i), true)
  cpu.ram.set(code, ENTRY)
  cpu.rip = BigInt(ENTRY)
  cpu.stateChanged()
  return cpu
}

const at = (disp: number): ReturnType<typeof mem> => mem({ base: rsi, disp })

const loops: Record<string, (asm: Assembler) => void> = {
  /** z ← z² + c on doubles, with the test of |z|². */
  mandelbrot(asm) {
    const [start, again] = [asm.label('start'), asm.label('again')]
    asm.emit('movsd', xmm4, at(8)).emit('movsd', xmm5, at(16)).emit('movsd', xmm7, at(24))
    asm.bind(start).emit('mov', rcx, 1000)
    asm.emit('movsd', xmm0, at(8)).emit('movsd', xmm1, at(16))
    asm.bind(again)
    asm.emit('movapd', xmm2, xmm0).emit('mulsd', xmm2, xmm0)
    asm.emit('movapd', xmm3, xmm1).emit('mulsd', xmm3, xmm1)
    asm.emit('mulsd', xmm1, xmm0).emit('addsd', xmm1, xmm1).emit('addsd', xmm1, xmm5)
    asm.emit('movapd', xmm6, xmm2).emit('addsd', xmm6, xmm3).emit('subsd', xmm2, xmm3)
    asm.emit('addsd', xmm2, xmm4).emit('movapd', xmm0, xmm2)
    asm.emit('mulsd', xmm0, xmm7).emit('mulsd', xmm1, xmm7).emit('ucomisd', xmm6, xmm7)
    asm.emit('dec', rcx).emit('jne', again).emit('jmp', start)
  },
  /** Distances and forces between bodies, packed doubles, with a square root and a division. */
  'n-body'(asm) {
    const again = asm.label('again')
    asm.bind(again)
    asm
      .emit('movapd', xmm0, at(0))
      .emit('subpd', xmm0, at(64))
      .emit('movapd', xmm1, at(16))
      .emit('subpd', xmm1, at(80))
    asm
      .emit('movapd', xmm2, xmm0)
      .emit('mulpd', xmm2, xmm2)
      .emit('movapd', xmm3, xmm1)
      .emit('mulpd', xmm3, xmm3)
    asm
      .emit('addpd', xmm2, xmm3)
      .emit('sqrtpd', xmm3, xmm2)
      .emit('mulpd', xmm3, xmm2)
      .emit('movapd', xmm4, at(32))
    asm.emit('divpd', xmm4, xmm3).emit('mulpd', xmm0, xmm4).emit('mulpd', xmm1, xmm4)
    asm
      .emit('addpd', xmm0, at(128))
      .emit('movapd', at(144), xmm0)
      .emit('addpd', xmm1, at(160))
      .emit('movapd', at(176), xmm1)
    asm.emit('jmp', again)
  },
  /** Four singles at a time. */
  singles(asm) {
    const again = asm.label('again')
    asm.emit('cvtpd2ps', xmm0, at(0)).emit('cvtpd2ps', xmm1, at(16)).emit('cvtpd2ps', xmm2, at(32))
    asm.emit('movlhps', xmm0, xmm0).emit('movlhps', xmm1, xmm1).emit('movlhps', xmm2, xmm2)
    asm.bind(again)
    asm
      .emit('movaps', xmm3, xmm0)
      .emit('mulps', xmm3, xmm1)
      .emit('addps', xmm3, xmm2)
      .emit('movaps', xmm4, xmm3)
    asm.emit('mulps', xmm4, xmm1).emit('subps', xmm4, xmm2).emit('jmp', again)
  },
}

const modes = [
  ['plain', 0x1fa0],
  ['toward zero', 0x7fa0],
] as const

for (const [name, emit] of Object.entries(loops))
  for (const engine of ['interpreter', 'auto'] as const)
    for (const [mode, mxcsr] of modes) {
      const asm = new Assembler()
      emit(asm)
      const cpu = machine(asm.finish().bytes, engine)
      cpu.setState32(L.MXCSR, mxcsr)
      const count = mode === 'plain' ? 30_000_000 : 3_000_000
      cpu.run(count / 3)
      const start = performance.now()
      const end = cpu.run(count)
      const seconds = (performance.now() - start) / 1000
      if (end !== 'budget') throw new Error(`${name} ended with ${end}: ${cpu.describeTripleFault()}`)
      console.log(
        `${name.padEnd(11)} ${engine.padEnd(11)} ${mode.padEnd(11)} ${(count / seconds / 1e6).toFixed(1)} M instructions/s`,
      )
    }
