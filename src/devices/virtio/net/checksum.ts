/** The Internet checksum (RFC 1071), for what a card computes in place of its driver. */

const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd
const ETHERNET_BYTES = 14
const IPV6_BYTES = 40
const TCP = 6
const UDP = 17

/** Adds the big-endian 16-bit words of `bytes[from … to)` to a sum; an odd last byte counts as the high half of a word. */
export function sumWords(bytes: Uint8Array, from: number, to: number, sum: number = 0): number {
  let i = from
  // The sum stays an exact number for far more than any frame holds.
  for (; i + 1 < to; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  if (i < to) sum += bytes[i]! << 8
  return sum
}

/** Folds a sum to 16 bits, with the carries added back in. */
export function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000)
  return sum
}

/**
 * Completes a checksum as VIRTIO_NET_HDR_F_NEEDS_CSUM asks: the driver has put the sum of the pseudo-header at
 * `start + offset`. False when these lie outside the frame.
 */
export function completeChecksum(frame: Uint8Array, start: number, offset: number): boolean {
  const at = start + offset
  if (at + 2 > frame.length) return false
  const sum = fold(sumWords(frame, start, frame.length)) ^ 0xffff
  // UDP uses 0 for "no checksum"; all ones is the same value in one's complement, and right for TCP too.
  writeU16(frame, at, sum === 0 ? 0xffff : sum)
  return true
}

/** Where the TCP or UDP part of a frame is. */
export interface Transport {
  readonly protocol: number
  readonly isIpv6: boolean
  readonly ipOffset: number
  readonly offset: number
  /** End of the IP packet; the frame may be padded beyond it. */
  readonly end: number
}

/** Finds a whole TCP or UDP packet in a frame; null for anything else, fragments and malformed packets included. */
export function findTransport(frame: Uint8Array): Transport | null {
  if (frame.length < ETHERNET_BYTES + 20) return null
  const type = readU16(frame, 12)
  if (type === ETHERTYPE_IPV4) return findInIpv4(frame)
  return type === ETHERTYPE_IPV6 ? findInIpv6(frame) : null
}

/** The sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1) for a transport part of `length` bytes. */
export function sumPseudoHeader(frame: Uint8Array, transport: Transport, length: number): number {
  const { ipOffset, isIpv6, protocol } = transport
  const [from, to] = isIpv6 ? [ipOffset + 8, ipOffset + 40] : [ipOffset + 12, ipOffset + 20]
  return sumWords(frame, from, to, protocol + length)
}

/** Whether the TCP or UDP checksum of a frame is present and right. */
export function hasValidChecksum(frame: Uint8Array): boolean {
  const transport = findTransport(frame)
  if (transport === null) return false
  const { offset, end, protocol } = transport
  const headerBytes = protocol === TCP ? 20 : 8
  if (offset + headerBytes > end) return false
  if (protocol === UDP) {
    const udpEnd = offset + readU16(frame, offset + 4)
    if (udpEnd !== end || readU16(frame, offset + 6) === 0) return false
  }
  const pseudo = sumPseudoHeader(frame, transport, end - offset)
  return fold(sumWords(frame, offset, end, pseudo)) === 0xffff
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

function findInIpv4(frame: Uint8Array): Transport | null {
  const ipOffset = ETHERNET_BYTES
  const headerBytes = 4 * (frame[ipOffset]! & 0x0f)
  const end = ipOffset + readU16(frame, ipOffset + 2)
  const isFragment = (readU16(frame, ipOffset + 6) & 0x3fff) !== 0
  const protocol = frame[ipOffset + 9]!
  if (frame[ipOffset]! >> 4 !== 4 || headerBytes < 20 || end > frame.length || isFragment) return null
  if (ipOffset + headerBytes > end || (protocol !== TCP && protocol !== UDP)) return null
  return { protocol, isIpv6: false, ipOffset, offset: ipOffset + headerBytes, end }
}

function findInIpv6(frame: Uint8Array): Transport | null {
  const ipOffset = ETHERNET_BYTES
  if (frame.length < ipOffset + IPV6_BYTES || frame[ipOffset]! >> 4 !== 6) return null
  const end = ipOffset + IPV6_BYTES + readU16(frame, ipOffset + 4)
  const protocol = frame[ipOffset + 6]!
  if (end > frame.length || (protocol !== TCP && protocol !== UDP)) return null
  return { protocol, isIpv6: true, ipOffset, offset: ipOffset + IPV6_BYTES, end }
}
