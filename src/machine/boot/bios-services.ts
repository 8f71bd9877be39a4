/**
 * As much of a BIOS as code in real mode needs when no BIOS has been booted: interrupts 10h to 1Ah that answer, or say that they are not
 * there (Ralf Brown's Interrupt List; ACPI 6.5, 15.1 for E820). Text goes to the first serial port. Vectors are at 0, code at F000:0000.
 */
import type { GuestMemory } from '../../devices/guest-memory.ts'
import {
  ah,
  al,
  Assembler,
  ax,
  bp,
  bx,
  cx,
  di,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  es,
  far,
  fs,
  gs,
  type Label,
  mem,
  short,
  si,
  sp,
  ss,
} from '../../isa/index.ts'
import { LOW_RAM_LIMIT, memoryRegions, MIB } from '../memory-map.ts'
import { setU64 } from './boot-info.ts'

export const BIOS_SEGMENT = 0xf000
const VECTORS = 256
const REGION_BYTES = 20
const SMAP = 0x534d_4150
const CARRY = 0x01
const ZERO = 0x40
const SERIAL = 0x3f8
const LOW_MEMORY_KIB = 639
/** Ticks of the time-stamp counter in one of the BIOS's clock, of which there are 18.2 in a second. */
const TSC_PER_TICK = 54_925_439
/** ICW1 … ICW4 as on a PC, and everything masked. */
export const PIC_SETUP: readonly (readonly [port: number, value: number])[] = [
  [0x20, 0x11],
  [0x21, 0x08],
  [0x21, 0x04],
  [0x21, 0x01],
  [0x21, 0xff],
  [0xa0, 0x11],
  [0xa1, 0x70],
  [0xa1, 0x02],
  [0xa1, 0x01],
  [0xa1, 0xff],
]

/** Where code in real mode begins. */
export interface RealModeEntry {
  readonly cs: number
  readonly ip: number
  /** DS, ES, FS, GS, SS. */
  readonly data: number
  readonly sp: number
}

/** Writes vectors and services. Returns the offset in `BIOS_SEGMENT` at which a start brings the machine to `entry`. */
export function writeBiosServices(memory: GuestMemory, ramBytes: number, entry: RealModeEntry): number {
  const regions = describeRegions(ramBytes)
  const asm = new Assembler(16)
  asm.bytes(...regions)
  const start = asm.label('start')
  asm.bind(start)
  emitStart(asm, entry)
  const other = service(asm, 'other', () => setFlags(asm, CARRY))
  const services = new Map<number, Label>([
    [0x08, timer(asm)],
    [0x10, service(asm, 'video', () => emitVideo(asm))],
    [0x11, service(asm, 'equipment', () => asm.emit('xor', ax, ax))],
    [0x12, service(asm, 'memory size', () => asm.emit('mov', ax, LOW_MEMORY_KIB))],
    [0x15, service(asm, 'system', () => emitSystem(asm, regions.length / REGION_BYTES, ramBytes))],
    [0x16, service(asm, 'keyboard', () => emitKeyboard(asm))],
    [0x1a, service(asm, 'time', () => emitTime(asm))],
  ])
  const { bytes } = asm.finish()
  memory.writable(BIOS_SEGMENT * 16, bytes.length).set(bytes)
  for (let vector = 0; vector < VECTORS; vector++)
    memory.writeU32(4 * vector, BIOS_SEGMENT * 0x1_0000 + (services.get(vector) ?? other).offset)
  return start.offset
}

function describeRegions(ramBytes: number): Uint8Array {
  const regions = memoryRegions(ramBytes)
  const bytes = new Uint8Array(REGION_BYTES * regions.length)
  const view = new DataView(bytes.buffer)
  for (const [i, { base, length, type }] of regions.entries()) {
    setU64(view, REGION_BYTES * i, base)
    setU64(view, REGION_BYTES * i + 8, length)
    view.setUint32(REGION_BYTES * i + 16, type, true)
  }
  return bytes
}

function emitStart(asm: Assembler, entry: RealModeEntry): void {
  asm.emit('cli')
  for (const [port, value] of PIC_SETUP) {
    asm.emit('mov', al, value)
    asm.emit('out', port, al)
  }
  asm.emit('mov', ax, entry.data)
  for (const segment of [ds, es, fs, gs, ss]) asm.emit('mov', segment, ax)
  asm.emit('mov', sp, entry.sp)
  asm.emit('jmp', far(entry.cs, entry.ip))
}

/** Interrupt 0 of the 8259: acknowledged, and the interrupted flags left alone. */
function timer(asm: Assembler): Label {
  const label = asm.label('timer')
  asm.bind(label)
  asm.emit('push', ax)
  asm.emit('mov', al, 0x20)
  asm.emit('out', 0x20, al)
  asm.emit('pop', ax)
  asm.emit('iret')
  return label
}

