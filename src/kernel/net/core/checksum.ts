/**
 * The Internet checksum (RFC 1071), summed 64 bits at a time. One's-complement addition does not mind the byte order, so
 * bytes are added as little-endian words and only the folded result is swapped.
 */

/** Adds `length` bytes to a running sum. The bytes must start at an even offset of what is summed. */
export function checksumAdd(sum: u64, data: usize, length: u32): u64 {
  let low: u64 = 0
  let high: u64 = 0
  let pointer = data
  let end = data + (length & ~31)
  while (pointer < end) {
    const a = load<u64>(pointer)
    const b = load<u64>(pointer, 8)
    const c = load<u64>(pointer, 16)
    const d = load<u64>(pointer, 24)
    low += (a & 0xffffffff) + (b & 0xffffffff) + (c & 0xffffffff) + (d & 0xffffffff)
    high += (a >> 32) + (b >> 32) + (c >> 32) + (d >> 32)
    pointer += 32
  }
  end = data + (length & ~7)
  while (pointer < end) {
    const a = load<u64>(pointer)
    low += a & 0xffffffff
    high += a >> 32
    pointer += 8
  }
  if (length & 4) {
    low += load<u32>(pointer)
    pointer += 4
  }
  if (length & 2) {
    low += load<u16>(pointer)
    pointer += 2
  }
  if (length & 1) low += load<u8>(pointer)
  return sum + low + high
}

/** The sum of the pseudo-header of TCP and UDP (RFC 9293 section 3.1, RFC 768); `length` is that of header and data. */
export function checksumPseudo(source: u32, destination: u32, protocol: u32, length: u32): u64 {
  return (
    (bswap<u32>(source) as u64) +
    bswap<u32>(destination) +
    (((protocol as u64) << 8) + bswap<u16>(length as u16))
  )
}

/** Folds a sum to 16 bits, in the byte order in which it lies in memory: store it with a plain `store<u16>`. */
export function checksumFold(sum: u64): u32 {
  let folded = (sum & 0xffffffff) + (sum >> 32)
  folded = (folded & 0xffff) + ((folded >> 16) & 0xffff) + (folded >> 32)
  folded = (folded & 0xffff) + (folded >> 16)
  folded = (folded & 0xffff) + (folded >> 16)
  return folded as u32
}

/** The checksum field for a sum that covers everything but the field itself. */
export function checksumFinish(sum: u64): u32 {
  return ~checksumFold(sum) & 0xffff
}

/** Whether a sum that covers the checksum field too says that nothing is damaged. */
export function checksumOk(sum: u64): bool {
  return checksumFold(sum) == 0xffff
}
