import { read16, read32, read48, write16, write32, write48 } from '../core/bytes'
import { ETHERTYPE_IPV4 } from '../ethernet/codec'

/** ARP for IPv4 over Ethernet (RFC 826). */

export const ARP_LENGTH: u32 = 28
export const ARP_REQUEST: u32 = 1
export const ARP_REPLY: u32 = 2

const HARDWARE_ETHERNET: u32 = 1

@unmanaged
export class ArpPacket {
  operation: u32 = 0
  senderMac: u64 = 0
  senderAddress: u32 = 0
  targetMac: u64 = 0
  targetAddress: u32 = 0

  /** Reads a packet; false if it is not a request or reply for IPv4 over Ethernet. */
  parse(packet: usize, length: u32): bool {
    if (length < ARP_LENGTH) return false
    if (read16(packet) != HARDWARE_ETHERNET || read16(packet + 2) != ETHERTYPE_IPV4) return false
    if (load<u8>(packet, 4) != 6 || load<u8>(packet, 5) != 4) return false
    this.operation = read16(packet + 6)
    this.senderMac = read48(packet + 8)
    this.senderAddress = read32(packet + 14)
    this.targetMac = read48(packet + 18)
    this.targetAddress = read32(packet + 24)
    return this.operation == ARP_REQUEST || this.operation == ARP_REPLY
  }
}

export function emitArp(
  packet: usize,
  operation: u32,
  senderMac: u64,
  senderAddress: u32,
  targetMac: u64,
  targetAddress: u32,
): void {
  write16(packet, HARDWARE_ETHERNET)
  write16(packet + 2, ETHERTYPE_IPV4)
  store<u8>(packet, 6, 4)
  store<u8>(packet, 4, 5)
  write16(packet + 6, operation)
  write48(packet + 8, senderMac)
  write32(packet + 14, senderAddress)
  write48(packet + 18, targetMac)
  write32(packet + 24, targetAddress)
}