/** An interrupt's handler; in its body BP points to the frame, and a flag that is not set there comes back clear. */
function service(asm: Assembler, name: string, body: () => void): Label {
  const label = asm.label(name)
  asm.bind(label)
  asm.emit('push', bp)
  asm.emit('mov', bp, sp)
  asm.emit('and', FRAME_FLAGS, ~(CARRY | ZERO) & 0xff)
  body()
  asm.emit('pop', bp)
  asm.emit('iret')
  return label
}

/** Low byte of the flags that IRET brings back: behind BP, IP and CS. */
const FRAME_FLAGS = mem({ base: bp, disp: 6, size: 8 })

function setFlags(asm: Assembler, flags: number): void {
  asm.emit('or', FRAME_FLAGS, flags)
}

/** `body` when AX or AH is `value`, and then to `done`. */
function on(
  asm: Assembler,
  register: typeof ax | typeof ah,
  value: number,
  done: Label,
  body: () => void,
): void {
  const other = asm.label(`not ${value}`)
  asm.emit('cmp', register, value)
  asm.emit('jne', short(other))
  body()
  asm.emit('jmp', done)
  asm.bind(other)
}

/** INT 10h: teletype output; there is no screen to set up. */
function emitVideo(asm: Assembler): void {
  const done = asm.label('video done')
  on(asm, ah, 0x0e, done, () => {
    asm.emit('push', dx)
    asm.emit('mov', dx, SERIAL)
    asm.emit('out', dx, al)
    asm.emit('pop', dx)
  })
  asm.bind(done)
}

/** INT 15h: the sizes of memory in their three ways, and gate A20, which is always open. */
function emitSystem(asm: Assembler, regionCount: number, ramBytes: number): void {
  const done = asm.label('system done')
  const lowRam = Math.min(ramBytes, LOW_RAM_LIMIT)
  on(asm, ax, 0xe820, done, () => emitRegion(asm, regionCount))
  on(asm, ax, 0xe801, done, () => {
    asm.emit('mov', ax, Math.min(lowRam - MIB, 15 * MIB) / 1024)
    asm.emit('mov', bx, Math.max(lowRam - 16 * MIB, 0) >>> 16)
    asm.emit('mov', cx, ax)
    asm.emit('mov', dx, bx)
  })
  on(asm, ah, 0x88, done, () => asm.emit('mov', ax, Math.min((lowRam - MIB) / 1024, 0xfc00)))
  on(asm, ax, 0x2401, done, () => asm.emit('xor', ah, ah))
  setFlags(asm, CARRY)
  asm.emit('mov', ah, 0x86)
  asm.bind(done)
}

/** Region EBX of the memory map to ES:DI; EBX says which is next, 0 none. */
function emitRegion(asm: Assembler, regionCount: number): void {
  const [refused, last, done] = ['region refused', 'last region', 'region done'].map((name) =>
    asm.label(name),
  )
  asm.emit('cmp', edx, SMAP)
  asm.emit('jne', short(refused!))
  asm.emit('cmp', ebx, regionCount)
  asm.emit('jae', short(refused!))
  asm.emit('push', si)
  asm.emit('push', di)
  asm.emit('imul', si, bx, REGION_BYTES)
  asm.emit('mov', cx, REGION_BYTES / 2)
  asm.emit('cld')
  asm.prefix('cs').prefix('rep').emit('movsw')
  asm.emit('pop', di)
  asm.emit('pop', si)
  asm.emit('inc', ebx)
  asm.emit('cmp', ebx, regionCount)
  asm.emit('jne', short(last!))
  asm.emit('xor', ebx, ebx)
  asm.bind(last!)
  asm.emit('mov', eax, SMAP)
  asm.emit('mov', ecx, REGION_BYTES)
  asm.emit('jmp', short(done!))
  asm.bind(refused!)
  setFlags(asm, CARRY)
  asm.bind(done!)
}

/** INT 16h: no key has been pressed. */
function emitKeyboard(asm: Assembler): void {
  asm.emit('xor', ax, ax)
  setFlags(asm, ZERO)
}

/** INT 1Ah, AH = 0: ticks since the start in CX:DX. */
function emitTime(asm: Assembler): void {
  const done = asm.label('time done')
  on(asm, ah, 0, done, () => {
    asm.emit('push', ebx)
    asm.emit('rdtsc')
    asm.emit('mov', ebx, TSC_PER_TICK)
    asm.emit('div', ebx)
    asm.emit('mov', edx, eax)
    asm.emit('shr', eax, 16)
    asm.emit('mov', cx, ax)
    asm.emit('xor', ax, ax)
    asm.emit('pop', ebx)
  })
  setFlags(asm, CARRY)
  asm.bind(done)
}
