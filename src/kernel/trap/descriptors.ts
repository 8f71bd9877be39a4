/** GDT, TSS and IDT: the final ones, which replace those of the boot path (SDM Vol. 3A §3.4, §6.14, §7.7), and how calls from ring 3 arrive. */
import { cpuidEax, lgdt, lidt, ltr, rdmsr, readCr4, writeCr4, wrmsr } from '../lib/cpu'
import { callEntry, interruptStubs, interruptStubSize, processorBlock, reloadSegments } from '../lib/entry'
import { hasPageFaultStack, trapKind, userMode } from '../lib/image'
import { allocateZeroFrame } from '../mm/frames'
import { exposePage, exposeStack, finishIsolation, isIsolated } from '../mm/isolation'
import { NO_EXECUTE } from '../mm/page-table'
import { allocateStack, KERNEL_STACK } from '../mm/stacks'
import { panicText } from './panic'
import { DOUBLE_FAULT, FIRST_DEVICE, MACHINE_CHECK, NMI, PAGE_FAULT } from './vectors'

/** SYSCALL and SYSRET, SYSENTER and SYSEXIT fix the order of the first six after the null descriptor. */
const KERNEL_CODE: u32 = 0x08
const KERNEL_DATA: u32 = 0x10
const USER_BASE: u32 = 0x18
const TASK: u32 = 0x38
const CALL_GATE: u32 = 0x48
const GDT_BYTES: u32 = 0x58

/** Values of `trapKind`; 0 is an application in ring 0. */
const BY_SYSCALL: u32 = 1
const BY_INT80: u32 = 2
const BY_SYSENTER: u32 = 3
const BY_CALL_GATE: u32 = 4
const BY_FRED: u32 = 5
const INT80: u32 = 0x80

/** GDT and TSS share a page, the IDT has one: no other data of the kernel is on them. */
let gdt: usize = 0
let idt: usize = 0
let tss: usize = 0
const TSS_OFFSET: usize = 256
/** Limit and base, as LGDT and LIDT want them. */
const pointer: usize = memory.data(16, 16)

const IA32_SYSENTER_CS: u32 = 0x174
const IA32_SYSENTER_ESP: u32 = 0x175
const IA32_SYSENTER_EIP: u32 = 0x176
const IA32_STAR: u32 = 0xc000_0081
const IA32_LSTAR: u32 = 0xc000_0082
const IA32_FMASK: u32 = 0xc000_0084
const IA32_EFER: u32 = 0xc000_0080
const IA32_GS_BASE: u32 = 0xc000_0101
const IA32_KERNEL_GS_BASE: u32 = 0xc000_0102
const IA32_FRED_RSP0: u32 = 0x1cc
const IA32_FRED_STKLVLS: u32 = 0x1d0
const IA32_FRED_CONFIG: u32 = 0x1d4
const EFER_SCE: u64 = 1
const CR4_FRED: u64 = 1 << 32
const CPUID_FRED: u32 = 1 << 17

/** Of the processor's block: the selector that VERW looks at, and the stack of the way in. */
const DATA_SELECTOR: usize = 40
const ENTRY_STACK_TOP: usize = 4096

/** Present, DPL 0, 64-bit interrupt gate: interrupts stay off until the handler says otherwise. */
const INTERRUPT_GATE: u64 = 0x8e
/** The same with DPL 3, and a call gate with DPL 3. */
const USER_INTERRUPT_GATE: u64 = 0xee
const USER_CALL_GATE: u64 = 0xec

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
  store<u64>(gdt + 0x30, 0x00cf_f300_0000_ffff) // ring 3, data once more, where SYSEXIT has it
  const base = <u64>tss
  store<u64>(gdt + TASK, 103 | ((base & 0xff_ffff) << 16) | (0x89 << 40) | ((base >> 24) << 56))
  store<u64>(gdt + TASK + 8, base >> 32)
  lgdt(setPointer(GDT_BYTES, gdt))
  reloadSegments()
}

/** What must not trust the current stack gets one each. */
function initTss(): void {
  const stacks: usize = userMode() ? 3 : 5
  for (let ist: usize = 1; ist <= stacks; ist++) {
    const top = allocateStack(KERNEL_STACK)
    exposeStack(top - KERNEL_STACK, top)
    store<u64>(tss + 36 + (ist - 1) * 8, <u64>top)
  }
  store<u16>(tss + 102, 104)
  ltr(TASK)
}

