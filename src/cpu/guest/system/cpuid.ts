/** CPUID: the leaves of the model, which `cpuid/leaves.ts` made and the host put into memory, and the few bits that depend on the state. SDM Vol. 2A, CPUID. */
import * as L from '../../layout'
import { CR4_OSXSAVE, CR4_PKE } from '../bits'
import { cr4Has, getGpr, RAX, RBX, RCX, RDX, setGpr32 } from '../state'
import { CONTINUE } from '../status'
import { areaSize } from './xstate'

const LEAF1_EDX_APIC: u32 = 1 << 9
const LEAF1_ECX_XSAVE: u32 = 1 << 26
const LEAF1_ECX_OSXSAVE: u32 = 1 << 27
const LEAF7_ECX_PKU: u32 = 1 << 3
const LEAF7_ECX_OSPKE: u32 = 1 << 4
const APIC_ENABLED: u64 = 1 << 11
const EXTENDED: u32 = 0x8000_0000
const ANY_SUBLEAF: u32 = 0xffff_ffff

/* A row: leaf, subleaf, EAX, EBX, ECX, EDX, each a u32. */
const ROW_BYTES: usize = 24

/** Address of the row, or 0. */
function findRow(cpu: usize, leaf: u32, subleaf: u32): usize {
  let row: usize = load<u32>(cpu, L.CPUID_TABLE)
  const end = row + load<u32>(cpu, L.CPUID_LEAVES) * ROW_BYTES
  for (; row < end; row += ROW_BYTES) {
    if (load<u32>(row) != leaf) continue
    const wanted = load<u32>(row, 4)
    if (wanted == ANY_SUBLEAF || wanted == subleaf) return row
  }
  return 0
}

/** The highest leaf of a range, which its first leaf says in EAX. */
function highest(cpu: usize, first: u32): u32 {
  const row = findRow(cpu, first, 0)
  return row ? load<u32>(row, 8) : 0
}

/** A leaf beyond the last answers like the last basic one. */
function existingLeaf(cpu: usize, leaf: u32): u32 {
  const isExtended = leaf >= EXTENDED && leaf <= highest(cpu, EXTENDED)
  const basic = highest(cpu, 0)
  return isExtended || leaf <= basic ? leaf : basic
}

/** Whether the model has a bit (`mask`) in a register (RAX … RBX by their numbers) of a leaf. */
export function hasFeature(cpu: usize, leaf: u32, subleaf: u32, register: u32, mask: u32): bool {
  const row = findRow(cpu, leaf, subleaf)
  if (!row) return false
  const place: usize = register == RAX ? 8 : register == RBX ? 12 : register == RCX ? 16 : 20
  return (load<u32>(row + place) & mask) != 0
}

export function cpuid(cpu: usize): i32 {
  const leaf = existingLeaf(cpu, <u32>getGpr(cpu, RAX))
  const subleaf = <u32>getGpr(cpu, RCX)
  const row = findRow(cpu, leaf, subleaf)
  let eax: u32 = row ? load<u32>(row, 8) : 0
  let ebx: u32 = row ? load<u32>(row, 12) : 0
  let ecx: u32 = row ? load<u32>(row, 16) : leaf == 0xb ? subleaf & 0xff : 0
  let edx: u32 = row ? load<u32>(row, 20) : 0
  if (leaf == 1) {
    if (!(load<u64>(cpu, L.APIC_BASE) & APIC_ENABLED)) edx &= ~LEAF1_EDX_APIC
    if (ecx & LEAF1_ECX_XSAVE && cr4Has(cpu, CR4_OSXSAVE)) ecx |= LEAF1_ECX_OSXSAVE
  }
  if (leaf == 7 && !subleaf && ecx & LEAF7_ECX_PKU && cr4Has(cpu, CR4_PKE)) ecx |= LEAF7_ECX_OSPKE
  // Bytes that an area needs for the components that are enabled now, in the standard and in the compacted format.
  if (leaf == 0xd && row) {
    const user = load<u64>(cpu, L.XCR0)
    if (subleaf == 0) ebx = areaSize(user, false)
    if (subleaf == 1) ebx = areaSize(user | load<u64>(cpu, L.XSS), true)
  }
  setGpr32(cpu, RAX, eax)
  setGpr32(cpu, RBX, ebx)
  setGpr32(cpu, RCX, ecx)
  setGpr32(cpu, RDX, edx)
  return CONTINUE
}
