/** CPUID: the table of `cpuid-model.ts`, and the few bits that depend on the state. SDM Vol. 2A, CPUID. */
import { APIC_BASE, XCR0 } from '../../layout'
import { CR4_OSXSAVE, CR4_PKE } from '../bits'
import { cr4Has, getGpr, RAX, RBX, RCX, RDX, setGpr32 } from '../state'
import { CONTINUE } from '../status'
import { ANY_SUBLEAF, CPUID_ROWS, MAX_BASIC_LEAF, MAX_EXTENDED_LEAF, ROW_WORDS } from './cpuid-model'

const LEAF1_EDX_APIC: u32 = 1 << 9
const LEAF1_ECX_OSXSAVE: u32 = 1 << 27
const LEAF7_ECX_OSPKE: u32 = 1 << 4
const APIC_ENABLED: u64 = 1 << 11

/** A leaf beyond the last answers like the last basic one. */
function existingLeaf(leaf: u32): u32 {
  if (leaf >= 0x8000_0000) return leaf <= MAX_EXTENDED_LEAF ? leaf : MAX_BASIC_LEAF
  return leaf <= MAX_BASIC_LEAF ? leaf : MAX_BASIC_LEAF
}

function findRow(leaf: u32, subleaf: u32): i32 {
  for (let i = 0; i < CPUID_ROWS.length; i += ROW_WORDS) {
    if (unchecked(CPUID_ROWS[i]) != leaf) continue
    const wanted = unchecked(CPUID_ROWS[i + 1])
    if (wanted == ANY_SUBLEAF || wanted == subleaf) return i
  }
  return -1
}

export function cpuid(cpu: usize): i32 {
  const leaf = existingLeaf(<u32>getGpr(cpu, RAX))
  const subleaf = <u32>getGpr(cpu, RCX)
  const row = findRow(leaf, subleaf)
  let eax: u32 = 0
  let ebx: u32 = 0
  let ecx: u32 = leaf == 0xb ? subleaf & 0xff : 0
  let edx: u32 = 0
  if (row >= 0) {
    eax = unchecked(CPUID_ROWS[row + 2])
    ebx = unchecked(CPUID_ROWS[row + 3])
    ecx = unchecked(CPUID_ROWS[row + 4])
    edx = unchecked(CPUID_ROWS[row + 5])
  }
  if (leaf == 1) {
    if (!(load<u64>(cpu, APIC_BASE) & APIC_ENABLED)) edx &= ~LEAF1_EDX_APIC
    if (cr4Has(cpu, CR4_OSXSAVE)) ecx |= LEAF1_ECX_OSXSAVE
  }
  if (leaf == 7 && subleaf == 0 && cr4Has(cpu, CR4_PKE)) ecx |= LEAF7_ECX_OSPKE
  // Bytes that an XSAVE area needs for the components that are enabled now.
  if (leaf == 0xd && subleaf == 0) ebx = load<u64>(cpu, XCR0) & 4 ? 832 : 576
  setGpr32(cpu, RAX, eax)
  setGpr32(cpu, RBX, ebx)
  setGpr32(cpu, RCX, ecx)
  setGpr32(cpu, RDX, edx)
  return CONTINUE
}
