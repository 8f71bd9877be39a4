/** Which MSRs of the range 800H – 8FFH exist in x2APIC mode, and what they take. SDM Vol. 3A, table 11-6. */

/* Offsets from 800H, one bit each: 00 – 1F and 20 – 3F. LVTs and initial count are 32 – 38, the current count 39. */
const READ_LOW: u32 =
  (1 << 0x02) | (1 << 0x03) | (1 << 0x08) | (1 << 0x0a) | (1 << 0x0d) | (1 << 0x0f) | 0xffff_0000
const READ_HIGH: u32 = 0xff | (1 << 0x08) | (1 << 0x10) | 0x03fc_0000 | (1 << 0x1e)
const WRITE_LOW: u32 = (1 << 0x08) | (1 << 0x0b) | (1 << 0x0f)
const WRITE_HIGH: u32 = (1 << 0x08) | (1 << 0x10) | 0x01fc_0000 | (1 << 0x1e) | (1 << 0x1f)

const FIRST: u32 = 0x800
const TPR: u32 = 0x808
const SELF_IPI: u32 = 0x83f
const EOI: u32 = 0x80b
const ESR: u32 = 0x828
const ICR: u32 = 0x830

function has(low: u32, high: u32, msr: u32): bool {
  const offset = msr - FIRST
  if (offset > 0x3f) return false
  return (((offset < 32 ? low : high) >> (offset & 31)) & 1) != 0
}

export function isReadable(msr: u32): bool {
  return has(READ_LOW, READ_HIGH, msr)
}

/** Registers have 32 bits but for the ICR; EOI and ESR take only zero. */
export function isWritable(msr: u32, value: u64): bool {
  if (!has(WRITE_LOW, WRITE_HIGH, msr)) return false
  if (msr == EOI || msr == ESR) return value == 0
  if (msr == TPR || msr == SELF_IPI) return value >> 8 == 0
  return msr == ICR || value >> 32 == 0
}
