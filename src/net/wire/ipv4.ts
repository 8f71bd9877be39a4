/** The IPv4 header (RFC 791, RFC 6864 for the identification). */
import type { Ipv4 } from './address.ts'
import { get16, get32, noBytes, put16, put32 } from './bytes.ts'
import { finish, sum16 } from './checksum.ts'
import type { Parsed } from './parsed.ts'

export const IPV4_HEADER_BYTES = 20
export const PROTOCOL_ICMP = 1
export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000

export interface Ipv4Packet {
  source: Ipv4
  destination: Ipv4
  protocol: number
  /** Hops left, 0 to 255. */
  ttl: number
  /** Names the datagram that a fragment belongs to. */
  identification: number
  dontFragment: boolean
  moreFragments: boolean
  /** Place of the payload in the datagram, in bytes; a multiple of 8. */
  fragmentOffset: number
  /** Differentiated services (6 bits) and congestion notification (2 bits). */
  trafficClass: number
  /** Raw options, a multiple of 4 bytes, at most 40. */
  options: Uint8Array
  payload: Uint8Array
}

/** A whole datagram with the usual header, to be changed where it differs. */
export function datagram(source: Ipv4, destination: Ipv4, protocol: number, payload: Uint8Array): Ipv4Packet {
  return {
    source,
    destination,
    protocol,
    ttl: 64,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    trafficClass: 0,
    options: noBytes,
    payload,
  }
}

/** Bytes after the packet's total length are padding and are left out. */
export function parseIpv4(bytes: Uint8Array): Parsed<Ipv4Packet> {
  if (bytes.length < IPV4_HEADER_BYTES) return 'ipv4: short'
  if (bytes[0]! >>> 4 !== 4) return 'ipv4: version'
  const headerBytes = (bytes[0]! & 15) * 4
  const totalBytes = get16(bytes, 2)
  if (headerBytes < IPV4_HEADER_BYTES || headerBytes > totalBytes) return 'ipv4: header length'
  if (totalBytes > bytes.length) return 'ipv4: truncated'
  if (finish(sum16(bytes.subarray(0, headerBytes))) !== 0) return 'ipv4: checksum'
  const fragmentField = get16(bytes, 6)
  const fragmentOffset = (fragmentField & 0x1fff) * 8
  const payload = bytes.subarray(headerBytes, totalBytes)
  const moreFragments = (fragmentField & MORE_FRAGMENTS) !== 0
  if (fragmentOffset + payload.length > 65_535 - headerBytes) return 'ipv4: fragment beyond 65535'
  if (moreFragments && (payload.length === 0 || payload.length % 8 !== 0)) return 'ipv4: fragment length'
  return {
    source: get32(bytes, 12),
    destination: get32(bytes, 16),
    protocol: bytes[9]!,
    ttl: bytes[8]!,
    identification: get16(bytes, 4),
    dontFragment: (fragmentField & DONT_FRAGMENT) !== 0,
    moreFragments,
    fragmentOffset,
    trafficClass: bytes[1]!,
    options: bytes.subarray(IPV4_HEADER_BYTES, headerBytes),
    payload,
  }
}

export function emitIpv4(packet: Ipv4Packet): Uint8Array {
  const headerBytes = IPV4_HEADER_BYTES + packet.options.length
  const bytes = new Uint8Array(headerBytes + packet.payload.length)
  bytes[0] = 0x40 | (headerBytes / 4)
  bytes[1] = packet.trafficClass
  put16(bytes, 2, bytes.length)
  put16(bytes, 4, packet.identification)
  const flags = (packet.dontFragment ? DONT_FRAGMENT : 0) | (packet.moreFragments ? MORE_FRAGMENTS : 0)
  put16(bytes, 6, flags | (packet.fragmentOffset / 8))
  bytes[8] = packet.ttl
  bytes[9] = packet.protocol
  put32(bytes, 12, packet.source)
  put32(bytes, 16, packet.destination)
  bytes.set(packet.options, IPV4_HEADER_BYTES)
  put16(bytes, 10, finish(sum16(bytes.subarray(0, headerBytes))))
  bytes.set(packet.payload, headerBytes)
  return bytes
}

/**
 * Cuts a packet into pieces that fit `mtuBytes` (at least 68, RFC 791). Of the options, which we only ever receive,
 * all are kept in each piece. A packet that fits comes back alone and unchanged.
 */
export function fragment(packet: Ipv4Packet, mtuBytes: number): Ipv4Packet[] {
  const room = mtuBytes - IPV4_HEADER_BYTES - packet.options.length
  if (packet.payload.length <= room) return [packet]
  const step = room & ~7
  const pieces: Ipv4Packet[] = []
  for (let at = 0; at < packet.payload.length; at += step) {
    const payload = packet.payload.subarray(at, at + step)
    const last = at + step >= packet.payload.length
    pieces.push({
      ...packet,
      payload,
      fragmentOffset: packet.fragmentOffset + at,
      moreFragments: packet.moreFragments || !last,
    })
  }
  return pieces
}
