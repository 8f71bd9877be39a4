/** What follows from control registers, CPL and segments: MODE (how code is decoded) and TLB_BASE (what it may touch). */
import * as L from '../layout'
import {
  CR0_EM,
  CR0_PE,
  CR0_TS,
  CR4_OSFXSR,
  CR4_OSXSAVE,
  DESC_CODE,
  DESC_DB,
  DESC_DC,
  DESC_L,
  DESC_P,
  DESC_RW,
  DESC_S,
  TF,
  VM,
} from './bits'
import { currentArray, tlbArray } from './mmu/tlb'
import { cr0Has, cr4Has, longMode, segAttributes, segBase, segLimit, systemFlags } from './state'

const XCR0_YMM: u64 = 4

const DATA_TYPE: u32 = DESC_P | DESC_S | DESC_CODE | DESC_DC | DESC_RW
const WRITABLE_DATA: u32 = DESC_P | DESC_S | DESC_RW

function coversAll(cpu: usize, index: u32): bool {
  return segBase(cpu, index) == 0 && segLimit(cpu, index) == 0xffff_ffff
}

/** A data segment through which every 32-bit address can be read and written. */
function isFlat(cpu: usize, index: u32): bool {
  return coversAll(cpu, index) && (segAttributes(cpu, index) & DATA_TYPE) == WRITABLE_DATA
}

function codeBits(cpu: usize): u32 {
  const attributes = segAttributes(cpu, L.CS)
  if (longMode(cpu) && attributes & DESC_L) return L.MODE_CODE64
  let mode: u32 = attributes & DESC_DB ? L.MODE_CODE32 : L.MODE_CODE16
  if (segAttributes(cpu, L.SS) & DESC_DB) mode |= L.MODE_STACK32
  const flat = coversAll(cpu, L.CS) && isFlat(cpu, L.DS) && isFlat(cpu, L.ES) && isFlat(cpu, L.SS)
  return flat ? mode : mode | L.MODE_SEGMENTED
}

/** VEX prefixes mean nothing in real and virtual-8086 mode. SDM Vol. 2A, 2.3.2. */
function hasAvx(cpu: usize): bool {
  if (!cr0Has(cpu, CR0_PE) || systemFlags(cpu) & VM) return false
  return cr4Has(cpu, CR4_OSXSAVE) && (load<u64>(cpu, L.XCR0) & XCR0_YMM) != 0
}

/** Recomputes MODE and TLB_BASE. Call after any change of CR0, CR4, EFER, XCR0, RFLAGS.AC, RFLAGS.TF, CPL or a segment. */
export function updateMode(cpu: usize): void {
  let mode = codeBits(cpu)
  if (cr0Has(cpu, CR0_EM) || !cr4Has(cpu, CR4_OSFXSR)) mode |= L.MODE_NO_SSE
  if (cr0Has(cpu, CR0_EM)) mode |= L.MODE_EMULATION
  if (cr0Has(cpu, CR0_TS)) mode |= L.MODE_TASK_SWITCHED
  if (systemFlags(cpu) & TF) mode |= L.MODE_SINGLE_STEP
  if (!hasAvx(cpu)) mode |= L.MODE_NO_AVX
  if (load<u32>(cpu, L.PROBE) & L.PROBE_CALLS) mode |= L.MODE_TRACE_CALLS
  store<u32>(cpu, mode, L.MODE)
  updateTlbBase(cpu)
}

/** Whether MODE is of 64-bit code and CS still is. */
export function staysIn64(cpu: usize): bool {
  if ((load<u32>(cpu, L.MODE) & L.MODE_CODE) != L.MODE_CODE64) return false
  return longMode(cpu) && (segAttributes(cpu, L.CS) & DESC_L) != 0
}

/** The same as `updateMode` from 64-bit code to 64-bit code, where of all that MODE depends on only CPL and RFLAGS have changed. */
export function updateModeIn64(cpu: usize): void {
  const mode = load<u32>(cpu, L.MODE) & ~L.MODE_SINGLE_STEP
  store<u32>(cpu, systemFlags(cpu) & TF ? mode | L.MODE_SINGLE_STEP : mode, L.MODE)
  updateTlbBase(cpu)
}

/** TLB_BASE alone: enough after a change of RFLAGS.AC. */
export function updateTlbBase(cpu: usize): void {
  store<u32>(cpu, <u32>tlbArray(cpu, currentArray(cpu)), L.TLB_BASE)
}
