/**
 * The paging-structure formats as data: how many levels, how wide an index, which bits are reserved.
 * SDM Vol. 3A, 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level and 5-level).
 */
import { CR0_PG, CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA, EFER_NXE } from '../bits'
import { cr0Has, cr4Has, eferHas } from '../state'

export const PAGING_NONE: u32 = 0
export const PAGING_32BIT: u32 = 1
export const PAGING_PAE: u32 = 2
export const PAGING_4LEVEL: u32 = 3
export const PAGING_5LEVEL: u32 = 4

/** MAXPHYADDR, as CPUID leaf 80000008H reports it. */
export const PHYSICAL_BITS: u64 = 40

/** Bits of an entry. */
export const ENTRY_P: u64 = 1 << 0
export const ENTRY_RW: u64 = 1 << 1
export const ENTRY_US: u64 = 1 << 2
export const ENTRY_A: u64 = 1 << 5
export const ENTRY_D: u64 = 1 << 6
export const ENTRY_PS: u64 = 1 << 7
export const ENTRY_G: u64 = 1 << 8
export const ENTRY_XD: u64 = 1 << 63

/** Bits 51:12. */
export const ADDRESS_MASK: u64 = ((1 << 52) - 1) & ~0xfff

const ABOVE_PHYSICAL: u64 = ((1 << 52) - 1) & ~((1 << PHYSICAL_BITS) - 1)
/** PAE has no ignored bits above the address, 4- and 5-level paging ignore bits 62:52, of which 62:59 may be a protection key. */
const ABOVE_PHYSICAL_PAE: u64 = ~((1 << PHYSICAL_BITS) - 1) & ~ENTRY_XD
const PDPTE_1G_RESERVED: u64 = 0x3fff_e000
const PDE_2M_RESERVED: u64 = 0x001f_e000
/** 4 MiB pages take address bits 39:32 from bits 20:13 (PSE-36); bit 21 is reserved. */
const PDE_4M_RESERVED: u64 = 1 << 21
/** PAE's PDPTE registers: bits 2:1, 8:5 and 63:MAXPHYADDR. 4.4.1. */
export const PDPTE_PAE_RESERVED: u64 = 0x1e6 | ~((1 << PHYSICAL_BITS) - 1)

export function pagingFormat(cpu: usize): u32 {
  if (!cr0Has(cpu, CR0_PG)) return PAGING_NONE
  if (eferHas(cpu, EFER_LMA)) return cr4Has(cpu, CR4_LA57) ? PAGING_5LEVEL : PAGING_4LEVEL
  return cr4Has(cpu, CR4_PAE) ? PAGING_PAE : PAGING_32BIT
}

/** The level at which a walk begins; PAE begins below the registers that hold its top level. */
export function topLevel(format: u32): u32 {
  return format >= PAGING_4LEVEL ? format + 1 : 2
}

/** Whether an entry of this level that has PS set maps a page. */
export function mapsPage(cpu: usize, format: u32, level: u32, entry: u64): bool {
  if (level == 1) return true
  if (!(entry & ENTRY_PS)) return false
  if (format == PAGING_32BIT) return cr4Has(cpu, CR4_PSE)
  return level == 2 || (level == 3 && format >= PAGING_4LEVEL)
}

/** The bits that must be zero in a present entry of this level. */
export function reservedBits(cpu: usize, format: u32, level: u32, isPage: bool): u64 {
  if (format == PAGING_32BIT) return isPage && level == 2 ? PDE_4M_RESERVED : 0
  let reserved = format == PAGING_PAE ? ABOVE_PHYSICAL_PAE : ABOVE_PHYSICAL
  if (!eferHas(cpu, EFER_NXE)) reserved |= ENTRY_XD
  if (level >= 4) return reserved | ENTRY_PS
  if (level == 1 || !isPage) return reserved
  return reserved | (level == 3 ? PDPTE_1G_RESERVED : PDE_2M_RESERVED)
}
