/** The leaves of CPUID for a model: what `guest/system/cpuid.ts` looks up. SDM volume 2A, tables 3-8 to 3-11. */
import { featuresOf, writableBits, type CpuModel } from './features.ts'
import { componentsOf, LEGACY_AREA, standardSize } from './xsave-components.ts'

/** One row of the table: six u32 in wasm memory. */
export interface Leaf {
  leaf: number
  subleaf: number
  eax: number
  ebx: number
  ecx: number
  edx: number
}

export const ANY_SUBLEAF = 0xffff_ffff
export const LEAF_BYTES = 24

export const MAX_BASIC_LEAF = 0x16
export const MAX_EXTENDED_LEAF = 0x8000_0008

/** Family 6, model 0x5f, stepping 1: an Intel processor of our own. */
export const SIGNATURE = 0x0005_06f1
const PHYSICAL_BITS = 40
/** Ticks of the time-stamp counter per second: one for each nanosecond of virtual time. */
const TSC_HZ = 1_000_000_000

const text = (value: string, at: number): number =>
  [0, 1, 2, 3].reduce((word, n) => word | ((value.charCodeAt(at + n) || 0) << (8 * n)), 0) >>> 0

/** Deterministic cache parameters: type 1 data, 2 instructions, 3 both; not shared. */
function cache(subleaf: number, type: number, level: number, ways: number, sets: number): Partial<Leaf> {
  return {
    leaf: 4,
    subleaf,
    eax: type | (level << 5) | (1 << 8),
    ebx: ((ways - 1) << 22) | (64 - 1),
    ecx: sets - 1,
  }
}

const fixed: readonly Partial<Leaf>[] = [
  // GenuineIntel
  { leaf: 0, eax: MAX_BASIC_LEAF, ebx: 0x756e_6547, ecx: 0x6c65_746e, edx: 0x4965_6e69 },
  // One logical processor, lines of 64 bytes for CLFLUSH, initial APIC id 0.
  { leaf: 1, eax: SIGNATURE, ebx: (1 << 16) | (8 << 8) },
  // No descriptors: see leaf 4.
  { leaf: 2, eax: 0x00ff_ff01 },
  cache(0, 1, 1, 8, 64),
  cache(1, 2, 1, 8, 64),
  cache(2, 3, 2, 16, 1024),
  { leaf: 6 },
  { leaf: 7, subleaf: 0, eax: 1 },
  { leaf: 7, subleaf: 1 },
  // One thread in the core, one core in the package.
  { leaf: 0xb, subleaf: 0, ebx: 1, ecx: 0x100 },
  { leaf: 0xb, subleaf: 1, ebx: 1, ecx: 0x201 },
  // The TSC is the crystal's clock.
  { leaf: 0x15, eax: 1, ebx: 1, ecx: TSC_HZ },
  { leaf: 0x16, eax: TSC_HZ / 1e6, ebx: TSC_HZ / 1e6, ecx: 100 },
  { leaf: 0x8000_0000, eax: MAX_EXTENDED_LEAF },
  { leaf: 0x8000_0001 },
  // The level 2 cache: 1 MiB, 16 ways, lines of 64 bytes.
  { leaf: 0x8000_0006, ecx: (1024 << 16) | (8 << 12) | 64 },
  { leaf: 0x8000_0007 },
]

/** Three leaves of sixteen characters. */
function brand(name: string): Partial<Leaf>[] {
  return [0, 1, 2].map((n) => ({
    leaf: 0x8000_0002 + n,
    eax: text(name, 16 * n),
    ebx: text(name, 16 * n + 4),
    ecx: text(name, 16 * n + 8),
    edx: text(name, 16 * n + 12),
  }))
}

/** Bits of a physical and of a linear address. */
function addressSizes(model: CpuModel): Partial<Leaf> {
  const linear = featuresOf(model).some(({ name }) => name === 'LA57') ? 57 : 48
  return { leaf: 0x8000_0008, eax: (linear << 8) | PHYSICAL_BITS }
}

/** Leaf 0DH. The sizes that depend on XCR0 and IA32_XSS are the helper's to fill in. */
function stateComponents(model: CpuModel): Partial<Leaf>[] {
  const { xcr0, xss } = writableBits(model)
  if (xcr0 === 0n) return []
  const low = Number(xcr0 & 0xffff_ffffn)
  return [
    { leaf: 0xd, subleaf: 0, eax: low, ebx: LEGACY_AREA, ecx: standardSize(xcr0) },
    { leaf: 0xd, subleaf: 1, ecx: Number(xss & 0xffff_ffffn) },
    ...componentsOf(xcr0 | xss).map(({ number, bytes, offset, supervisor, aligned }) => ({
      leaf: 0xd,
      subleaf: number,
      eax: bytes,
      ebx: offset,
      ecx: Number(supervisor) | (Number(aligned) << 1),
    })),
  ]
}

const empty: Leaf = { leaf: 0, subleaf: ANY_SUBLEAF, eax: 0, ebx: 0, ecx: 0, edx: 0 }

export function leavesOf(model: CpuModel): Leaf[] {
  const name = `onering ${model.split(',')[0]} virtual processor`
  const leaves: Leaf[] = [...fixed, ...brand(name), addressSizes(model), ...stateComponents(model)].map(
    (leaf) => ({
      ...empty,
      ...leaf,
    }),
  )
  for (const { leaf, subleaf, register, bit } of featuresOf(model)) {
    const row = leaves.find(
      (one) => one.leaf === leaf && (one.subleaf === subleaf || one.subleaf === ANY_SUBLEAF),
    )
    if (!row) throw new Error(`leaf ${leaf.toString(16)} has no row`)
    row[register] = (row[register] | (1 << bit)) >>> 0
  }
  return leaves
}
