/** Boot sectors, assembled on the spot, and a machine in this thread that starts with Debian's SeaBIOS. */
import { existsSync, readFileSync } from 'node:fs'
import type { BiosOptions } from '../../../src/machine/bios.ts'
import { Computer } from '../../../src/machine/computer.ts'
import type { AttachedDrive, DriveBus } from '../../../src/machine/drive.ts'
import type { Exit } from '../../../src/machine/exit.ts'
import { loadCpuModules } from '../../../src/machine/node/assets.ts'
import { MemoryDisk } from '../../../src/devices/storage/memory-disk.ts'
import { ah, al, Assembler, ax, bx, ds, si } from '../../../src/isa/index.ts'
import { runComputer } from './run.ts'

export const SEABIOS = '/usr/share/seabios/bios-256k.bin'
export const VGABIOS = '/usr/share/seabios/vgabios-stdvga.bin'
export const haveSeaBios: boolean = existsSync(SEABIOS) && existsSync(VGABIOS)

const DISK_BYTES = 1 << 20

/** A disk whose first sector is this code. */
export function bootDisk(build: (asm: Assembler) => void): Uint8Array {
  const asm = new Assembler(16)
  build(asm)
  const code = asm.finish().bytes
  const disk = new Uint8Array(DISK_BYTES)
  disk.set(code)
  disk.set([0x55, 0xaa], 510)
  return disk
}

export function memoryDrive(data: Uint8Array, bus: DriveBus): AttachedDrive {
  return { disk: new MemoryDisk(data), serial: 'TEST', bus }
}

/** Prints a text by the BIOS' teletype function. Code that does not know where it lies: the text is found by a call over it. */
export function print(asm: Assembler, text: string): void {
  const over = asm.label('over')
  const next = asm.label('next')
  const done = asm.label('done')
  asm.emit('call', over).bytes(...Buffer.from(text, 'latin1'), 0)
  asm.bind(over)
  asm.emit('pop', si).emit('xor', ax, ax).emit('mov', ds, ax).emit('cld')
  asm.bind(next)
  asm.emit('lodsb').emit('test', al, al).emit('je', done)
  asm.emit('mov', ah, 0x0e).emit('mov', bx, 7).emit('int', 0x10).emit('jmp', next)
  asm.bind(done)
}

/** Ends the machine with status (value << 1) | 1. */
export function debugExit(asm: Assembler, value: number): void {
  asm.emit('mov', al, value).emit('out', 0xf4, al)
}

export interface BiosRun {
  readonly drives: readonly AttachedDrive[]
  readonly bios?: Partial<BiosOptions>
  readonly memoryMib?: number
  readonly maxInstructions?: number
  readonly reboots?: boolean
  /** Looked at now and then with what has been written so far; true ends the run. */
  readonly until?: (serial: string, computer: Computer) => boolean
}

export interface BiosResult {
  readonly exit: Exit
  readonly serial: string
  readonly log: string
  readonly computer: Computer
}

export function runBios({
  drives,
  bios = {},
  memoryMib = 16,
  maxInstructions = 200e6,
  ...rest
}: BiosRun): BiosResult {
  let serial = ''
  let log = ''
  const computer = new Computer({
    modules: loadCpuModules(),
    memoryBytes: memoryMib << 20,
    seed: new Uint8Array(32),
    epochMs: 1.7e12,
    serial: (byte) => (serial += String.fromCharCode(byte)),
    firmwareLog: (byte) => (log += String.fromCharCode(byte)),
    bios: { image: readFileSync(SEABIOS), vgaBios: readFileSync(VGABIOS), ...bios },
    drives,
    reboots: rest.reboots ?? true,
  })
  const exit = runComputer(computer, {
    maxInstructions,
    reset: () => computer.reset(),
    poll: () => {
      if (rest.until?.(serial, computer))
        computer.board.stop({ reason: 'stopped', status: 0, message: 'the test has seen enough' })
    },
  })
  return { exit, serial, log, computer }
}
