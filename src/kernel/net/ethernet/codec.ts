import { read16, read48, write16, write48 } from '../core/bytes'

/** Ethernet II frames without frame check sequence (IEEE 802.3 section 3.2.6). */

export const ETHERNET_HEADER: u32 = 14
export const ETHERTYPE_IPV4: u32 = 0x0800
export const ETHERTYPE_ARP: u32 = 0x0806
export const MAC_BROADCAST: u64 = 0xffffffffffff

@unmanaged
export class EthernetHeader {
  destination: u64 = 0
  source: u64 = 0
  type: u32 = 0

  /** Reads a header; false if the frame is too short or its source is a group address. */
  parse(frame: usize, length: u32): bool {
    if (length < ETHERNET_HEADER) return false
    this.destination = read48(frame)
    this.source = read48(frame + 6)
    this.type = read16(frame + 12)
    return !isGroupMac(this.source)
  }
}

/** Whether a MAC is a multicast or the broadcast address. */
export function isGroupMac(mac: u64): bool {
  return ((mac >> 40) & 1) != 0
}

export function emitEthernet(frame: usize, destination: u64, source: u64, type: u32): void {
  write48(frame, destination)
  write48(frame + 6, source)
  write16(frame + 12, type)
}
