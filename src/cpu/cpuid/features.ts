/**
 * Everything that CPUID reports as a bit (SDM volume 2A, CPUID; volume 1, chapter 21). One line says where the bit is, which models have it, and what hangs on
 * it: rows of the table of encodings (those that name the feature), bits of CR4 and components of XCR0 and IA32_XSS that may be set. From here follow the leaves
 * that a guest reads, what the decoder refuses, and the checks of control registers.
 */

/** The models, each with all that the ones before it have. `v2` and `v3` are the levels of the x86-64 psABI. */
export const MODELS = ['x86-64-v2', 'x86-64-v3', 'max'] as const
type BaseModel = (typeof MODELS)[number]
/** A model, with features added and taken away by their names: `max,-x2apic`, `x86-64-v2,+pcid`. */
export type CpuModel = BaseModel | `${BaseModel},${string}`

export type CpuidRegister = 'eax' | 'ebx' | 'ecx' | 'edx'

export interface Feature {
  /** As rows name it. */
  readonly name: string
  readonly leaf: number
  readonly subleaf: number
  readonly register: CpuidRegister
  readonly bit: number
  /** The first model that has it. */
  readonly since: BaseModel
  /** Bits that exist in CR4 with this feature. */
  readonly cr4: bigint
  /** State components that exist in XCR0, and in IA32_XSS, with it. */
  readonly xcr0: bigint
  readonly xss: bigint
}

type Effects = Partial<Pick<Feature, 'cr4' | 'xcr0' | 'xss'>>
type Line = readonly [name: string, bit: number, since: 2 | 3 | 'max', effects?: Effects]

const bit = (n: number): bigint => 1n << BigInt(n)

function at(leaf: number, subleaf: number, register: CpuidRegister, lines: readonly Line[]): Feature[] {
  return lines.map(([name, number, since, effects]) => ({
    name,
    leaf,
    subleaf,
    register,
    bit: number,
    since: since === 2 ? 'x86-64-v2' : since === 3 ? 'x86-64-v3' : 'max',
    cr4: 0n,
    xcr0: 0n,
    xss: 0n,
    ...effects,
  }))
}

