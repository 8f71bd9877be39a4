/** MOV to and from CR0, CR2, CR3, CR4 and CR8, LMSW, CLTS. SDM Vol. 2B, MOV; Vol. 3A, 2.5, 4.10.4, 10.8.5. */
import * as L from '../../layout'
import { COUNT_CR3_FLUSH, COUNT_CR3_KEEP } from '../../counters'
import { EVENT_CR_WRITE } from '../../probe'
import * as B from '../bits'
import { apicWrite } from '../host'
import { ENTRY_P, PDPTE_PAE_RESERVED, PHYSICAL_BITS } from '../mmu/format'
import { readPhysical, throughA20 } from '../mmu/physical'
import { flushNonGlobal, flushTlb } from '../mmu/tlb'
import { updateMode } from '../mode'
import { PDPTE } from '../private'
import { raiseGp, raiseUd } from '../raise'
import {
  cr4Has,
  eferHas,
  getCpl,
  getNextRip,
  longMode,
  mode64,
  segAttributes,
  setGpr,
  setRip,
} from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import { count, event } from '../trace'

/** The task priority register among the x2APIC's MSRs; CR8 is its bits 7:4. */
const X2APIC_TPR: u32 = 0x808

const CR0_DEFINED: u64 =
  B.CR0_PE |
  B.CR0_MP |
  B.CR0_EM |
  B.CR0_TS |
  B.CR0_ET |
  B.CR0_NE |
  B.CR0_WP |
  B.CR0_AM |
  B.CR0_NW |
  B.CR0_CD |
  B.CR0_PG
const CR0_TRANSLATION: u64 = B.CR0_PE | B.CR0_PG | B.CR0_WP
const CR4_TRANSLATION: u64 =
  B.CR4_PSE |
  B.CR4_PAE |
  B.CR4_PGE |
  B.CR4_LA57 |
  B.CR4_PCIDE |
  B.CR4_SMEP |
  B.CR4_SMAP |
  B.CR4_PKE |
  B.CR4_PKS |
  B.CR4_LASS
/** A change of these, or of CR0.PG, makes PAE paging load its top level again. Vol. 3A, 4.4.1. */
const CR4_LOADS_PDPTES: u64 = B.CR4_PSE | B.CR4_PAE | B.CR4_PGE | B.CR4_SMEP
const CR0_LOADS_PDPTES: u64 = B.CR0_CD | B.CR0_NW
const CR3_NO_FLUSH: u64 = 1 << 63

function next(cpu: usize): i32 {
  updateMode(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

export function movToCr(cpu: usize, cr: u32, value: u64): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  switch (cr) {
    case 0:
      return writeCr0(cpu, value)
    case 2:
      store<u64>(cpu, value, L.CR2)
      return CONTINUE
    case 3:
      return writeCr3(cpu, value)
    case 4:
      return writeCr4(cpu, value)
    case 8:
      return writeCr8(cpu, value)
    default:
      return raiseUd(cpu)
  }
}

export function movFromCr(cpu: usize, cr: u32, gpr: u32): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  switch (cr) {
    case 0:
      setGpr(cpu, gpr, load<u64>(cpu, L.CR0))
      return CONTINUE
    case 2:
      setGpr(cpu, gpr, load<u64>(cpu, L.CR2))
      return CONTINUE
    case 3:
      setGpr(cpu, gpr, load<u64>(cpu, L.CR3))
      return CONTINUE
    case 4:
      setGpr(cpu, gpr, load<u64>(cpu, L.CR4))
      return CONTINUE
    case 8:
      setGpr(cpu, gpr, load<u64>(cpu, L.CR8))
      return CONTINUE
    default:
      return raiseUd(cpu)
  }
}

function writeCr0(cpu: usize, value: u64): i32 {
  if (value >> 32) return raiseGp(cpu, 0)
  const old = load<u64>(cpu, L.CR0)
  const cr0 = (value & CR0_DEFINED) | B.CR0_ET
  const pages = (cr0 & B.CR0_PG) != 0
  if (pages && !(cr0 & B.CR0_PE)) return raiseGp(cpu, 0)
  if (cr0 & B.CR0_NW && !(cr0 & B.CR0_CD)) return raiseGp(cpu, 0)
  if (pages && !(old & B.CR0_PG)) {
    if (enablePaging(cpu)) return EXCEPTION
  } else if (pages && (cr0 ^ old) & CR0_LOADS_PDPTES) {
    if (usesPdptes(cpu, load<u64>(cpu, L.CR4)) && loadPdptes(cpu, load<u64>(cpu, L.CR3))) return EXCEPTION
  } else if (!pages && old & B.CR0_PG) {
    // 64-bit code cannot live without paging, nor can PCIDs.
    if (mode64(cpu) || cr4Has(cpu, B.CR4_PCIDE)) return raiseGp(cpu, 0)
    store<u64>(cpu, load<u64>(cpu, L.EFER) & ~B.EFER_LMA, L.EFER)
  }
  store<u64>(cpu, cr0, L.CR0)
  event(cpu, EVENT_CR_WRITE, 0, cr0)
  if ((cr0 ^ old) & CR0_TRANSLATION) flushTlb(cpu)
  return next(cpu)
}

