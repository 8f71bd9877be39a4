import { read16, read32, write16, write32 } from '../core/bytes'
import { checksumAdd, checksumFinish, checksumOk } from '../core/checksum'

/** The IPv4 header (RFC 791 section 3.1). */

export const IPV4_HEADER: u32 = 20
export const PROTOCOL_ICMP: u32 = 1
export const PROTOCOL_TCP: u32 = 6
export const PROTOCOL_UDP: u32 = 17
export const ADDRESS_BROADCAST: u32 = 0xffffffff
export const DEFAULT_TTL: u32 = 64

@unmanaged
export class Ipv4Header {
  headerLength: u32 = 0
  totalLength: u32 = 0
  typeOfService: u32 = 0
  identification: u32 = 0
  dontFragment: bool = false
  moreFragments: bool = false
  /** Bytes. */
  fragmentOffset: u32 = 0
  ttl: u32 = 0
  protocol: u32 = 0
  source: u32 = 0
  destination: u32 = 0

  /**
   * Reads a header. False if version, lengths or header checksum are wrong, or if fragments would reach past 65,535 bytes.
   * `available` may exceed the datagram: Ethernet pads short frames. With `quoted`, as inside ICMP errors, the datagram may be
   * cut short, and its checksum may have been changed on the way.
   */
  parse(packet: usize, available: u32, quoted: bool): bool {
    if (available < IPV4_HEADER) return false
    const first = load<u8>(packet) as u32
    const headerLength = (first & 15) * 4
    if (first >> 4 != 4 || headerLength < IPV4_HEADER || headerLength > available) return false
    const totalLength = read16(packet + 2)
    if (totalLength < headerLength) return false
    if (!quoted) {
      if (totalLength > available) return false
      if (!checksumOk(checksumAdd(0, packet, headerLength))) return false
    }
    const fragment = read16(packet + 6)
    this.headerLength = headerLength
    this.totalLength = totalLength
    this.typeOfService = load<u8>(packet, 1)
    this.identification = read16(packet + 4)
    this.dontFragment = (fragment & 0x4000) != 0
    this.moreFragments = (fragment & 0x2000) != 0
    this.fragmentOffset = (fragment & 0x1fff) * 8
    this.ttl = load<u8>(packet, 8)
    this.protocol = load<u8>(packet, 9)
    this.source = read32(packet + 12)
    this.destination = read32(packet + 16)
    return this.fragmentOffset + totalLength - headerLength <= 0xffff
  }
}

/** Writes a header without options. `fragment` is the flags-and-offset field as on the wire. */
export function emitIpv4(
  packet: usize,
  totalLength: u32,
  typeOfService: u32,
  identification: u32,
  fragment: u32,
  ttl: u32,
  protocol: u32,
  source: u32,
  destination: u32,
): void {
  store<u8>(packet, 0x45)
  store<u8>(packet, typeOfService as u8, 1)
  write16(packet + 2, totalLength)
  write16(packet + 4, identification)
  write16(packet + 6, fragment)
  store<u8>(packet, ttl as u8, 8)
  store<u8>(packet, protocol as u8, 9)
  store<u16>(packet, 0, 10)
  write32(packet + 12, source)
  write32(packet + 16, destination)
  store<u16>(packet, checksumFinish(checksumAdd(0, packet, IPV4_HEADER)) as u16, 10)
}

/** Class D, RFC 1112. */
export function isMulticast(address: u32): bool {
  return address >> 28 == 14
}

/** Whether an address can be somebody's source: not multicast, reserved (240/4), broadcast, or in 0/8. */
export function isUnicast(address: u32): bool {
  return address >> 24 != 0 && address >> 29 != 7
}

export function isLoopback(address: u32): bool {
  return address >> 24 == 127
}

/** The netmask of a prefix length from 0 to 32. */
export function netmask(prefixLength: u32): u32 {
  return prefixLength == 0 ? 0 : (0xffffffff as u32) << (32 - prefixLength)
}