export const features: readonly Feature[] = [
  ...at(1, 0, 'edx', [
    ['FPU', 0, 2],
    ['VME', 1, 2, { cr4: bit(0) | bit(1) }],
    ['DE', 2, 2, { cr4: bit(3) }],
    ['PSE', 3, 2, { cr4: bit(4) }],
    ['TSC', 4, 2, { cr4: bit(2) }],
    ['MSR', 5, 2],
    ['PAE', 6, 2, { cr4: bit(5) }],
    ['MCE', 7, 2, { cr4: bit(6) }],
    ['CX8', 8, 2],
    ['APIC', 9, 2],
    ['SEP', 11, 2],
    ['MTRR', 12, 2],
    ['PGE', 13, 2, { cr4: bit(7) }],
    ['MCA', 14, 2],
    ['CMOV', 15, 2],
    ['PAT', 16, 2],
    ['PSE36', 17, 2],
    ['CLFSH', 19, 2],
    ['MMX', 23, 2],
    ['FXSR', 24, 2, { cr4: bit(9) | bit(10) }],
    ['SSE', 25, 2],
    ['SSE2', 26, 2],
  ]),
  ...at(1, 0, 'ecx', [
    ['SSE3', 0, 2],
    ['PCLMULQDQ', 1, 'max'],
    ['SSSE3', 9, 2],
    ['FMA', 12, 3],
    ['CX16', 13, 2],
    ['PCID', 17, 3, { cr4: bit(17) }],
    ['SSE4_1', 19, 2],
    ['SSE4_2', 20, 2],
    ['X2APIC', 21, 2],
    ['MOVBE', 22, 3],
    ['POPCNT', 23, 2],
    ['TSC_DEADLINE', 24, 2],
    ['AES', 25, 'max'],
    ['XSAVE', 26, 3, { cr4: bit(18), xcr0: 3n }],
    ['AVX', 28, 3, { xcr0: 4n }],
    ['F16C', 29, 3],
    ['RDRAND', 30, 3],
  ]),
  ...at(6, 0, 'eax', [['ARAT', 2, 2]]),
  ...at(7, 0, 'ebx', [
    ['FSGSBASE', 0, 3, { cr4: bit(16) }],
    ['TSC_ADJUST', 1, 'max'],
    ['BMI1', 3, 3],
    ['AVX2', 5, 3],
    ['FDP_EXCPTN_ONLY', 6, 2],
    ['SMEP', 7, 3, { cr4: bit(20) }],
    ['BMI2', 8, 3],
    ['ERMS', 9, 3],
    ['INVPCID', 10, 3],
    // FCS and FDS are saved as 0.
    ['ZERO_FCS_FDS', 13, 2],
    ['RDSEED', 18, 'max'],
    ['ADX', 19, 'max'],
    ['SMAP', 20, 'max', { cr4: bit(21) }],
    ['CLFLUSHOPT', 23, 'max'],
    ['CLWB', 24, 'max'],
    ['SHA', 29, 'max'],
  ]),
  ...at(7, 0, 'ecx', [
    ['UMIP', 2, 'max', { cr4: bit(11) }],
    ['PKU', 3, 'max', { cr4: bit(22), xcr0: bit(9) }],
    ['VAES', 9, 'max'],
    ['VPCLMULQDQ', 10, 'max'],
    ['LA57', 16, 'max', { cr4: bit(12) }],
    ['RDPID', 22, 'max'],
    ['PKS', 31, 'max', { cr4: bit(24) }],
  ]),
  ...at(7, 0, 'edx', [
    ['FSRM', 4, 'max'],
    // What is not vulnerable says so in IA32_ARCH_CAPABILITIES.
    ['ARCH_CAPABILITIES', 29, 2],
  ]),
  ...at(7, 1, 'eax', [
    ['LASS', 6, 'max', { cr4: bit(27) }],
    ['FRED', 17, 'max', { cr4: bit(32) }],
    ['LKGS', 18, 'max'],
  ]),
  ...at(0xd, 1, 'eax', [
    ['XSAVEOPT', 0, 3],
    ['XSAVEC', 1, 'max'],
    ['XGETBV1', 2, 'max'],
    ['XSAVES', 3, 'max'],
  ]),
  ...at(0x8000_0001, 0, 'ecx', [
    ['LAHF64', 0, 2],
    ['LZCNT', 5, 3],
    ['PREFETCHW', 8, 'max'],
  ]),
  ...at(0x8000_0001, 0, 'edx', [
    ['SYSCALL', 11, 2],
    ['NX', 20, 2],
    ['PAGE1GB', 26, 2],
    ['RDTSCP', 27, 2],
    ['LM', 29, 2],
  ]),
  ...at(0x8000_0007, 0, 'edx', [['INVARIANT_TSC', 8, 2]]),
  ...at(0x8000_0008, 0, 'ebx', [['WBNOINVD', 9, 'max']]),
]

/** RDPMC outside ring 0 has no feature of its own. */
const CR4_PCE = bit(8)

/** What is wrong with the name of a model, or null. */
export function modelError(text: string): string | null {
  const [base, ...changes] = text.split(',')
  if (!MODELS.some((model) => model === base)) return `unknown; choose ${MODELS.join(', ')}`
  for (const change of changes) {
    if (!/^[+-]/.test(change)) return `${change || 'nothing'}: write +feature or -feature`
    if (!features.some(({ name }) => isNamed(name, change.slice(1))))
      return `${change.slice(1)}: no such feature`
  }
  return null
}

/** Names of features are written in either case, with hyphens or underscores: `tsc-deadline`, `sse4_1`. */
function isNamed(name: string, text: string): boolean {
  return name === text.toUpperCase().replaceAll(/[-.]/g, '_')
}

/** The features of a model. */
export function featuresOf(model: CpuModel): Feature[] {
  const [base, ...changes] = model.split(',')
  const level = MODELS.indexOf(base as BaseModel)
  return features.filter(({ name, since }) => {
    const change = changes.findLast((text) => isNamed(name, text.slice(1)))
    return change ? change.startsWith('+') : MODELS.indexOf(since) <= level
  })
}

const union = (list: readonly Feature[], of: (feature: Feature) => bigint): bigint =>
  list.reduce((all, feature) => all | of(feature), 0n)

/** Bits of CR4, XCR0 and IA32_XSS that a guest may set. */
export function writableBits(model: CpuModel): { cr4: bigint; xcr0: bigint; xss: bigint } {
  const list = featuresOf(model)
  return {
    cr4: CR4_PCE | union(list, ({ cr4 }) => cr4),
    xcr0: union(list, ({ xcr0 }) => xcr0),
    xss: union(list, ({ xss }) => xss),
  }
}
