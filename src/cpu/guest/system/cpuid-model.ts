/**
 * The processor that CPUID describes: an Intel family 6 model of our own, with the features that work here and no others.
 * A row is { leaf, subleaf, EAX, EBX, ECX, EDX }. SDM Vol. 2A, tables 3-8, 3-10 and 3-11.
 */

const LEAF1_ECX: u32 =
  (1 << 0) | // SSE3
  (1 << 9) | // SSSE3
  (1 << 13) | // CMPXCHG16B
  (1 << 17) | // PCID
  (1 << 19) | // SSE4.1
  (1 << 20) | // SSE4.2
  (1 << 21) | // x2APIC
  (1 << 22) | // MOVBE
  (1 << 23) | // POPCNT
  (1 << 24) | // TSC deadline timer
  (1 << 26) | // XSAVE
  (1 << 30) // RDRAND

const LEAF1_EDX: u32 =
  (1 << 0) | // FPU
  (1 << 1) | // VME
  (1 << 2) | // DE
  (1 << 3) | // PSE
  (1 << 4) | // TSC
  (1 << 5) | // MSR
  (1 << 6) | // PAE
  (1 << 7) | // MCE
  (1 << 8) | // CMPXCHG8B
  (1 << 9) | // APIC
  (1 << 11) | // SYSENTER
  (1 << 12) | // MTRR
  (1 << 13) | // PGE
  (1 << 14) | // MCA
  (1 << 15) | // CMOV
  (1 << 16) | // PAT
  (1 << 17) | // PSE-36
  (1 << 19) | // CLFLUSH
  (1 << 23) | // MMX
  (1 << 24) | // FXSAVE
  (1 << 25) | // SSE
  (1 << 26) // SSE2

const LEAF7_EBX: u32 =
  (1 << 0) | // FSGSBASE
  (1 << 3) | // BMI1
  (1 << 7) | // SMEP
  (1 << 8) | // BMI2
  (1 << 9) | // fast REP MOVSB, STOSB
  (1 << 10) | // INVPCID
  (1 << 18) | // RDSEED
  (1 << 19) | // ADX
  (1 << 20) | // SMAP
  (1 << 23) | // CLFLUSHOPT
  (1 << 24) // CLWB
const LEAF7_ECX: u32 =
  (1 << 2) | // UMIP
  (1 << 3) | // PKU
  (1 << 16) | // LA57
  (1 << 31) | // PKS
  (1 << 22) // RDPID

const EXTENDED1_ECX: u32 =
  (1 << 0) | // LAHF in 64-bit mode
  (1 << 5) | // LZCNT
  (1 << 8) // PREFETCHW
const EXTENDED1_EDX: u32 =
  (1 << 11) | // SYSCALL
  (1 << 20) | // NX
  (1 << 26) | // 1 GiB pages
  (1 << 27) | // RDTSCP
  (1 << 29) // long mode

/** Family 6, model 0x5f, stepping 1. */
const SIGNATURE: u32 = 0x0005_06f1
/** One logical processor, CLFLUSH line of 64 bytes, initial APIC id 0. */
const LEAF1_EBX: u32 = (1 << 16) | (8 << 8)
/** 57-bit linear and 40-bit physical addresses. */
const ADDRESS_SIZES: u32 = (57 << 8) | 40
/** Ticks per second: one for each nanosecond of virtual time. */
const TSC_HZ: u32 = 1_000_000_000

export const MAX_BASIC_LEAF: u32 = 0x16
export const MAX_EXTENDED_LEAF: u32 = 0x8000_0008
export const ANY_SUBLEAF: u32 = 0xffff_ffff
export const ROW_WORDS: i32 = 6

// prettier-ignore
export const CPUID_ROWS: StaticArray<u32> = [
  0, ANY_SUBLEAF, MAX_BASIC_LEAF, 0x756e_6547, 0x6c65_746e, 0x4965_6e69, // GenuineIntel
  1, ANY_SUBLEAF, SIGNATURE, LEAF1_EBX, LEAF1_ECX, LEAF1_EDX,
  7, 0, 1, LEAF7_EBX, LEAF7_ECX, 1 << 4, // EDX: fast short REP MOVSB
  7, 1, 1 << 6, 0, 0, 0, // LASS
  0xb, 0, 0, 1, 0x100, 0, // one thread per core
  0xb, 1, 0, 1, 0x201, 0, // one core per package
  0xd, 0, 3, 576, 576, 0, // XCR0 may hold x87 and SSE; EBX follows XCR0
  0xd, 1, 1, 0, 0, 0, // XSAVEOPT
  0x15, ANY_SUBLEAF, 1, 1, TSC_HZ, 0, // TSC = crystal × 1 / 1
  0x16, ANY_SUBLEAF, 1000, 1000, 100, 0, // MHz
  0x8000_0000, ANY_SUBLEAF, MAX_EXTENDED_LEAF, 0, 0, 0,
  0x8000_0001, ANY_SUBLEAF, 0, 0, EXTENDED1_ECX, EXTENDED1_EDX,
  0x8000_0002, ANY_SUBLEAF, 0x7265_6e6f, 0x2067_6e69, 0x2d36_3878, 0x5620_3436, // onering x86-64 V
  0x8000_0003, ANY_SUBLEAF, 0x7574_7269, 0x5020_6c61, 0x6563_6f72, 0x726f_7373, // irtual Processor
  0x8000_0004, ANY_SUBLEAF, 0, 0, 0, 0,
  0x8000_0007, ANY_SUBLEAF, 0, 0, 0, 1 << 8, // invariant TSC
  0x8000_0008, ANY_SUBLEAF, ADDRESS_SIZES, 0, 0, 0,
]
