/**
 * Bare programs for `bench:cpu`: multiboot images that enter long mode and do one thing again and again, in ring 0 or between the rings, between the lines
 * `begin` and `end` on COM1. The same bytes run here and on QEMU.
 */
import {
  al,
  Assembler,
  ax,
  controls,
  ds,
  dx,
  eax,
  ecx,
  edx,
  es,
  esp,
  far,
  mem,
  rax,
  rbx,
  rcx,
  rdi,
  rsi,
  rsp,
  ss,
} from '../../src/isa/index.ts'

const BASE = 0x10_0000
const CODE = 0x10_1000
const GDT = 0x10_8000
const IDT = 0x10_9000
const TSS = 0x10_a000
const PML4 = 0x10_b000
const PDPT = 0x10_c000
const PD = 0x10_d000
const IMAGE_END = 0x10_e000
const STACK = 0x20_0000
const USER_STACK = 0x21_0000
const BUFFER = 0x40_0000
/** No page table maps it. */
const UNMAPPED = 0x4000_0000

const KCODE = 0x08
const KDATA = 0x10
const UDATA = 0x23
const UCODE = 0x2b
const TSS_SELECTOR = 0x30
const descriptors = [
  0n,
  0x00af_9a00_0000_ffffn,
  0x00cf_9200_0000_ffffn,
  0x00cf_fa00_0000_ffffn,
  0x00cf_f200_0000_ffffn,
  0x00af_fa00_0000_ffffn,
  0x0000_8900_0000_0067n | (BigInt(TSS) << 16n),
  0n,
]

const IA32_EFER = 0xc000_0080
const IA32_STAR = 0xc000_0081
const IA32_LSTAR = 0xc000_0082
const VECTOR_PF = 14
/** Returns at once, and ends the program. */
const VECTOR_RETURN = 0x80
const VECTOR_END = 0x81

/** RBX counts the rounds down. */
export interface Bare {
  readonly rounds: number
  readonly ring: 0 | 3
  emit(asm: Assembler): void
  /** Code that the image carries besides, at an address behind it. */
  readonly code?: { readonly address: number; readonly bytes: Uint8Array }
}

/** Goes to code that ends the machine by itself. */
export function withCode(address: number, bytes: Uint8Array): Bare {
  return {
    rounds: 1,
    ring: 0,
    emit: (asm) => void asm.emit('mov', eax, address).emit('call', rax),
    code: { address, bytes },
  }
}

function loop(asm: Assembler, body: () => void): void {
  const again = asm.label()
  asm.bind(again)
  body()
  asm.emit('dec', rbx).emit('jne', again)
}

export const barePrograms: Readonly<Record<string, Bare>> = {
  'call and ret': {
    rounds: 20_000_000,
    ring: 0,
    emit(asm) {
      const [target, over] = [asm.label(), asm.label()]
      asm.emit('jmp', over).bind(target).emit('ret').bind(over)
      loop(asm, () => asm.emit('call', target))
    },
  },
  'syscall and sysret': { rounds: 20_000_000, ring: 3, emit: (asm) => loop(asm, () => asm.emit('syscall')) },
  'int and iret': {
    rounds: 4_000_000,
    ring: 3,
    emit: (asm) => loop(asm, () => asm.emit('int', VECTOR_RETURN)),
  },
  'page faults': {
    rounds: 2_000_000,
    ring: 0,
    emit(asm) {
      asm.emit('mov', rsi, UNMAPPED)
      // The handler skips the three bytes of the load.
      loop(asm, () => asm.emit('mov', rax, mem({ base: rsi, size: 64 })))
    },
  },
  'TLB-hostile walk': {
    rounds: 1500,
    ring: 0,
    emit(asm) {
      loop(asm, () => {
        const again = asm.label()
        asm.emit('mov', rsi, BUFFER).emit('mov', ecx, 2560).bind(again)
        asm.emit('add', rax, mem({ base: rsi, size: 64 })).emit('add', rsi, 4096)
        asm.emit('dec', ecx).emit('jne', again)
      })
    },
  },
  'rep movsb': {
    rounds: 100,
    ring: 0,
    emit(asm) {
      loop(asm, () => {
        asm
          .emit('mov', rsi, BUFFER)
          .emit('mov', rdi, BUFFER + 0x20_0001)
          .emit('mov', ecx, 0x10_0000)
        asm.bytes(0xf3, 0xa4)
      })
    },
  },
}

/** The image, a flat multiboot one: its header says where it goes. */
export function buildBare(program: Bare): Uint8Array {
  const end = program.code ? program.code.address + program.code.bytes.length : IMAGE_END
  const image = new Uint8Array(end - BASE)
  const view = new DataView(image.buffer)
  const u64 = (address: number, value: bigint): void => view.setBigUint64(address - BASE, value, true)
  image.set(bootCode(end), 0)
  if (program.code) image.set(program.code.bytes, program.code.address - BASE)
  const handlers = emitKernel(program, (code) => image.set(code, CODE - BASE))
  descriptors.forEach((descriptor, n) => u64(GDT + 8 * n, descriptor))
  for (const [vector, offset] of handlers) {
    const target = CODE + offset
    const attributes = vector === VECTOR_PF ? 0x8e00n : 0xee00n
    u64(
      IDT + 16 * vector,
      BigInt(target & 0xffff) | (BigInt(KCODE) << 16n) | (attributes << 32n) | (BigInt(target >>> 16) << 48n),
    )
  }
  u64(TSS + 4, BigInt(STACK))
  u64(PML4, BigInt(PDPT) | 7n)
  u64(PDPT, BigInt(PD) | 7n)
  for (let n = 0; n < 64; n++) u64(PD + 8 * n, BigInt(n * 0x20_0000) | 0x87n)
  return image
}

