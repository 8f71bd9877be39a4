/** The Internet checksum (RFC 1071) and the pseudo-header of TCP and UDP (RFC 9293 §3.1, RFC 768). */
import type { Ipv4 } from './address.ts'

/** The sum of big-endian 16-bit words; an odd last byte counts as a high byte. Sums of parts may be added. */
export function sum16(bytes: Uint8Array): number {
  let sum = 0
  const even = bytes.length & ~1
  // 65,535 bytes of 0xff sum to less than 2^31: no folding is needed on the way.
  for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  if (even !== bytes.length) sum += bytes[even]! << 8
  return sum
}

/** Folds a sum into the 16-bit checksum that makes the whole sum to zero. */
export function finish(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 0x10000)
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16)
  return ~folded & 0xffff
}

/** The sum of the pseudo-header that TCP and UDP checksums cover. */
export function pseudoHeaderSum(
  source: Ipv4,
  destination: Ipv4,
  protocol: number,
  lengthBytes: number,
): number {
  return (
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    protocol +
    lengthBytes
  )
}
