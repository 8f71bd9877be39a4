/** Address resolution of IPv4 over Ethernet (RFC 826). */
import type { Ipv4, Mac } from './address.ts'
import { get16, get32, get48, put16, put32, put48 } from './bytes.ts'
import type { Parsed } from './parsed.ts'

const ARP_BYTES = 28
const HARDWARE_ETHERNET = 1
const PROTOCOL_IPV4 = 0x0800
const operations = ['request', 'reply'] as const

export interface ArpPacket {
  operation: (typeof operations)[number]
  senderMac: Mac
  senderAddress: Ipv4
  targetMac: Mac
  targetAddress: Ipv4
}

export function parseArp(bytes: Uint8Array): Parsed<ArpPacket> {
  if (bytes.length < ARP_BYTES) return 'arp: short'
  if (get16(bytes, 0) !== HARDWARE_ETHERNET || get16(bytes, 2) !== PROTOCOL_IPV4)
    return 'arp: not IPv4 over Ethernet'
  if (bytes[4] !== 6 || bytes[5] !== 4) return 'arp: address length'
  const operation = operations[get16(bytes, 6) - 1]
  if (operation === undefined) return 'arp: operation'
  return {
    operation,
    senderMac: get48(bytes, 8),
    senderAddress: get32(bytes, 14),
    targetMac: get48(bytes, 18),
    targetAddress: get32(bytes, 24),
  }
}

export function emitArp(arp: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP_BYTES)
  put16(bytes, 0, HARDWARE_ETHERNET)
  put16(bytes, 2, PROTOCOL_IPV4)
  bytes[4] = 6
  bytes[5] = 4
  put16(bytes, 6, operations.indexOf(arp.operation) + 1)
  put48(bytes, 8, arp.senderMac)
  put32(bytes, 14, arp.senderAddress)
  put48(bytes, 18, arp.targetMac)
  put32(bytes, 24, arp.targetAddress)
  return bytes
}