/** Multiboot 1 header, then the way from flat protected mode to long mode. */
function bootCode(end: number): Uint8Array {
  const asm = new Assembler(32)
  const magic = 0x1bad_b002
  const flags = 0x1_0000
  for (const word of [magic, flags, -(magic + flags) >>> 0, BASE, BASE, end, end, BASE + 0x20]) asm.u32(word)
  asm.emit('mov', esp, STACK)
  asm.emit('mov', eax, 0xff).emit('out', 0x21, al).emit('out', 0xa1, al)
  asm.emit('lgdt', mem({ disp: BASE + 0xf00 }))
  // CR4.PAE and OSFXSR; EFER.SCE and LME; CR0.PE, ET and PG.
  asm.emit('mov', eax, 0x220).emit('mov', controls[4]!, eax)
  asm.emit('mov', eax, PML4).emit('mov', controls[3]!, eax)
  asm.emit('mov', ecx, IA32_EFER).emit('mov', eax, 0x101).emit('xor', edx, edx).emit('wrmsr')
  asm.emit('mov', eax, 0x8000_0011).emit('mov', controls[0]!, eax)
  asm.emit('jmp', far(KCODE, CODE))
  const out = new Uint8Array(0x1000)
  out.set(asm.finish().bytes)
  const view = new DataView(out.buffer)
  view.setUint16(0xf00, descriptors.length * 8 - 1, true)
  view.setUint32(0xf02, GDT, true)
  view.setUint16(0xf10, 0xfff, true)
  view.setUint32(0xf12, IDT, true)
  return out
}

/** Gives the code to `place`, and the offsets of the handlers by vector. */
function emitKernel({ rounds, ring, emit }: Bare, place: (code: Uint8Array) => void): Map<number, number> {
  const asm = new Assembler(64)
  const [start, print, done, program] = ['start', 'print', 'done', 'program'].map((name) =>
    asm.label(name),
  ) as [
    ReturnType<Assembler['label']>,
    ReturnType<Assembler['label']>,
    ReturnType<Assembler['label']>,
    ReturnType<Assembler['label']>,
  ]
  const handlers = new Map<number, number>()
  asm.emit('jmp', start)
  handlers.set(VECTOR_RETURN, asm.offset)
  asm.emit('iretq')
  handlers.set(VECTOR_PF, asm.offset)
  asm
    .emit('add', mem({ base: rsp, disp: 8, size: 64 }), 3)
    .emit('add', rsp, 8)
    .emit('iretq')
  handlers.set(VECTOR_END, asm.offset)
  asm.emit('jmp', done)
  const syscallEntry = CODE + asm.offset
  asm.emit('sysretq')

  // Writes the bytes at RSI up to a zero to COM1.
  const [next, wait, printed] = [asm.label(), asm.label(), asm.label()]
  asm.bind(print).bind(next).emit('lodsb').emit('test', al, al).emit('je', printed)
  asm.emit('mov', rcx, rax).bind(wait).emit('mov', dx, 0x3fd).emit('in', al, dx)
  asm.emit('test', al, 0x20).emit('je', wait)
  asm.emit('mov', rax, rcx).emit('mov', dx, 0x3f8).emit('out', dx, al).emit('jmp', next)
  asm.bind(printed).emit('ret')
  const text = (line: string): number => {
    const at = CODE + asm.offset
    asm.append([...new TextEncoder().encode(`${line}\n`), 0])
    return at
  }
  const [begin, end] = [text('begin'), text('end')]

  const wrmsr = (msr: number, low: number, high: number): void =>
    void asm.emit('mov', ecx, msr).emit('mov', eax, low).emit('mov', edx, high).emit('wrmsr')
  asm.bind(start).emit('mov', eax, KDATA)
  for (const segment of [ds, es, ss]) asm.emit('mov', segment, eax)
  asm.emit('lidt', mem({ disp: BASE + 0xf10 }))
  asm.emit('mov', eax, TSS_SELECTOR).emit('ltr', ax)
  wrmsr(IA32_STAR, 0, (0x1b << 16) | KCODE)
  wrmsr(IA32_LSTAR, syscallEntry, 0)
  asm.emit('mov', rsi, begin).emit('call', print)
  asm.emit('mov', rbx, rounds)
  if (ring === 3) {
    asm.emit('push', UDATA).emit('push', USER_STACK).emit('push', 2).emit('push', UCODE)
    asm
      .emit('lea', rax, mem({ rip: program }))
      .emit('push', rax)
      .emit('iretq')
  }
  asm.bind(program)
  emit(asm)
  if (ring === 3) asm.emit('int', VECTOR_END)
  asm.bind(done).emit('mov', rsi, end).emit('call', print)
  asm.emit('mov', eax, 0).emit('out', 0xf4, al).emit('hlt')
  place(asm.finish().bytes)
  return handlers
}
