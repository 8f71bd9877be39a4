/** The state after power-up or INIT. SDM Vol. 3A, table 9-1. */
import * as L from '../layout'
import { CR0_CD, CR0_ET, CR0_NW, DESC_CODE, DESC_P, DESC_RW, DESC_S } from './bits'
import { setRflags } from './flags'
import { flushTlb } from './mmu/tlb'
import { updateMode } from './mode'
import { setGpr, RDX, setRip, setSegment } from './state'
import { resetFpu } from './system/fpu'
import { CPUID_ROWS, ROW_WORDS } from './system/cpuid-model'

const PAT_RESET: u64 = 0x0007_0406_0007_0406
/** Enabled, bootstrap processor, registers at FEE00000H. */
const APIC_BASE_RESET: u64 = 0xfee0_0900
/** IA32_MISC_ENABLE: fast strings. */
const MISC_ENABLE_RESET: u64 = 1
const DATA: u32 = DESC_P | DESC_S | DESC_RW | 1
const CODE: u32 = DATA | DESC_CODE

/** Where the registers end and the host's own fields begin: these survive a reset. */
function clearRegisters(cpu: usize): void {
  memory.fill(cpu, 0, L.EXC_VECTOR)
  store<u32>(cpu, 0, L.CPL)
  store<u32>(cpu, 0, L.EXC_PENDING)
  store<u32>(cpu, 0, L.INTERRUPT_SHADOW)
  memory.fill(cpu + L.CR0, 0, L.RAM_BASE - L.CR0)
  store<u32>(cpu, 0, L.HALTED)
  store<u32>(cpu, 0, L.SHUTDOWN)
  memory.fill(cpu + L.SEGMENTS, 0, L.SCRATCH - L.SEGMENTS)
  memory.fill(cpu + L.PRIVATE, 0, L.STATE_SIZE - L.PRIVATE)
}

/** Real mode at F000:FFF0 with CS.base FFFF0000H. RETIRED and the addresses of memory, TLB and tables stay. */
export function reset(cpu: usize): void {
  clearRegisters(cpu)
  store<u64>(cpu, CR0_CD | CR0_NW | CR0_ET, L.CR0)
  store<u64>(cpu, PAT_RESET, L.PAT)
  store<u64>(cpu, APIC_BASE_RESET, L.APIC_BASE)
  store<u64>(cpu, MISC_ENABLE_RESET, L.MISC_ENABLE)
  store<u64>(cpu, 0xffff_0ff0, L.DR + 48)
  store<u64>(cpu, 0x400, L.DR + 56)
  store<u32>(cpu, 0xffff, L.GDTR + 8)
  store<u32>(cpu, 0xffff, L.IDTR + 8)
  for (let seg: u32 = 0; seg < 6; seg++) setSegment(cpu, seg, 0, DATA, 0, 0xffff)
  setSegment(cpu, L.CS, 0xf000, CODE, 0xffff_0000, 0xffff)
  setSegment(cpu, L.LDTR, 0, DESC_P | 2, 0, 0xffff)
  setSegment(cpu, L.TR, 0, DESC_P | 11, 0, 0xffff)
  setRip(cpu, 0xfff0)
  setGpr(cpu, RDX, unchecked(CPUID_ROWS[ROW_WORDS + 2]))
  setRflags(cpu, 2)
  resetFpu(cpu)
  flushTlb(cpu)
  updateMode(cpu)
}
