/** GDT, TSS and IDT: the final ones, which replace those of the boot path (SDM Vol. 3A §3.4, §6.14, §7.7). */
import { lgdt, lidt, ltr, wrmsr, rdmsr } from '../lib/cpu'
import { interruptStubs, interruptStubSize, processorBlock, reloadSegments, syscallEntry } from '../lib/entry'
import { allocateStack, KERNEL_STACK } from '../mm/stacks'
import { DOUBLE_FAULT, MACHINE_CHECK, NMI } from './vectors'

/** SYSCALL and SYSRET fix the order of the first five after the null descriptor. */
const KERNEL_CODE: u32 = 0x08
const USER_BASE: u32 = 0x18
const TASK: u32 = 0x30

const gdt: usize = memory.data(64, 16)
const idt: usize = memory.data(256 * 16, 16)
const tss: usize = memory.data(112, 16)
/** Limit and base, as LGDT and LIDT want them. */
const pointer: usize = memory.data(16, 16)

const IA32_STAR: u32 = 0xc000_0081
const IA32_LSTAR: u32 = 0xc000_0082
const IA32_FMASK: u32 = 0xc000_0084
const IA32_EFER: u32 = 0xc000_0080
const IA32_GS_BASE: u32 = 0xc000_0101
const IA32_KERNEL_GS_BASE: u32 = 0xc000_0102
const EFER_SCE: u64 = 1

/** Present, DPL 0, 64-bit interrupt gate: interrupts stay off until the handler says otherwise. */
const INTERRUPT_GATE: u64 = 0x8e

function setPointer(limit: u32, base: usize): usize {
  store<u16>(pointer, <u16>(limit - 1))
  store<u64>(pointer, <u64>base, 2)
  return pointer
}

function initGdt(): void {
  store<u64>(gdt + 0x08, 0x00af_9b00_0000_ffff) // ring 0, 64-bit code
  store<u64>(gdt + 0x10, 0x00cf_9300_0000_ffff) // ring 0, data
  store<u64>(gdt + 0x18, 0x00cf_fb00_0000_ffff) // ring 3, 32-bit code: SYSRET's place for it
  store<u64>(gdt + 0x20, 0x00cf_f300_0000_ffff) // ring 3, data
  store<u64>(gdt + 0x28, 0x00af_fb00_0000_ffff) // ring 3, 64-bit code
  const base = <u64>tss
  store<u64>(gdt + TASK, 103 | ((base & 0xff_ffff) << 16) | (0x89 << 40) | ((base >> 24) << 56))
  store<u64>(gdt + TASK + 8, base >> 32)
  lgdt(setPointer(64, gdt))
  reloadSegments()
}

/** The exceptions that must not trust the current stack get one each. */
function initTss(): void {
  for (let ist: usize = 1; ist <= 3; ist++) {
    const top = allocateStack(KERNEL_STACK, 0)
    store<u64>(tss + 36 + (ist - 1) * 8, <u64>top)
  }
  store<u16>(tss + 102, 104)
  ltr(TASK)
}

function interruptStack(vector: u32): u64 {
  if (vector == DOUBLE_FAULT) return 1
  if (vector == NMI) return 2
  if (vector == MACHINE_CHECK) return 3
  return 0
}

function initIdt(): void {
  const size = interruptStubSize()
  for (let vector: u32 = 0; vector < 256; vector++) {
    const target = <u64>(interruptStubs() + vector * size)
    const gate = idt + ((<usize>vector) << 4)
    store<u64>(
      gate,
      (target & 0xffff) |
        ((<u64>KERNEL_CODE) << 16) |
        (interruptStack(vector) << 32) |
        (INTERRUPT_GATE << 40) |
        (((target >> 16) & 0xffff) << 48),
    )
    store<u64>(gate + 8, target >> 32)
  }
  lidt(setPointer(4096, idt))
}

/** SYSCALL enters ring 0 with interrupts, direction, trap, nested task and alignment check (SMAP's override) off. */
function initSyscall(): void {
  wrmsr(IA32_EFER, rdmsr(IA32_EFER) | EFER_SCE)
  wrmsr(IA32_STAR, ((<u64>(USER_BASE | 3)) << 48) | ((<u64>KERNEL_CODE) << 32))
  wrmsr(IA32_LSTAR, <u64>syscallEntry())
  wrmsr(IA32_FMASK, 0x4_4700)
  wrmsr(IA32_GS_BASE, <u64>processorBlock())
  wrmsr(IA32_KERNEL_GS_BASE, 0)
}

export function initDescriptors(): void {
  initGdt()
  initTss()
  initIdt()
  initSyscall()
}

/** Where entries from ring 3 find their stack: through the TSS, and through GS for SYSCALL. */
export function setKernelStack(top: usize): void {
  store<u64>(tss + 4, <u64>top)
  store<u64>(processorBlock(), <u64>top)
}
