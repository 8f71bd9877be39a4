/** What travels between IOAPIC, devices and local APICs (SDM vol. 3, 11.6 and 11.11). */
export const FIXED = 0
export const LOWEST_PRIORITY = 1
export const SMI = 2
export const NMI = 4
export const INIT = 5
export const STARTUP = 6
export const EXTINT = 7

export interface InterruptMessage {
  readonly destination: number
  readonly isLogical: boolean
  readonly mode: number
  readonly vector: number
  readonly isLevel: boolean
}

/** The window in which a write is an interrupt message. */
export const MSI_BASE = 0xfee0_0000
export const MSI_BYTES = 0x10_0000

/** Reads address and data of a message-signalled interrupt; null when the address is not one. */
export function parseMsi(address: number, data: number): InterruptMessage | null {
  if (address < MSI_BASE || address >= MSI_BASE + MSI_BYTES) return null
  return {
    destination: (address >>> 12) & 0xff,
    isLogical: (address & 0x4) !== 0,
    mode: (data >> 8) & 7,
    vector: data & 0xff,
    isLevel: (data & 0x8000) !== 0,
  }
}
