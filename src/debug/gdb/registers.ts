/** The registers that gdb sees, in its order, as a table: the target description, `g` and `p` follow from it. */
import {
  CR8,
  CR0,
  CR2,
  CR3,
  CR4,
  EFER,
  FCW,
  FDP,
  FIP,
  FPU_REGISTERS,
  FPU_STRIDE,
  FS,
  FSW,
  FTW,
  GS,
  KERNEL_GS_BASE,
  MXCSR,
  SEG_BASE,
  SEG_SELECTOR,
  SEG_SIZE,
  SEGMENTS,
} from '../../cpu/layout.ts'
import { CS, DS, ES, SS } from '../../cpu/layout.ts'
import type { Cpu } from '../../cpu/cpu.ts'

export interface Register {
  readonly name: string
  readonly bits: number
  /** A type of gdb's, or one of the description's own. */
  readonly type: string
  readonly group?: string
  read(cpu: Cpu): bigint
  /** Not there: it cannot be written. */
  write?(cpu: Cpu, value: bigint): void
}

export interface Feature {
  readonly name: string
  readonly registers: readonly Register[]
}

const GENERAL: readonly (readonly [name: string, number: number])[] = [
  ['rax', 0],
  ['rbx', 3],
  ['rcx', 1],
  ['rdx', 2],
  ['rsi', 6],
  ['rdi', 7],
  ['rbp', 5],
  ['rsp', 4],
  ...Array.from({ length: 8 }, (_, i) => [`r${i + 8}`, i + 8] as const),
]

function general([name, number]: readonly [string, number]): Register {
  const type = name === 'rbp' || name === 'rsp' ? 'data_ptr' : 'int64'
  return {
    name,
    bits: 64,
    type,
    read: (cpu) => cpu.gpr(number),
    write: (cpu, value) => cpu.setGpr(number, value),
  }
}

function selector(name: string, seg: number): Register {
  const at = SEGMENTS + seg * SEG_SIZE + SEG_SELECTOR
  return { name, bits: 32, type: 'int32', read: (cpu) => BigInt(cpu.getState32(at) & 0xffff) }
}

/** u64 of the state block. `changes`: what the processor may do depends on it. */
function state64(name: string, at: number, { type = 'int', isWritable = false, group = '' } = {}): Register {
  return {
    name,
    bits: 64,
    type,
    ...(group === '' ? {} : { group }),
    read: (cpu) => cpu.getState64(at),
    ...(isWritable ? { write: (cpu: Cpu, value: bigint) => cpu.setState64(at, value) } : {}),
  }
}

/** ST(i): counted from the top of the stack. */
function stack(i: number): Register {
  return {
    name: `st${i}`,
    bits: 80,
    type: 'i387_ext',
    read: (cpu) => {
      const top = (cpu.getState32(FSW - 2) >>> 27) & 7
      const at = FPU_REGISTERS + ((top + i) & 7) * FPU_STRIDE
      return ((cpu.getState64(at + 8) & 0xffffn) << 64n) | cpu.getState64(at)
    },
  }
}

function x87(name: string, read: (cpu: Cpu) => number | bigint): Register {
  return { name, bits: 32, type: 'int', group: 'float', read: (cpu) => BigInt(read(cpu)) & 0xffff_ffffn }
}

/** Two bits a register: valid, zero, special, empty. SDM Vol. 1, 8.1.7. */
function tagWord(cpu: Cpu): number {
  const full = cpu.getState32(FTW) & 0xff
  let word = 0
  for (let i = 0; i < 8; i++) {
    const at = FPU_REGISTERS + i * FPU_STRIDE
    const significand = cpu.getState64(at)
    const exponent = Number(cpu.getState64(at + 8) & 0x7fffn)
    const isZero = exponent === 0 && significand === 0n
    const isSpecial = exponent === 0 || exponent === 0x7fff || significand >> 63n === 0n
    word |= (!((full >> i) & 1) ? 3 : isZero ? 1 : isSpecial ? 2 : 0) << (2 * i)
  }
  return word
}

