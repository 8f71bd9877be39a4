/** Why a packet command failed, as REQUEST SENSE says it (SPC-3, 4.5): sense key, additional code and qualifier. */
export interface Sense {
  readonly key: number
  readonly code: number
}

export const NO_SENSE: Sense = { key: 0, code: 0 }
export const MEDIUM_NOT_PRESENT: Sense = { key: 2, code: 0x3a }
export const UNRECOVERED_READ: Sense = { key: 3, code: 0x11 }
export const INVALID_COMMAND: Sense = { key: 5, code: 0x20 }
export const OUT_OF_RANGE: Sense = { key: 5, code: 0x21 }
export const INVALID_FIELD: Sense = { key: 5, code: 0x24 }

/** Fixed format, 18 bytes. */
export function senseData({ key, code }: Sense): Uint8Array {
  const bytes = new Uint8Array(18)
  bytes[0] = 0x70
  bytes[2] = key
  bytes[7] = 10
  bytes[12] = code
  return bytes
}
