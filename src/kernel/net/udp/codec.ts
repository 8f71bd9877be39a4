import { read16, write16 } from '../core/bytes'
import { checksumAdd, checksumFinish, checksumFold, checksumOk, checksumPseudo } from '../core/checksum'
import { PROTOCOL_UDP } from '../ipv4/codec'

/** The UDP header (RFC 768). */

export const UDP_HEADER: u32 = 8
/** 65,535 less the IPv4 and UDP headers. */
export const UDP_MAXIMUM: u32 = 65507

@unmanaged
export class UdpHeader {
  sourcePort: u32 = 0
  destinationPort: u32 = 0
  payloadLength: u32 = 0

  /** Reads a datagram; false if its length or (unless `trusted`) its checksum is wrong. A zero checksum means none. */
  parse(datagram: usize, length: u32, source: u32, destination: u32, trusted: bool): bool {
    if (length < UDP_HEADER) return false
    const own = read16(datagram + 4)
    if (own < UDP_HEADER || own > length) return false
    if (!trusted && load<u16>(datagram, 6) != 0) {
      const sum = checksumPseudo(source, destination, PROTOCOL_UDP, own)
      if (!checksumOk(checksumAdd(sum, datagram, own))) return false
    }
    this.sourcePort = read16(datagram)
    this.destinationPort = read16(datagram + 2)
    this.payloadLength = own - UDP_HEADER
    return true
  }
}

/**
 * Writes a header in front of `payloadLength` bytes that already stand there. With `offload` the checksum field gets the
 * pseudo-header's sum only, for the device to complete.
 */
export function emitUdp(
  datagram: usize,
  source: u32,
  sourcePort: u32,
  destination: u32,
  destinationPort: u32,
  payloadLength: u32,
  offload: bool,
): void {
  const length = UDP_HEADER + payloadLength
  write16(datagram, sourcePort)
  write16(datagram + 2, destinationPort)
  write16(datagram + 4, length)
  store<u16>(datagram, 0, 6)
  const pseudo = checksumPseudo(source, destination, PROTOCOL_UDP, length)
  if (offload) {
    store<u16>(datagram, checksumFold(pseudo) as u16, 6)
    return
  }
  const checksum = checksumFinish(checksumAdd(pseudo, datagram, length))
  // A sum that comes out as zero is sent as its other representation, all ones.
  store<u16>(datagram, (checksum == 0 ? 0xffff : checksum) as u16, 6)
}
