/** Bits of the control registers, RFLAGS, page faults and descriptors, by their names in the SDM. */

/* RFLAGS: Vol. 1, 3.4.3 */
export const CF: u64 = 1 << 0
export const PF: u64 = 1 << 2
export const AF: u64 = 1 << 4
export const ZF: u64 = 1 << 6
export const SF: u64 = 1 << 7
export const TF: u64 = 1 << 8
export const IF: u64 = 1 << 9
export const DF: u64 = 1 << 10
export const OF: u64 = 1 << 11
export const IOPL: u64 = 3 << 12
export const NT: u64 = 1 << 14
export const RF: u64 = 1 << 16
export const VM: u64 = 1 << 17
export const AC: u64 = 1 << 18
export const VIF: u64 = 1 << 19
export const VIP: u64 = 1 << 20
export const ID: u64 = 1 << 21
/** Bit 1 always reads as one. */
export const RFLAGS_FIXED: u64 = 1 << 1
/** The six flags that arithmetic writes and that are kept lazily. */
export const ARITHMETIC_FLAGS: u64 = CF | PF | AF | ZF | SF | OF

/* Control registers: Vol. 3A, 2.5 */
export const CR0_PE: u64 = 1 << 0
export const CR0_MP: u64 = 1 << 1
export const CR0_EM: u64 = 1 << 2
export const CR0_TS: u64 = 1 << 3
export const CR0_ET: u64 = 1 << 4
export const CR0_NE: u64 = 1 << 5
export const CR0_WP: u64 = 1 << 16
export const CR0_AM: u64 = 1 << 18
export const CR0_NW: u64 = 1 << 29
export const CR0_CD: u64 = 1 << 30
export const CR0_PG: u64 = 0x8000_0000

export const CR4_VME: u64 = 1 << 0
export const CR4_PVI: u64 = 1 << 1
export const CR4_TSD: u64 = 1 << 2
export const CR4_DE: u64 = 1 << 3
export const CR4_PSE: u64 = 1 << 4
export const CR4_PAE: u64 = 1 << 5
export const CR4_MCE: u64 = 1 << 6
export const CR4_PGE: u64 = 1 << 7
export const CR4_PCE: u64 = 1 << 8
export const CR4_OSFXSR: u64 = 1 << 9
export const CR4_OSXMMEXCPT: u64 = 1 << 10
export const CR4_UMIP: u64 = 1 << 11
export const CR4_LA57: u64 = 1 << 12
export const CR4_FSGSBASE: u64 = 1 << 16
export const CR4_PCIDE: u64 = 1 << 17
export const CR4_OSXSAVE: u64 = 1 << 18
export const CR4_SMEP: u64 = 1 << 20
export const CR4_SMAP: u64 = 1 << 21
export const CR4_FRED: u64 = 1 << 32
export const CR4_PKE: u64 = 1 << 22
export const CR4_PKS: u64 = 1 << 24
export const CR4_LASS: u64 = 1 << 27

/* IA32_EFER: Vol. 3A, 2.2.1 */
export const EFER_SCE: u64 = 1 << 0
export const EFER_LME: u64 = 1 << 8
export const EFER_LMA: u64 = 1 << 10
export const EFER_NXE: u64 = 1 << 11

/* Descriptor attributes as the state block keeps them: descriptor bits 40–55, right-aligned. Vol. 3A, 3.4.5 */
export const DESC_ACCESSED: u32 = 1 << 0
/** Data: writable. Code: readable. */
export const DESC_RW: u32 = 1 << 1
/** Data: expand-down. Code: conforming. */
export const DESC_DC: u32 = 1 << 2
export const DESC_CODE: u32 = 1 << 3
/** Code or data, as against a system descriptor. */
export const DESC_S: u32 = 1 << 4
export const DESC_DPL_SHIFT: u32 = 5
export const DESC_P: u32 = 1 << 7
export const DESC_L: u32 = 1 << 13
/** Default operation size 32 (code), 32-bit stack pointer (stack). */
export const DESC_DB: u32 = 1 << 14
export const DESC_G: u32 = 1 << 15

/* System descriptor types. Vol. 3A, 3.5 */
export const TYPE_TSS16: u32 = 1
export const TYPE_LDT: u32 = 2
export const TYPE_CALL_GATE16: u32 = 4
export const TYPE_TASK_GATE: u32 = 5
export const TYPE_INTERRUPT_GATE16: u32 = 6
export const TYPE_TRAP_GATE16: u32 = 7
export const TYPE_TSS: u32 = 9
export const TYPE_TSS_BUSY: u32 = 11
export const TYPE_CALL_GATE: u32 = 12
export const TYPE_INTERRUPT_GATE: u32 = 14
export const TYPE_TRAP_GATE: u32 = 15

/* Exception vectors. Vol. 3A, 6.3 */
export const VECTOR_DE: u32 = 0
export const VECTOR_DB: u32 = 1
export const VECTOR_NMI: u32 = 2
export const VECTOR_BP: u32 = 3
export const VECTOR_OF: u32 = 4
export const VECTOR_BR: u32 = 5
export const VECTOR_UD: u32 = 6
export const VECTOR_NM: u32 = 7
export const VECTOR_DF: u32 = 8
export const VECTOR_TS: u32 = 10
export const VECTOR_NP: u32 = 11
export const VECTOR_SS: u32 = 12
export const VECTOR_GP: u32 = 13
export const VECTOR_PF: u32 = 14
export const VECTOR_MF: u32 = 16
export const VECTOR_AC: u32 = 17
export const VECTOR_MC: u32 = 18
export const VECTOR_XM: u32 = 19
export const VECTOR_CP: u32 = 21
