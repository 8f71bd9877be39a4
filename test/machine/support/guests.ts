/** Guests that do one thing each. */
import { al, cl, dx, eax, ebx, ecx, edx, mem, rax, rcx } from '../../../src/isa/index.ts'
import {
  assemble32,
  assemble64,
  debugExit,
  installHandler,
  loadIdt,
  outb,
  poke,
  print,
  SCRATCH,
} from './image.ts'

const LAPIC = 0xfee0_0000
const IOAPIC = 0xfec0_0000
const MASKED = 0x1_0000

/** Says hello and ends with status 7. */
export const hello: Uint8Array = assemble32((asm) => {
  print(asm, 'hello, world\n')
  debugExit(asm, 3)
})

/** Halts with interrupts off. */
export const deadHalt: Uint8Array = assemble32((asm) => {
  asm.emit('cli')
  asm.emit('hlt')
})

/** Halts with interrupts off while one is pending. */
export const deafHalt: Uint8Array = assemble64((asm) => {
  maskPics(asm)
  poke(asm, LAPIC + 0xf0, 0x1ff)
  poke(asm, LAPIC + 0x300, 0x4_0040)
  asm.emit('hlt')
})

/** Measures one period of the timer, which it sleeps through, in ticks of the time-stamp counter; exits with the milliseconds. */
export const sleepByTsc: Uint8Array = assemble64((asm) => {
  const handler = asm.label('handler')
  installHandler(asm, 0x40, handler)
  loadIdt(asm)
  maskPics(asm)
  poke(asm, LAPIC + 0xf0, 0x1ff)
  poke(asm, LAPIC + 0x3e0, 0xb)
  poke(asm, LAPIC + 0x320, 0x40)
  asm.emit('rdtsc')
  asm.emit('mov', ebx, eax)
  poke(asm, LAPIC + 0x380, 20_000_000)
  asm.emit('sti')
  asm.emit('hlt')
  asm.emit('rdtsc')
  asm.emit('sub', eax, ebx)
  asm.emit('xor', edx, edx)
  asm.emit('mov', ecx, 1_000_000)
  asm.emit('div', ecx)
  asm.emit('mov', dx, 0xf4)
  asm.emit('out', dx, eax)
  asm.bind(handler)
  asm.emit('iretq')
})

/** Jumps to itself for ever. */
export const spin: Uint8Array = assemble32((asm) => {
  const here = asm.label('here')
  asm.bind(here)
  asm.emit('jmp', here)
})

/** Divides by zero with no IDT: a triple fault. */
export const tripleFault: Uint8Array = assemble64((asm) => {
  asm.emit('xor', ecx, ecx)
  asm.emit('xor', edx, edx)
  asm.emit('div', ecx)
})

/** Switches off by ACPI. */
export const powerOff: Uint8Array = assemble32((asm) => {
  asm.emit('mov', dx, 0x604)
  asm.emit('mov', eax, 0x2000)
  asm.emit('out', dx, eax)
})

/** Three interrupts of the periodic local APIC timer, a letter for each; then done. */
export const lapicTimer: Uint8Array = assemble64((asm) => {
  const handler = asm.label('handler')
  const wait = asm.label('wait')
  installHandler(asm, 0x40, handler)
  loadIdt(asm)
  maskPics(asm)
  poke(asm, LAPIC + 0xf0, 0x1ff)
  poke(asm, LAPIC + 0x3e0, 0xb)
  poke(asm, LAPIC + 0x320, 0x2_0040)
  poke(asm, LAPIC + 0x380, 1_000_000)
  asm.emit('mov', mem({ disp: SCRATCH, size: 32 }), 0)
  asm.emit('sti')
  asm.bind(wait)
  asm.emit('hlt')
  asm.emit('cmp', mem({ disp: SCRATCH, size: 32 }), 3)
  asm.emit('jb', wait)
  asm.emit('cli')
  print(asm, '\n')
  debugExit(asm, 0)

  asm.bind(handler)
  asm.emit('push', rax)
  asm.emit('push', rcx)
  print(asm, 't')
  asm.emit('inc', mem({ disp: SCRATCH, size: 32 }))
  poke(asm, LAPIC + 0xb0, 0)
  asm.emit('pop', rcx)
  asm.emit('pop', rax)
  asm.emit('iretq')
})

/** Echoes typed characters by UART interrupt through the IOAPIC, one more each; `q` ends. Says `>` when it is ready. */
export const uartInterrupt: Uint8Array = assemble64((asm) => {
  const handler = asm.label('handler')
  const wait = asm.label('wait')
  const done = asm.label('done')
  installHandler(asm, 0x44, handler)
  loadIdt(asm)
  maskPics(asm)
  poke(asm, LAPIC + 0xf0, 0x1ff)
  poke(asm, IOAPIC, 0x10 + 2 * 4 + 1)
  poke(asm, IOAPIC + 0x10, 0)
  poke(asm, IOAPIC, 0x10 + 2 * 4)
  poke(asm, IOAPIC + 0x10, 0x44)
  outb(asm, 0x3fc, 0x0b) // DTR, RTS, OUT2
  outb(asm, 0x3f9, 0x01) // received data
  print(asm, '>')
  asm.emit('sti')
  asm.bind(wait)
  asm.emit('hlt')
  asm.emit('jmp', wait)

  asm.bind(handler)
  asm.emit('mov', dx, 0x3f8)
  asm.emit('in', al, dx)
  asm.emit('cmp', al, 'q'.charCodeAt(0))
  asm.emit('je', done)
  asm.emit('mov', cl, al)
  asm.emit('inc', cl)
  asm.emit('mov', al, cl)
  asm.emit('out', dx, al)
  poke(asm, LAPIC + 0xb0, 0)
  asm.emit('iretq')
  asm.bind(done)
  print(asm, '\n')
  debugExit(asm, 1)
})

/** Waits in HLT for a timer that comes once in ten seconds. */
export const idle: Uint8Array = assemble64((asm) => {
  const handler = asm.label('handler')
  const wait = asm.label('wait')
  installHandler(asm, 0x40, handler)
  loadIdt(asm)
  maskPics(asm)
  poke(asm, LAPIC + 0xf0, 0x1ff)
  poke(asm, LAPIC + 0x3e0, 0x0)
  poke(asm, LAPIC + 0x320, 0x2_0040)
  poke(asm, LAPIC + 0x380, 10_000_000)
  print(asm, 'idle\n')
  asm.emit('sti')
  asm.bind(wait)
  asm.emit('hlt')
  asm.emit('jmp', wait)
  asm.bind(handler)
  poke(asm, LAPIC + 0xb0, 0)
  asm.emit('iretq')
})

/** Writes without end. */
export const chatter: Uint8Array = assemble32((asm) => {
  const next = asm.label('next')
  asm.emit('mov', dx, 0x3f8)
  asm.emit('mov', al, '.'.charCodeAt(0))
  asm.bind(next)
  asm.emit('out', dx, al)
  asm.emit('jmp', next)
})

function maskPics(asm: Parameters<typeof print>[0]): void {
  outb(asm, 0x21, 0xff)
  outb(asm, 0xa1, 0xff)
  poke(asm, LAPIC + 0x350, MASKED)
}
