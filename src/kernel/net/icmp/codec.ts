import { read16, write16, write32 } from '../core/bytes'
import { checksumAdd, checksumFinish, checksumOk } from '../core/checksum'

/** ICMP for IPv4 (RFC 792, RFC 1191 for the next-hop MTU). */

export const ICMP_HEADER: u32 = 8
export const ICMP_ECHO_REPLY: u32 = 0
export const ICMP_UNREACHABLE: u32 = 3
export const ICMP_ECHO: u32 = 8
export const ICMP_TIME_EXCEEDED: u32 = 11
export const ICMP_PARAMETER_PROBLEM: u32 = 12

export const UNREACHABLE_NET: u32 = 0
export const UNREACHABLE_HOST: u32 = 1
export const UNREACHABLE_PROTOCOL: u32 = 2
export const UNREACHABLE_PORT: u32 = 3
export const UNREACHABLE_FRAGMENTATION_NEEDED: u32 = 4
export const TIME_EXCEEDED_REASSEMBLY: u32 = 1

@unmanaged
export class IcmpHeader {
  type: u32 = 0
  code: u32 = 0
  /** The next-hop MTU of "fragmentation needed"; 0 from routers older than RFC 1191. */
  nextHopMtu: u32 = 0

  /** Reads a message; false if it is too short or damaged. */
  parse(message: usize, length: u32): bool {
    if (length < ICMP_HEADER || !checksumOk(checksumAdd(0, message, length))) return false
    this.type = load<u8>(message)
    this.code = load<u8>(message, 1)
    this.nextHopMtu = read16(message + 6)
    return true
  }

  /** Whether the message reports an error and so quotes a datagram after its header (RFC 1122 section 3.2.2). */
  get isError(): bool {
    return (
      this.type == ICMP_UNREACHABLE ||
      this.type == ICMP_TIME_EXCEEDED ||
      this.type == ICMP_PARAMETER_PROBLEM ||
      this.type == 4 || // source quench, obsolete (RFC 6633)
      this.type == 5 // redirect
    )
  }
}

/** Writes type, code, the second word and the checksum around `bodyLength` bytes that already stand after the header. */
export function emitIcmp(message: usize, type: u32, code: u32, word: u32, bodyLength: u32): void {
  store<u8>(message, type as u8)
  store<u8>(message, code as u8, 1)
  write16(message + 2, 0)
  write32(message + 4, word)
  store<u16>(message, checksumFinish(checksumAdd(0, message, ICMP_HEADER + bodyLength)) as u16, 2)
}
