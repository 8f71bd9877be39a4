/** Network byte order: big-endian loads and stores at any alignment. */

export function read16(pointer: usize): u32 {
  return bswap<u16>(load<u16>(pointer))
}

export function read32(pointer: usize): u32 {
  return bswap<u32>(load<u32>(pointer))
}

/** Six bytes as a number, first byte most significant: a MAC address. */
export function read48(pointer: usize): u64 {
  return ((read16(pointer) as u64) << 32) | read32(pointer + 2)
}

export function write16(pointer: usize, value: u32): void {
  store<u16>(pointer, bswap<u16>(value as u16))
}

export function write32(pointer: usize, value: u32): void {
  store<u32>(pointer, bswap<u32>(value))
}

export function write48(pointer: usize, value: u64): void {
  write16(pointer, (value >> 32) as u32)
  write32(pointer + 2, value as u32)
}
