/** Small kernels for tests, assembled on the spot, that boot here and on QEMU. */
import {
  al,
  Assembler,
  cr0,
  cr3,
  cr4,
  dx,
  eax,
  ecx,
  esp,
  far,
  type Label,
  mem,
  rax,
  rbx,
  rcx,
  rsp,
  short,
  ss,
} from '../../../src/isa/index.ts'

export const IMAGE_BASE = 0x10_0000
/** Memory of the guests: paging structures, IDT, stack. */
const TABLES = 0x18_0000
const IDT = 0x19_0000
const STACK = 0x1b_0000
export const SCRATCH = 0x1c_0000

const PT_LOAD = 1
const PT_NOTE = 4
const EM_X86_64 = 62
const HEADERS_BYTES = 64 + 2 * 56

export interface ImageOptions {
  protocol:
    | 'pvh'
    | 'multiboot-elf'
    | 'multiboot-flat'
    | 'multiboot2-flat'
    | 'multiboot2-elf32'
    | 'multiboot2-elf64'
  /** Changes for tests of bad images. */
  machine?: number
  paddr?: number
}

/** The code, from its first byte on, as an executable for a boot protocol. Execution starts at the first byte of the code. */
export function buildImage(code: Uint8Array, options: ImageOptions): Uint8Array {
  if (options.protocol === 'multiboot-flat') return concat(multibootHeader(true, 32), code)
  if (options.protocol === 'multiboot2-flat') return concat(multiboot2Header(true), code)
  const paddr = options.paddr ?? IMAGE_BASE
  const elf = options.protocol === 'pvh' || options.protocol === 'multiboot2-elf64' ? 64 : 32
  const header = elfHeader(options.protocol)
  const note = options.protocol === 'pvh' ? pvhNote(paddr) : new Uint8Array(0)
  const body = concat(header, code)
  const out = new Uint8Array(HEADERS_BYTES + body.length + note.length)
  out.set(body, HEADERS_BYTES)
  out.set(note, HEADERS_BYTES + body.length)
  const headers = elf === 64 ? elf64Headers : elf32Headers
  out.set(
    headers(
      paddr,
      paddr + header.length,
      body.length,
      note.length,
      options.machine ?? (elf === 64 ? EM_X86_64 : 3),
    ),
  )
  return out
}

function elf64Headers(
  paddr: number,
  entry: number,
  bytes: number,
  noteBytes: number,
  machine: number,
): Uint8Array {
  const out = new Uint8Array(HEADERS_BYTES)
  const view = new DataView(out.buffer)
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, machine, true)
  view.setUint32(20, 1, true)
  view.setBigUint64(24, BigInt(entry), true)
  view.setBigUint64(32, 64n, true)
  ;[64, 56, 2].forEach((value, i) => view.setUint16(52 + 2 * i, value, true))
  const segment = (i: number, type: number, offset: number, at: number, length: number): void => {
    const base = 64 + 56 * i
    view.setUint32(base, type, true)
    view.setUint32(base + 4, 7, true)
    ;[offset, at, at, length, length, 4].forEach((value, n) =>
      view.setBigUint64(base + 8 + 8 * n, BigInt(value), true),
    )
  }
  segment(0, PT_LOAD, HEADERS_BYTES, paddr, bytes)
  segment(1, PT_NOTE, HEADERS_BYTES + bytes, 0, noteBytes)
  return out
}

function elf32Headers(
  paddr: number,
  entry: number,
  bytes: number,
  _noteBytes: number,
  machine: number,
): Uint8Array {
  const out = new Uint8Array(HEADERS_BYTES)
  const view = new DataView(out.buffer)
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, machine, true)
  view.setUint32(20, 1, true)
  view.setUint32(24, entry, true)
  view.setUint32(28, 52, true)
  ;[52, 32, 1].forEach((value, i) => view.setUint16(40 + 2 * i, value, true))
  ;[PT_LOAD, HEADERS_BYTES, paddr, paddr, bytes, bytes, 7, 4].forEach((value, i) =>
    view.setUint32(52 + 4 * i, value, true),
  )
  return out
}

function pvhNote(entry: number): Uint8Array {
  const out = new Uint8Array(20)
  const view = new DataView(out.buffer)
  ;[4, 4, 18].forEach((value, i) => view.setUint32(4 * i, value, true))
  out.set([0x58, 0x65, 0x6e, 0], 12)
  view.setUint32(16, entry, true)
  return out
}

function multibootHeader(isFlat: boolean, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes)
  const view = new DataView(out.buffer)
  const flags = isFlat ? 0x1_0003 : 3
  const fields = [0x1bad_b002, flags, -(0x1bad_b002 + flags) >>> 0]
  if (isFlat) fields.push(IMAGE_BASE, IMAGE_BASE, 0, 0, IMAGE_BASE + bytes)
  fields.forEach((value, i) => view.setUint32(4 * i, value, true))
  return out
}

function elfHeader(protocol: ImageOptions['protocol']): Uint8Array {
  if (protocol === 'pvh') return new Uint8Array(0)
  return protocol === 'multiboot-elf' ? pad(multibootHeader(false, 12), 16) : multiboot2Header(false)
}

