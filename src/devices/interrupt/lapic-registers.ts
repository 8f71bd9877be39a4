/** Registers of the local APIC by number: MMIO offset / 16, and MSR − 0x800 (SDM vol. 3, tables 11-1 and 11-6). */
export const ID = 0x02
export const VERSION = 0x03
export const TPR = 0x08
export const APR = 0x09
export const PPR = 0x0a
export const EOI = 0x0b
export const LDR = 0x0d
export const DFR = 0x0e
export const SVR = 0x0f
export const ISR = 0x10
export const TMR = 0x18
export const IRR = 0x20
export const ESR = 0x28
export const LVT_CMCI = 0x2f
export const ICR_LOW = 0x30
export const ICR_HIGH = 0x31
export const LVT_TIMER = 0x32
export const LVT_THERMAL = 0x33
export const LVT_PERFORMANCE = 0x34
export const LVT_LINT0 = 0x35
export const LVT_LINT1 = 0x36
export const LVT_ERROR = 0x37
export const INITIAL_COUNT = 0x38
export const CURRENT_COUNT = 0x39
export const DIVIDE = 0x3e
export const SELF_IPI = 0x3f

export const LVT_MASKED = 0x1_0000
export const SVR_ENABLED = 0x100
export const ESR_SEND_ILLEGAL = 0x20
export const ESR_RECEIVE_ILLEGAL = 0x40
export const ESR_ILLEGAL_REGISTER = 0x80

/** Writable bits of each entry of the local vector table. */
export const LVT_BITS: ReadonlyMap<number, number> = new Map([
  [LVT_TIMER, 0x7_00ff],
  [LVT_THERMAL, 0x1_07ff],
  [LVT_PERFORMANCE, 0x1_07ff],
  [LVT_LINT0, 0x1_a7ff],
  [LVT_LINT1, 0x1_a7ff],
  [LVT_ERROR, 0x1_00ff],
])

export const MSR_APIC_BASE = 0x1b
export const MSR_TSC_DEADLINE = 0x6e0
export const MSR_X2APIC = 0x800
export const MSR_X2APIC_ICR = 0x830

export const BASE_BSP = 0x100
export const BASE_X2APIC = 0x400
export const BASE_ENABLE = 0x800