/** CR0.PG 0 → 1: into IA-32e mode when EFER.LME is set. Vol. 3A, 10.8.5. */
function enablePaging(cpu: usize): i32 {
  if (!eferHas(cpu, B.EFER_LME))
    return cr4Has(cpu, B.CR4_PAE) ? loadPdptes(cpu, load<u64>(cpu, L.CR3)) : CONTINUE
  if (!cr4Has(cpu, B.CR4_PAE) || segAttributes(cpu, L.CS) & B.DESC_L) return raiseGp(cpu, 0)
  store<u64>(cpu, load<u64>(cpu, L.EFER) | B.EFER_LMA, L.EFER)
  return CONTINUE
}

/** PAE paging reads its four top entries when CR3 is loaded, not during walks. Vol. 3A, 4.4.1. */
function loadPdptes(cpu: usize, cr3: u64): i32 {
  const table = throughA20(cpu, cr3 & 0xffff_ffe0)
  for (let i: u32 = 0; i < 4; i++) {
    const entry = readPhysical(cpu, table + i * 8, 8)
    if (entry & ENTRY_P && entry & PDPTE_PAE_RESERVED) return raiseGp(cpu, 0)
  }
  for (let i: u32 = 0; i < 4; i++) {
    store<u64>(cpu + PDPTE + <usize>i * 8, readPhysical(cpu, table + i * 8, 8))
  }
  return CONTINUE
}

function usesPdptes(cpu: usize, cr4: u64): bool {
  return (load<u64>(cpu, L.CR0) & B.CR0_PG) != 0 && (cr4 & B.CR4_PAE) != 0 && !longMode(cpu)
}

function writeCr3(cpu: usize, value: u64): i32 {
  return loadCr3(cpu, value) ? EXCEPTION : next(cpu)
}

/** CR3 ← value, with what follows for PDPTEs and TLB. */
export function loadCr3(cpu: usize, value: u64): i32 {
  let cr3 = value
  if (cr4Has(cpu, B.CR4_PCIDE)) cr3 &= ~CR3_NO_FLUSH
  if (longMode(cpu) ? cr3 >> PHYSICAL_BITS : cr3 >> 32) return raiseGp(cpu, 0)
  if (usesPdptes(cpu, load<u64>(cpu, L.CR4)) && loadPdptes(cpu, cr3)) return EXCEPTION
  store<u64>(cpu, cr3, L.CR3)
  event(cpu, EVENT_CR_WRITE, 3, cr3)
  count(cpu, cr4Has(cpu, B.CR4_PCIDE) && value & CR3_NO_FLUSH ? COUNT_CR3_KEEP : COUNT_CR3_FLUSH)
  // The TLB keeps no PCIDs, so a switch always drops; dropping more than asked is allowed.
  flushNonGlobal(cpu)
  return CONTINUE
}

function writeCr4(cpu: usize, value: u64): i32 {
  const old = load<u64>(cpu, L.CR4)
  // What the model does not have is reserved.
  if (value & ~load<u64>(cpu, L.CR4_WRITABLE)) return raiseGp(cpu, 0)
  if (longMode(cpu) && !(value & B.CR4_PAE)) return raiseGp(cpu, 0)
  if (value & ~old & B.CR4_PCIDE && (!longMode(cpu) || load<u64>(cpu, L.CR3) & 0xfff)) return raiseGp(cpu, 0)
  const changed = old ^ value
  if (changed & B.CR4_LA57 && longMode(cpu)) return raiseGp(cpu, 0)
  // FRED is switched by 64-bit code only.
  if (changed & B.CR4_FRED && !mode64(cpu)) return raiseGp(cpu, 0)
  if (changed & CR4_LOADS_PDPTES && usesPdptes(cpu, value) && loadPdptes(cpu, load<u64>(cpu, L.CR3)))
    return EXCEPTION
  store<u64>(cpu, value, L.CR4)
  event(cpu, EVENT_CR_WRITE, 4, value)
  if (changed & CR4_TRANSLATION) flushTlb(cpu)
  return next(cpu)
}

function writeCr8(cpu: usize, value: u64): i32 {
  if (value > 15) return raiseGp(cpu, 0)
  store<u64>(cpu, value, L.CR8)
  event(cpu, EVENT_CR_WRITE, 8, value)
  apicWrite(cpu, X2APIC_TPR, value << 4)
  return next(cpu)
}

/** LMSW: the low four bits of CR0; PE can be set but not cleared. */
export function lmsw(cpu: usize, value: u32): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const old = load<u64>(cpu, L.CR0)
  return writeCr0(cpu, (old & ~(B.CR0_MP | B.CR0_EM | B.CR0_TS)) | (value & 15))
}

export function clts(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  store<u64>(cpu, load<u64>(cpu, L.CR0) & ~B.CR0_TS, L.CR0)
  return next(cpu)
}
