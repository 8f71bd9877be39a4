/** Ethernet II (RFC 894): destination, source, type, payload. No VLAN tags, no FCS. */
import { ETHERNET_HEADER_BYTES } from '../link.ts'
import type { Mac } from './address.ts'
import { get16, get48, put16, put48 } from './bytes.ts'
import type { Parsed } from './parsed.ts'

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806
export const ETHERTYPE_IPV6 = 0x86dd

export interface EthernetFrame {
  destination: Mac
  source: Mac
  /** At least 0x600: smaller values are IEEE 802.3 lengths. */
  type: number
  /** May end in padding. */
  payload: Uint8Array
}

export function parseEthernet(bytes: Uint8Array): Parsed<EthernetFrame> {
  if (bytes.length < ETHERNET_HEADER_BYTES) return 'ethernet: short'
  const type = get16(bytes, 12)
  if (type < 0x600) return 'ethernet: 802.3 length'
  return {
    destination: get48(bytes, 0),
    source: get48(bytes, 6),
    type,
    payload: bytes.subarray(ETHERNET_HEADER_BYTES),
  }
}

export function emitEthernet({ destination, source, type, payload }: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + payload.length)
  put48(bytes, 0, destination)
  put48(bytes, 6, source)
  put16(bytes, 12, type)
  bytes.set(payload, ETHERNET_HEADER_BYTES)
  return bytes
}
