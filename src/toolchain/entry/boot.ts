/**
 * From the loader to the kernel. Both protocols enter in 32-bit protected mode with paging off:
 *
 *   PVH        EBX = address of the start info          (Xen public/arch-x86/hvm/start_info.h)
 *   multiboot  EAX = 0x2badb002, EBX = address of info  (Multiboot 0.6.96 §3.2)
 *
 * The way to long mode is SDM Vol. 3A §10.8.5: page tables, CR4.PAE, CR3, EFER.LME, CR0.PG, far jump.
 */
import {
  al,
  type Assembler,
  cr0,
  cr3,
  cr4,
  dx,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  esp,
  far,
  mem,
  type Register,
  short,
  symbol,
} from '../../isa/index.ts'
import { type Piece, reserve, routine, table } from './piece.ts'
import { kernelCode } from './segments.ts'

const stackBytes = 32 * 1024
/** One PML4, one table of directory pointers, four directories: 4 GiB in pages of 2 MiB. */
const tableBytes = 6 * 4096

const PRESENT_WRITABLE = 3
const LARGE = 0x80
const CR4_PAE_FXSR_XMM = (1 << 5) | (1 << 9) | (1 << 10)
const EFER = 0xc000_0080
const EFER_LME_NXE = (1 << 8) | (1 << 11)
/** PE, MP, NE, WP, PG. */
const CR0_VALUE = 0x8001_0023

/** Paging structures that map the first 4 GiB onto themselves; the kernel replaces them soon. */
function buildTables(asm: Assembler): void {
  const at = (offset: number) => mem({ symbol: symbol('boot.tables', offset), size: 32 })
  asm.emit('mov', at(0), symbol('boot.tables', 0x1000 + PRESENT_WRITABLE))
  for (let i = 0; i < 4; i++)
    asm.emit('mov', at(0x1000 + i * 8), symbol('boot.tables', 0x2000 + i * 0x1000 + PRESENT_WRITABLE))
  const next = asm.label('next entry')
  asm.emit('mov', eax, PRESENT_WRITABLE | LARGE)
  asm.emit('xor', ecx, ecx)
  asm.bind(next)
  asm.emit('mov', mem({ symbol: symbol('boot.tables', 0x2000), index: ecx, scale: 8 }), eax)
  asm.emit('add', eax, 0x20_0000)
  asm.emit('inc', ecx)
  asm.emit('cmp', ecx, 4 * 512)
  asm.emit('jne', next)
}

/** Leaves for `fail` with the message in EBP when bit `bit` of `register` in CPUID `leaf` is clear. */
function require(asm: Assembler, leaf: number, register: Register, bit: number, message: string): void {
  const present = asm.label('present')
  asm.emit('mov', eax, leaf)
  asm.emit('cpuid')
  asm.emit('bt', register, bit)
  asm.emit('jc', short(present))
  asm.emit('mov', ebp, symbol(message))
  asm.emit('jmp', symbol('boot.fail'))
  asm.bind(present)
}

const entry = routine('boot.multiboot', (asm, define) => {
  asm.mode = 32
  const common = asm.label('common')
  asm.emit('mov', edi, 1)
  asm.emit('jmp', short(common))
  define('boot.pvh')
  asm.emit('xor', edi, edi)
  asm.bind(common)
  asm.emit('cli')
  asm.emit('cld')
  asm.emit('mov', esp, symbol('boot.stack', stackBytes))
  asm.emit('mov', esi, ebx)
  require(asm, 0x8000_0001, edx, 29, 'boot.noLongMode')
  require(asm, 1, ecx, 20, 'boot.noSse42')
  buildTables(asm)
  asm.emit('mov', eax, CR4_PAE_FXSR_XMM)
  asm.emit('mov', cr4, eax)
  asm.emit('mov', eax, symbol('boot.tables'))
  asm.emit('mov', cr3, eax)
  asm.emit('mov', ecx, EFER)
  asm.emit('rdmsr')
  asm.emit('or', eax, EFER_LME_NXE)
  asm.emit('wrmsr')
  asm.emit('mov', eax, CR0_VALUE)
  asm.emit('mov', cr0, eax)
  asm.emit('lgdt', mem({ symbol: symbol('boot.gdtPointer'), size: 48 }))
  asm.emit('jmp', far(kernelCode, symbol('boot.long')))
})

const longMode = routine('boot.long', (asm) => {
  asm.emit('call', symbol('entry.reloadDataSegments'))
  // The upper halves are undefined after 32-bit code.
  asm.emit('mov', edi, edi)
  asm.emit('mov', esi, esi)
  asm.emit('mov', esp, symbol('boot.stack', stackBytes))
  asm.emit('xor', ebp, ebp)
  asm.emit('call', symbol('kernel.kernelMain'))
  asm.emit('ud2')
})

/** Prints the message at EBP on the first serial port and stops. */
const fail = routine('boot.fail', (asm) => {
  asm.mode = 32
  const next = asm.label('next')
  const stop = asm.label('stop')
  asm.emit('mov', dx, 0x3f8)
  asm.bind(next)
  asm.emit('mov', al, mem({ base: ebp, size: 8 }))
  asm.emit('test', al, al)
  asm.emit('je', short(stop))
  asm.emit('out', dx, al)
  asm.emit('inc', ebp)
  asm.emit('jmp', next)
  asm.bind(stop)
  asm.emit('mov', dx, 0xf4)
  asm.emit('mov', eax, 127)
  asm.emit('out', dx, eax)
  asm.emit('hlt')
  asm.emit('jmp', stop)
})

function message(name: string, text: string): Piece {
  return table(name, (asm) => void asm.append(new TextEncoder().encode(`${text}\r\n\0`)), 1)
}

const gdt = table('boot.gdt', (asm) => {
  asm.u64(0).u64(0x00af_9b00_0000_ffffn).u64(0x00cf_9300_0000_ffffn)
})
const gdtPointer = table('boot.gdtPointer', (asm) => {
  asm.u16(23).u32(symbol('boot.gdt')).u32(0)
})

export const boot: readonly Piece[] = [
  entry,
  fail,
  longMode,
  gdt,
  gdtPointer,
  message('boot.noLongMode', 'onering: this processor has no 64-bit mode'),
  message('boot.noSse42', 'onering: this processor lacks SSE4.2'),
  reserve('boot.tables', tableBytes, 4096),
  reserve('boot.stack', stackBytes, 4096),
]
