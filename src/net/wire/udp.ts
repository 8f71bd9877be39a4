/** UDP (RFC 768). The checksum covers the addresses of the IP header around it. */
import type { Ipv4 } from './address.ts'
import { get16, put16 } from './bytes.ts'
import { finish, pseudoHeaderSum, sum16 } from './checksum.ts'
import { PROTOCOL_UDP } from './ipv4.ts'
import type { Parsed } from './parsed.ts'

export const UDP_HEADER_BYTES = 8

export interface UdpDatagram {
  sourcePort: number
  destinationPort: number
  payload: Uint8Array
}

export function parseUdp(bytes: Uint8Array, source: Ipv4, destination: Ipv4): Parsed<UdpDatagram> {
  if (bytes.length < UDP_HEADER_BYTES) return 'udp: short'
  const length = get16(bytes, 4)
  if (length < UDP_HEADER_BYTES || length > bytes.length) return 'udp: length'
  const whole = bytes.subarray(0, length)
  const sum = pseudoHeaderSum(source, destination, PROTOCOL_UDP, length) + sum16(whole)
  if (get16(bytes, 6) !== 0 && finish(sum) !== 0) return 'udp: checksum'
  if (get16(bytes, 2) === 0) return 'udp: port 0'
  return {
    sourcePort: get16(bytes, 0),
    destinationPort: get16(bytes, 2),
    payload: whole.subarray(UDP_HEADER_BYTES),
  }
}

export function emitUdp(udp: UdpDatagram, source: Ipv4, destination: Ipv4): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_BYTES + udp.payload.length)
  put16(bytes, 0, udp.sourcePort)
  put16(bytes, 2, udp.destinationPort)
  put16(bytes, 4, bytes.length)
  bytes.set(udp.payload, UDP_HEADER_BYTES)
  const checksum = finish(pseudoHeaderSum(source, destination, PROTOCOL_UDP, bytes.length) + sum16(bytes))
  // Zero on the wire says "no checksum"; the other zero of one's complement means the same sum.
  put16(bytes, 6, checksum === 0 ? 0xffff : checksum)
  return bytes
}