/** Half of a vector register, low or high. */
function vector(name: string, number: number, lane: 0 | 1, type: string): Register {
  const view = (cpu: Cpu): DataView => {
    const bytes = cpu.vector(number, lane)
    return new DataView(bytes.buffer, bytes.byteOffset, 16)
  }
  return {
    name,
    bits: 128,
    type,
    read: (cpu) => (view(cpu).getBigUint64(8, true) << 64n) | view(cpu).getBigUint64(0, true),
    write: (cpu, value) => {
      view(cpu).setBigUint64(0, BigInt.asUintN(64, value), true)
      view(cpu).setBigUint64(8, value >> 64n, true)
    },
  }
}

const sixteen = Array.from({ length: 16 }, (_, i) => i)
const segmentBase = (seg: number): number => SEGMENTS + seg * SEG_SIZE + SEG_BASE

export const features: readonly Feature[] = [
  {
    name: 'org.gnu.gdb.i386.core',
    registers: [
      ...GENERAL.map(general),
      {
        name: 'rip',
        bits: 64,
        type: 'code_ptr',
        read: (cpu) => cpu.rip,
        write: (cpu, value) => (cpu.rip = value),
      },
      {
        name: 'eflags',
        bits: 32,
        type: 'i386_eflags',
        read: (cpu) => cpu.rflags & 0xffff_ffffn,
        write: (cpu, value) => (cpu.rflags = value),
      },
      selector('cs', CS),
      selector('ss', SS),
      selector('ds', DS),
      selector('es', ES),
      selector('fs', FS),
      selector('gs', GS),
      ...[0, 1, 2, 3, 4, 5, 6, 7].map(stack),
      x87('fctrl', (cpu) => cpu.getState32(FCW) & 0xffff),
      x87('fstat', (cpu) => cpu.getState32(FCW) >>> 16),
      x87('ftag', tagWord),
      x87('fiseg', () => 0),
      x87('fioff', (cpu) => cpu.getState64(FIP)),
      x87('foseg', () => 0),
      x87('fooff', (cpu) => cpu.getState64(FDP)),
      x87('fop', (cpu) => cpu.getState32(FTW) >>> 16),
    ],
  },
  {
    name: 'org.gnu.gdb.i386.sse',
    registers: [
      ...sixteen.map((i) => vector(`xmm${i}`, i, 0, 'vec128')),
      {
        name: 'mxcsr',
        bits: 32,
        type: 'i386_mxcsr',
        group: 'vector',
        read: (cpu) => BigInt(cpu.getState32(MXCSR)),
        write: (cpu, value) => cpu.setState32(MXCSR, Number(value & 0xffffn)),
      },
    ],
  },
  { name: 'org.gnu.gdb.i386.avx', registers: sixteen.map((i) => vector(`ymm${i}h`, i, 1, 'uint128')) },
  {
    name: 'org.gnu.gdb.i386.segments',
    registers: [
      state64('fs_base', segmentBase(FS), { isWritable: true }),
      state64('gs_base', segmentBase(GS), { isWritable: true }),
    ],
  },
  {
    // By the names that QEMU gives them.
    name: 'org.onering.system',
    registers: [
      state64('k_gs_base', KERNEL_GS_BASE, { isWritable: true, group: 'system' }),
      state64('cr0', CR0, { group: 'system' }),
      state64('cr2', CR2, { group: 'system', isWritable: true }),
      state64('cr3', CR3, { group: 'system' }),
      state64('cr4', CR4, { group: 'system' }),
      state64('cr8', CR8, { group: 'system' }),
      state64('efer', EFER, { group: 'system' }),
    ],
  },
]

export const registers: readonly Register[] = features.flatMap((feature) => feature.registers)

/** As gdb wants them: little-endian. */
export function registerBytes(register: Register, cpu: Cpu): Uint8Array {
  const bytes = new Uint8Array(register.bits / 8)
  let value = register.read(cpu)
  for (let i = 0; i < bytes.length; i++, value >>= 8n) bytes[i] = Number(value & 0xffn)
  return bytes
}

export function registerValue(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
