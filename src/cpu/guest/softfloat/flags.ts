/** Exceptions of floating point, at the places that FSW and MXCSR give them. SDM Vol. 1, 4.9.1. */
export const IE: u32 = 1 << 0
export const DE: u32 = 1 << 1
export const ZE: u32 = 1 << 2
export const OE: u32 = 1 << 3
export const UE: u32 = 1 << 4
export const PE: u32 = 1 << 5
export const EXCEPTIONS: u32 = 0x3f
/** Those found in the operands. Unmasked, they keep the operation from being done, and hide what rounding would have found. */
export const BEFORE: u32 = IE | DE | ZE

/** What the instruction has found so far; scratch of one call. */
export let raised: u32 = 0

export function signal(flags: u32): void {
  raised |= flags
}

export function setRaised(value: u32): void {
  raised = value
}
