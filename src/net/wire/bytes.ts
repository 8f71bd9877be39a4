/** Big-endian fields of a byte array. The caller has checked the bounds; a missing byte would read as 0. */

export function get16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}

export function get32(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset) * 0x10000 + get16(bytes, offset + 2)
}

export function get48(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset) * 0x1_0000_0000 + get32(bytes, offset + 2)
}

export function put16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

export function put32(bytes: Uint8Array, offset: number, value: number): void {
  put16(bytes, offset, value >>> 16)
  put16(bytes, offset + 2, value)
}

export function put48(bytes: Uint8Array, offset: number, value: number): void {
  put16(bytes, offset, Math.floor(value / 0x1_0000_0000))
  put32(bytes, offset + 2, value % 0x1_0000_0000)
}

/** The parts one after the other, in an array of their own. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** The shared empty array. */
export const noBytes: Uint8Array = new Uint8Array(0)