/** Asks for a memory map; a flat image says where it lies and begins. `more`: further tags, type (and flags) and body in words. */
export function multiboot2Header(isFlat: boolean, more: readonly (readonly number[])[] = []): Uint8Array {
  const words: number[] = []
  const tag = (type: number, ...body: number[]): void => {
    words.push(type, 8 + 4 * body.length, ...body)
    if (body.length % 2) words.push(0)
  }
  tag(1, 6)
  const length =
    16 +
    16 +
    (isFlat ? 24 + 16 : 0) +
    more.reduce((n, t) => n + 4 + 4 * t.length + (t.length % 2 ? 0 : 4), 0) +
    8
  if (isFlat) {
    tag(2, IMAGE_BASE, IMAGE_BASE, 0, 0)
    tag(3, IMAGE_BASE + length)
  }
  for (const [type, ...body] of more) tag(type!, ...body)
  tag(0)
  const out = new Uint8Array(length)
  const view = new DataView(out.buffer)
  ;[0xe852_50d6, 0, length, -(0xe852_50d6 + length) >>> 0, ...words].forEach((value, i) =>
    view.setUint32(4 * i, value, true),
  )
  return out
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function pad(bytes: Uint8Array, to: number): Uint8Array {
  const out = new Uint8Array(to)
  out.set(bytes)
  return out
}

/** Code that starts in 32-bit protected mode. */
export function assemble32(build: (asm: Assembler) => void): Uint8Array {
  const asm = new Assembler(32)
  build(asm)
  return asm.finish().bytes
}

/** Code in long mode with the first 4 GiB mapped onto themselves, behind the way there. Must lie at `IMAGE_BASE`. */
export function assemble64(build: (asm: Assembler) => void): Uint8Array {
  const asm = new Assembler(32)
  enterLongMode(asm)
  build(asm)
  return asm.finish().bytes
}

function enterLongMode(asm: Assembler): void {
  const gdt = asm.label('gdt')
  const start = asm.label('start')
  asm.emit('jmp', short(start))
  asm.align(8)
  asm.bind(gdt)
  const gdtAt = IMAGE_BASE + asm.offset
  asm.u64(0).u64(0x00af_9b00_0000_ffffn).u64(0x00cf_9300_0000_ffffn)
  const pointerAt = IMAGE_BASE + asm.offset
  asm.u16(23).u32(gdtAt)
  asm.bind(start)
  asm.emit('mov', esp, STACK)
  const store = (at: number, value: number): void => {
    asm.emit('mov', mem({ disp: at, size: 32 }), value)
  }
  store(TABLES, TABLES + 0x1000 + 3)
  for (let i = 0; i < 4; i++) store(TABLES + 0x1000 + 8 * i, TABLES + 0x2000 + 0x1000 * i + 3)
  const next = asm.label('next entry')
  asm.emit('mov', eax, 0x83)
  asm.emit('xor', ecx, ecx)
  asm.bind(next)
  asm.emit('mov', mem({ index: ecx, scale: 8, disp: TABLES + 0x2000 }), eax)
  asm.emit('add', eax, 0x20_0000)
  asm.emit('inc', ecx)
  asm.emit('cmp', ecx, 2048)
  asm.emit('jne', next)
  asm.emit('mov', eax, 0x20)
  asm.emit('mov', cr4, eax)
  asm.emit('mov', eax, TABLES)
  asm.emit('mov', cr3, eax)
  asm.emit('mov', ecx, 0xc000_0080)
  asm.emit('rdmsr')
  asm.emit('or', eax, 0x100)
  asm.emit('wrmsr')
  asm.emit('mov', eax, 0x8000_0011)
  asm.emit('mov', cr0, eax)
  asm.emit('lgdt', mem({ disp: pointerAt, size: 48 }))
  asm.emit('jmp', far(8, IMAGE_BASE + asm.offset + 7))
  asm.mode = 64
  // IRETQ loads SS again, and what the loader left there is not in this GDT.
  asm.emit('mov', eax, 0x10)
  asm.emit('mov', ss, eax)
  asm.emit('mov', rsp, STACK)
}

/** IDT entry `vector` → `handler`; the IDT register is loaded by `loadIdt`. Uses RAX, RBX. */
export function installHandler(asm: Assembler, vector: number, handler: Label): void {
  const gate = IDT + 16 * vector
  asm.emit('lea', rax, mem({ rip: handler }))
  asm.emit('mov', rbx, rax)
  asm.emit('and', eax, 0xffff)
  asm.emit('or', eax, 8 << 16)
  asm.emit('mov', mem({ disp: gate, size: 32 }), eax)
  asm.emit('mov', rax, rbx)
  asm.emit('and', eax, 0xffff_0000 | 0)
  asm.emit('or', eax, 0x8e00)
  asm.emit('mov', mem({ disp: gate + 4, size: 32 }), eax)
}

export function loadIdt(asm: Assembler): void {
  const pointer = asm.label('idt pointer')
  const after = asm.label('after')
  asm.emit('lidt', mem({ rip: pointer, size: 80 }))
  asm.emit('jmp', short(after))
  asm.bind(pointer)
  asm.u16(0xfff).u64(IDT)
  asm.bind(after)
}

/** Writes a text to the serial port. Uses AL, DX. */
export function print(asm: Assembler, text: string): void {
  asm.emit('mov', dx, 0x3f8)
  for (const char of text) {
    asm.emit('mov', al, char.charCodeAt(0))
    asm.emit('out', dx, al)
  }
}

/** Ends the machine through the debug exit port, with `(value << 1) | 1`. */
export function debugExit(asm: Assembler, value: number): void {
  asm.emit('mov', dx, 0xf4)
  asm.emit('mov', eax, value)
  asm.emit('out', dx, eax)
}

/** Stores a 32-bit value to device registers. Uses RAX, RCX. */
export function poke(asm: Assembler, address: number, value: number): void {
  asm.emit('mov', rcx, address)
  asm.emit('mov', mem({ base: rcx, size: 32 }), value | 0)
}

export function outb(asm: Assembler, port: number, value: number): void {
  asm.emit('mov', dx, port)
  asm.emit('mov', al, value)
  asm.emit('out', dx, al)
}
