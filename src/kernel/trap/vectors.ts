/** Interrupt vectors: 0–31 belong to the processor (SDM Vol. 3A table 6-1), the rest is ours. */
export const DEBUG: u32 = 1
export const NMI: u32 = 2
export const OVERFLOW: u32 = 4
export const INVALID_OPCODE: u32 = 6
export const DOUBLE_FAULT: u32 = 8
export const GENERAL_PROTECTION: u32 = 13
export const PAGE_FAULT: u32 = 14
export const MACHINE_CHECK: u32 = 18
export const FIRST_DEVICE: u32 = 32

/** Where the two 8259s would deliver, were they not masked. */
export const LEGACY: u32 = 0x20
export const TIMER: u32 = 0x40
export const NETWORK: u32 = 0x41
export const SPURIOUS: u32 = 0xff

/** The manual's name of an exception. */
export function exceptionName(vector: u32): string {
  switch (vector) {
    case 0:
      return '#DE divide error'
    case 1:
      return '#DB debug exception'
    case 2:
      return 'non-maskable interrupt'
    case 3:
      return '#BP breakpoint'
    case 4:
      return '#OF overflow'
    case 5:
      return '#BR bound range exceeded'
    case 6:
      return '#UD invalid opcode'
    case 7:
      return '#NM device not available'
    case 8:
      return '#DF double fault'
    case 10:
      return '#TS invalid TSS'
    case 11:
      return '#NP segment not present'
    case 12:
      return '#SS stack fault'
    case 13:
      return '#GP general protection'
    case 14:
      return '#PF page fault'
    case 16:
      return '#MF x87 error'
    case 17:
      return '#AC alignment check'
    case 18:
      return '#MC machine check'
    case 19:
      return '#XM SIMD floating point'
    default:
      return 'exception'
  }
}
