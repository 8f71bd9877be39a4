/** Guests that are a list of accesses to devices and print what they read: the same list shows what any two machines answer. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { al, type Assembler, cl, dx, eax, ebx, ecx, esp, mem } from '../../../src/isa/index.ts'
import { fixedComputer } from './computer.ts'
import { assemble32, buildImage, debugExit, outb, print } from './image.ts'
import { runComputer } from './run.ts'

/** 2 MiB: bit 20 is clear, so that the program goes on while gate A20 is closed. */
const BASE = 0x20_0000
const STACK = 0x22_0000

export type Step =
  /** Writes a byte to a port. */
  | { readonly out: number; readonly value: number }
  /** Reads a byte, prints what is left of it behind the mask. */
  | { readonly in: number; readonly mask?: number }
  /** Waits until a bit of a port is as wanted, for some time. */
  | { readonly until: number; readonly bit: number; readonly isSet: boolean }
  | { readonly poke: number; readonly value: number }
  | { readonly peek: number; readonly mask?: number }
  | { readonly say: string }

export function out(port: number, value: number): Step {
  return { out: port, value }
}

/** The program behind a boot protocol; reads come out as eight hexadecimal digits and a space. */
export function buildProbe(steps: readonly Step[]): Uint8Array {
  const code = assemble32((asm) => {
    asm.emit('mov', esp, STACK)
    const show = asm.label('show')
    for (const step of steps) emitStep(asm, step, show)
    debugExit(asm, 0)
    asm.bind(show)
    emitShow(asm)
  })
  return buildImage(code, { protocol: 'pvh', paddr: BASE })
}

function emitStep(asm: Assembler, step: Step, show: ReturnType<Assembler['label']>): void {
  if ('say' in step) print(asm, step.say)
  else if ('out' in step) outb(asm, step.out, step.value)
  else if ('poke' in step)
    asm.emit('mov', ecx, step.poke).emit('mov', mem({ base: ecx, size: 32 }), step.value | 0)
  else if ('until' in step) emitUntil(asm, step)
  else {
    if ('in' in step) asm.emit('mov', dx, step.in).emit('xor', eax, eax).emit('in', al, dx)
    else asm.emit('mov', ecx, step.peek).emit('mov', eax, mem({ base: ecx, size: 32 }))
    if (step.mask !== undefined) asm.emit('and', eax, step.mask | 0)
    asm.emit('call', show)
  }
}

function emitUntil(asm: Assembler, step: Extract<Step, { until: number }>): void {
  const [again, done] = [asm.label('again'), asm.label('done')]
  asm.emit('mov', ecx, 100_000).emit('mov', dx, step.until)
  asm.bind(again)
  asm.emit('in', al, dx).emit('test', al, step.bit)
  asm.emit(step.isSet ? 'jne' : 'je', done)
  asm.emit('dec', ecx).emit('jne', again)
  asm.bind(done)
}

/** Prints EAX. */
function emitShow(asm: Assembler): void {
  const [digit, isDigit] = [asm.label('digit'), asm.label('isDigit')]
  asm.emit('mov', ebx, eax).emit('mov', ecx, 8).emit('mov', dx, 0x3f8)
  asm.bind(digit)
  asm.emit('rol', ebx, 4).emit('mov', eax, ebx).emit('and', eax, 0xf).emit('add', al, 0x30)
  asm.emit('cmp', al, 0x3a).emit('jb', isDigit).emit('add', al, 0x27)
  asm.bind(isDigit)
  asm.emit('out', dx, al).emit('dec', cl).emit('jne', digit)
  asm.emit('mov', al, 0x20).emit('out', dx, al).emit('ret')
}

export function probeHere(steps: readonly Step[]): string {
  let serial = ''
  const computer = fixedComputer({ serial: (byte) => (serial += String.fromCharCode(byte)) })
  computer.load({ image: buildProbe(steps) })
  const { message, status } = runComputer(computer, { maxInstructions: 100e6 })
  if (status !== 1) throw new Error(`${message}, after ${serial}`)
  return serial
}

export function probeOnQemu(steps: readonly Step[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'onering-probe-'))
  const image = join(folder, 'probe.elf')
  const log = join(folder, 'log')
  writeFileSync(image, buildProbe(steps))
  // prettier-ignore
  const { status, stderr } = spawnSync(
    'qemu-system-x86_64',
    ['-M', 'pc', '-m', '32', '-display', 'none', '-no-reboot', '-net', 'none', '-serial', `file:${log}`,
      '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', image],
    { encoding: 'utf8', timeout: 60_000 },
  )
  const serial = spawnSync('cat', [log], { encoding: 'utf8' }).stdout
  rmSync(folder, { recursive: true })
  if (status !== 1) throw new Error(`QEMU: status ${status} ${stderr}, after ${serial}`)
  return serial
}
