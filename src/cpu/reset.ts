import * as L from './layout.ts'
import { RESUME_RETIRED, SHADOW_RETIRED } from './guest/private.ts'
import { LEAF_BYTES, leavesOf, SIGNATURE } from './cpuid/leaves.ts'
import { writableBits, type CpuModel } from './cpuid/features.ts'
import type { MemoryMap } from './memory-map.ts'

/** Attributes of segments after a reset: present, data or code, accessed; LDTR and TR as the manual gives them. */
const DATA = 0x93
const CODE = 0x9b
const LDT = 0x82
const TSS = 0x8b

/** Fills a zeroed state block with the values after power-on (manual volume 3, table 10-1). */
export function resetState(view: DataView, state: number, map: MemoryMap, model: CpuModel = 'max'): void {
  const u32 = (offset: number, value: number): void => view.setUint32(state + offset, value, true)
  const u64 = (offset: number, value: bigint): void => view.setBigUint64(state + offset, value, true)
  const segment = (
    index: number,
    selector: number,
    base: bigint,
    limit: number,
    attributes: number,
  ): void => {
    const at = L.SEGMENTS + index * L.SEG_SIZE
    u32(at + L.SEG_SELECTOR, selector)
    u32(at + L.SEG_ATTRIBUTES, attributes)
    u64(at + L.SEG_BASE, base)
    u32(at + L.SEG_LIMIT, limit)
  }
  u32(L.RAM_BASE, map.ram)
  u32(L.RAM_SIZE, map.ramSize)
  u32(L.TLB_ARRAYS, map.tlb)
  u32(L.PAGE_FLAGS, map.pageFlags)
  u32(L.BLOCK_TABLE, map.blockTable)

  // What CPUID says in EAX of leaf 1.
  u64(L.GPR + 2 * 8, BigInt(SIGNATURE))
  writeModel(view, state, map, model)
  u64(L.RIP, 0xfff0n)
  for (const boundary of [SHADOW_RETIRED, RESUME_RETIRED]) u64(boundary, 0xffff_ffff_ffff_ffffn)
  u64(L.RFLAGS, 2n)
  u64(L.FLAGS_RESULT, 1n)
  u64(L.CR0, 0x6000_0010n)
  u64(L.XCR0, 1n)
  u64(L.PAT, 0x0007_0406_0007_0406n)
  u64(L.APIC_BASE, 0xfee0_0900n)
  u64(L.MISC_ENABLE, 1n)
  u64(L.DR + 6 * 8, 0xffff_0ff0n)
  u64(L.DR + 7 * 8, 0x400n)
  u32(L.MXCSR, 0x1f80)
  u32(L.FCW, 0x40)
  for (const index of [L.ES, L.SS, L.DS, L.FS, L.GS]) segment(index, 0, 0n, 0xffff, DATA)
  segment(L.CS, 0xf000, 0xffff_0000n, 0xffff, CODE)
  segment(L.LDTR, 0, 0n, 0xffff, LDT)
  segment(L.TR, 0, 0n, 0xffff, TSS)
  for (const table of [L.GDTR, L.IDTR]) {
    u64(table, 0n)
    u32(table + 8, 0xffff)
  }
}

/** The leaves of CPUID, and what may be set in registers that enable features. */
function writeModel(view: DataView, state: number, map: MemoryMap, model: CpuModel): void {
  const leaves = leavesOf(model)
  leaves.forEach(({ leaf, subleaf, eax, ebx, ecx, edx }, n) => {
    const words = [leaf, subleaf, eax, ebx, ecx, edx]
    words.forEach((word, at) => view.setUint32(map.cpuid + n * LEAF_BYTES + 4 * at, word, true))
  })
  view.setUint32(state + L.CPUID_TABLE, map.cpuid, true)
  view.setUint32(state + L.CPUID_LEAVES, leaves.length, true)
  const { cr4, xcr0, xss } = writableBits(model)
  view.setBigUint64(state + L.CR4_WRITABLE, cr4, true)
  view.setBigUint64(state + L.XCR0_WRITABLE, xcr0, true)
  view.setBigUint64(state + L.XSS_WRITABLE, xss, true)
}