function interruptStack(vector: u32): u64 {
  if (vector == DOUBLE_FAULT) return 1
  if (vector == NMI) return 2
  if (vector == MACHINE_CHECK) return 3
  if (userMode()) return 0
  // The application's stack, on which these would come, may have to grow (`src/toolchain/entry/interrupt-stack.ts`).
  if (vector >= FIRST_DEVICE) return 4
  return vector == PAGE_FAULT && hasPageFaultStack() ? 5 : 0
}

/** A gate of 16 bytes to `target` (SDM Vol. 3A figures 5-8 and 6-8). */
function setGate(gate: usize, target: usize, stack: u64, type: u64): void {
  const offset = <u64>target
  store<u64>(
    gate,
    (offset & 0xffff) |
      ((<u64>KERNEL_CODE) << 16) |
      (stack << 32) |
      (type << 40) |
      (((offset >> 16) & 0xffff) << 48),
  )
  store<u64>(gate + 8, offset >> 32)
}

function initIdt(): void {
  const size = interruptStubSize()
  for (let vector: u32 = 0; vector < 256; vector++)
    setGate(idt + (vector << 4), interruptStubs() + vector * size, interruptStack(vector), INTERRUPT_GATE)
  lidt(setPointer(4096, idt))
}

/** SYSCALL enters ring 0 with interrupts, direction, trap, nested task and alignment check (SMAP's override) off. */
function openSyscall(): void {
  wrmsr(IA32_EFER, rdmsr(IA32_EFER) | EFER_SCE)
  wrmsr(IA32_STAR, ((<u64>(USER_BASE | 3)) << 48) | ((<u64>KERNEL_CODE) << 32))
  wrmsr(IA32_LSTAR, <u64>callEntry())
  wrmsr(IA32_FMASK, 0x4_4700)
}

function openSysenter(): void {
  wrmsr(IA32_SYSENTER_CS, KERNEL_CODE)
  wrmsr(IA32_SYSENTER_ESP, <u64>processorBlock())
  wrmsr(IA32_SYSENTER_EIP, <u64>callEntry())
}

/** Every event of FRED arrives at one place; the exceptions that have stacks of their own in the IDT have stack levels here. */
function openFred(): void {
  if (!(cpuidEax(7, 1) & CPUID_FRED)) panicText('this processor has no FRED: boot the image with --cpu max')
  openSyscall()
  for (let level: u32 = 1; level <= 3; level++) wrmsr(IA32_FRED_RSP0 + level, load<u64>(tss + 28 + level * 8))
  wrmsr(
    IA32_FRED_STKLVLS,
    ((<u64>1) << (2 * DOUBLE_FAULT)) | ((<u64>2) << (2 * NMI)) | ((<u64>3) << (2 * MACHINE_CHECK)),
  )
  wrmsr(IA32_FRED_CONFIG, <u64>callEntry())
  writeCr4(readCr4() | CR4_FRED)
}

/** Opens the one door that the link mode has. */
function openDoor(): void {
  wrmsr(IA32_GS_BASE, <u64>processorBlock())
  wrmsr(IA32_KERNEL_GS_BASE, 0)
  const kind = trapKind()
  if (kind == BY_SYSCALL) openSyscall()
  else if (kind == BY_INT80) setGate(idt + (INT80 << 4), callEntry(), 0, USER_INTERRUPT_GATE)
  else if (kind == BY_SYSENTER) openSysenter()
  else if (kind == BY_FRED) openFred()
  else if (kind == BY_CALL_GATE) setGate(gdt + CALL_GATE, callEntry(), 0, USER_CALL_GATE)
}

export function initDescriptors(): void {
  gdt = allocateZeroFrame()
  tss = gdt + TSS_OFFSET
  idt = allocateZeroFrame()
  exposePage(gdt, NO_EXECUTE)
  exposePage(idt, NO_EXECUTE)
  initGdt()
  initTss()
  initIdt()
  openDoor()
  store<u16>(processorBlock() + DATA_SELECTOR, <u16>KERNEL_DATA)
  if (isIsolated()) setInterruptStack(processorBlock() + ENTRY_STACK_TOP)
  finishIsolation()
}

/** RSP0: what the processor loads when an event or a gate leads from ring 3 to ring 0. */
function setInterruptStack(top: usize): void {
  if (trapKind() == BY_FRED) wrmsr(IA32_FRED_RSP0, <u64>top)
  else store<u64>(tss + 4, <u64>top)
}

/** Where entries from ring 3 find their stack: through the TSS, and through GS for SYSCALL. */
export function setKernelStack(top: usize): void {
  if (!isIsolated()) setInterruptStack(top)
  store<u64>(processorBlock(), <u64>top)
}
