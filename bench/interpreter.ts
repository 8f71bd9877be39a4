/** Instructions per second of the interpreter on three loops: integer registers, memory, calls. Prints one line each. */
import { readFileSync } from 'node:fs'
import { Cpu, type Engine } from '../src/cpu/cpu.ts'
import * as L from '../src/cpu/layout.ts'
import { Assembler, al, eax, edx, mem, r8, rax, rbx, rcx, rdi, rdx, rsi } from '../src/isa/index.ts'

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

const engine = (process.argv[2] ?? 'auto') as Engine
const ENTRY = 0x10000

/** A processor in 64-bit ring 0 with the first GiB identity-mapped by 2 MiB pages. */
function machine(code: Uint8Array): Cpu {
  const cpu = new Cpu({ ...modules, bus, ramSize: 16 << 20, engine })
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
  cpu.ram.set(code, ENTRY)
  cpu.rip = BigInt(ENTRY)
  cpu.stateChanged()
  return cpu
}

const loops: Record<string, (asm: Assembler) => void> = {
  integer(asm) {
    const again = asm.label()
    asm.emit('mov', rcx, -1).bind(again)
    asm.emit('add', rax, rcx).emit('mov', rdx, rax).emit('shr', rdx, 3).emit('xor', rdx, rbx)
    asm.emit('lea', rbx, mem({ base: rdx, index: rax, scale: 4, disp: 7 }))
    asm.emit('dec', rcx).emit('jne', again)
  },
  memory(asm) {
    const [start, outer, inner, next] = ['start', 'outer', 'inner', 'next'].map((n) => asm.label(n))
    asm.bind(start!).emit('mov', rsi, 0x20_0000).emit('mov', rcx, 2).emit('xor', edx, edx)
    asm.bind(outer!).emit('movzx', eax, mem({ base: rsi, index: rcx, size: 8 }))
    asm
      .emit('test', eax, eax)
      .emit('jne', next!)
      .emit('lea', rbx, mem({ base: rcx, index: rcx }))
    asm.bind(inner!).emit('cmp', rbx, 100_000).emit('jae', next!)
    asm
      .emit('mov', mem({ base: rsi, index: rbx, size: 8 }), al)
      .emit('add', rbx, rcx)
      .emit('jmp', inner!)
    asm.bind(next!).emit('inc', rcx).emit('cmp', rcx, 100_000).emit('jb', outer!).emit('jmp', start!)
  },
  calls(asm) {
    const [start, fib, small] = ['start', 'fib', 'small'].map((n) => asm.label(n))
    asm.bind(start!).emit('mov', rdi, 24).emit('call', fib!).emit('mov', r8, rax).emit('jmp', start!)
    asm.bind(fib!).emit('cmp', rdi, 2).emit('jb', small!)
    asm.emit('push', rbx).emit('push', rdi).emit('dec', rdi).emit('call', fib!).emit('mov', rbx, rax)
    asm
      .emit('pop', rdi)
      .emit('sub', rdi, 2)
      .emit('call', fib!)
      .emit('add', rax, rbx)
      .emit('pop', rbx)
      .emit('ret')
    asm.bind(small!).emit('mov', rax, rdi).emit('ret')
  },
}

for (const [name, emit] of Object.entries(loops)) {
  const asm = new Assembler()
  emit(asm)
  const cpu = machine(asm.finish().bytes)
  cpu.run(20_000_000)
  const count = 50_000_000
  const start = performance.now()
  const end = cpu.run(count)
  const seconds = (performance.now() - start) / 1000
  if (end !== 'budget') throw new Error(`${name} ended with ${end}: ${cpu.describeTripleFault()}`)
  console.log(`${engine} ${name.padEnd(8)} ${(count / seconds / 1e6).toFixed(0)} M instructions/s`)
}
