import { read16, read32, write16, write32 } from '../core/bytes'
import { checksumAdd, checksumFinish, checksumFold, checksumOk, checksumPseudo } from '../core/checksum'
import { PROTOCOL_TCP } from '../ipv4/codec'

/** The TCP header and its options (RFC 9293 section 3.1, RFC 7323, RFC 2018). */

export const TCP_HEADER: u32 = 20
export const TCP_MAXIMUM_HEADER: u32 = 60

export const FIN: u32 = 0x01
export const SYN: u32 = 0x02
export const RST: u32 = 0x04
export const PSH: u32 = 0x08
export const ACK: u32 = 0x10

const OPTION_END: u32 = 0
const OPTION_NOP: u32 = 1
const OPTION_MSS: u32 = 2
const OPTION_WINDOW_SCALE: u32 = 3
const OPTION_SACK_PERMITTED: u32 = 4
const OPTION_SACK: u32 = 5
const OPTION_TIMESTAMPS: u32 = 8

/** What an MSS option's absence means (RFC 9293 section 3.7.1). */
export const DEFAULT_MSS: u32 = 536
export const MAXIMUM_WINDOW_SCALE: u32 = 14

/** A segment as it arrived. One instance per stack is reused: nothing of it survives the next frame. */
@unmanaged
export class Segment {
  source: u32 = 0
  destination: u32 = 0
  sourcePort: u32 = 0
  destinationPort: u32 = 0
  sequence: u32 = 0
  acknowledgment: u32 = 0
  flags: u32 = 0
  /** As on the wire, not scaled. */
  window: u32 = 0
  payload: usize = 0
  payloadLength: u32 = 0
  /** 0: no such option. */
  mss: u32 = 0
  /** -1: no such option. */
  windowScale: i32 = -1
  sackPermitted: bool = false
  hasTimestamps: bool = false
  timestampValue: u32 = 0
  timestampEcho: u32 = 0
  /** Address of the first SACK block on the wire, and how many there are. */
  sackBlocks: usize = 0
  sackCount: u32 = 0

  /** Sequence numbers that the segment occupies: SEG.LEN. */
  get length(): u32 {
    return this.payloadLength + ((this.flags >> 1) & 1) + (this.flags & 1)
  }

  /** Reads a segment; false if lengths, options or (unless `trusted`) checksum are wrong. */
  parse(data: usize, length: u32, source: u32, destination: u32, trusted: bool): bool {
    if (length < TCP_HEADER) return false
    const headerLength = ((load<u8>(data, 12) as u32) >> 4) * 4
    if (headerLength < TCP_HEADER || headerLength > length) return false
    if (!trusted) {
      const sum = checksumPseudo(source, destination, PROTOCOL_TCP, length)
      if (!checksumOk(checksumAdd(sum, data, length))) return false
    }
    this.source = source
    this.destination = destination
    this.sourcePort = read16(data)
    this.destinationPort = read16(data + 2)
    this.sequence = read32(data + 4)
    this.acknowledgment = read32(data + 8)
    this.flags = load<u8>(data, 13)
    this.window = read16(data + 14)
    this.payload = data + headerLength
    this.payloadLength = length - headerLength
    this.mss = 0
    this.windowScale = -1
    this.sackPermitted = false
    this.hasTimestamps = false
    this.sackCount = 0
    if (this.sourcePort == 0 || this.destinationPort == 0) return false
    return this.parseOptions(data + TCP_HEADER, data + headerLength)
  }

  /** Left edge of a SACK block. */
  sackLeft(index: u32): u32 {
    return read32(this.sackBlocks + index * 8)
  }

  /** Right edge of a SACK block: the sequence number after its last byte. */
  sackRight(index: u32): u32 {
    return read32(this.sackBlocks + index * 8 + 4)
  }

  private parseOptions(start: usize, end: usize): bool {
    let at = start
    while (at < end) {
      const kind = load<u8>(at) as u32
      if (kind == OPTION_END) return true
      if (kind == OPTION_NOP) {
        at++
        continue
      }
      if (at + 2 > end) return false
      const size = load<u8>(at, 1) as u32
      if (size < 2 || at + size > end) return false
      if (kind == OPTION_TIMESTAMPS && size == 10) {
        this.hasTimestamps = true
        this.timestampValue = read32(at + 2)
        this.timestampEcho = read32(at + 6)
      } else if (kind == OPTION_SACK && size >= 10 && (size & 7) == 2) {
        this.sackBlocks = at + 2
        this.sackCount = (size - 2) >> 3
      } else if (kind == OPTION_MSS && size == 4) {
        this.mss = read16(at + 2)
      } else if (kind == OPTION_WINDOW_SCALE && size == 3) {
        this.windowScale = min(load<u8>(at, 2) as i32, MAXIMUM_WINDOW_SCALE as i32)
      } else if (kind == OPTION_SACK_PERMITTED && size == 2) {
        this.sackPermitted = true
      }
      at += size
    }
    return true
  }
}

/** Writes the fixed header; `headerLength` includes options, which are written separately. The checksum field is zeroed. */
export function emitTcp(
  data: usize,
  sourcePort: u32,
  destinationPort: u32,
  sequence: u32,
  acknowledgment: u32,
  headerLength: u32,
  flags: u32,
  window: u32,
): void {
  write16(data, sourcePort)
  write16(data + 2, destinationPort)
  write32(data + 4, sequence)
  write32(data + 8, acknowledgment)
  store<u8>(data, (headerLength << 2) as u8, 12)
  store<u8>(data, flags as u8, 13)
  write16(data + 14, window)
  store<u32>(data, 0, 16)
}

/** Options below are padded with NOPs in front to a multiple of four; each returns the address after it. */
export function emitMss(at: usize, mss: u32): usize {
  write32(at, (OPTION_MSS << 24) | (4 << 16) | mss)
  return at + 4
}

export function emitWindowScale(at: usize, shift: u32): usize {
  write32(at, (OPTION_NOP << 24) | (OPTION_WINDOW_SCALE << 16) | (3 << 8) | shift)
  return at + 4
}

export function emitSackPermitted(at: usize): usize {
  write32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK_PERMITTED << 8) | 2)
  return at + 4
}

export function emitTimestamps(at: usize, value: u32, echo: u32): usize {
  write32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_TIMESTAMPS << 8) | 10)
  write32(at + 4, value)
  write32(at + 8, echo)
  return at + 12
}

/** The head of a SACK option; `count` blocks of two words follow. */
export function emitSackHeader(at: usize, count: u32): usize {
  write32(at, (OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK << 8) | (2 + count * 8))
  return at + 4
}

/** Fills in the checksum over `length` bytes of header and data, or with `offload` the pseudo-header's part of it. */
export function finishTcp(data: usize, length: u32, source: u32, destination: u32, offload: bool): void {
  const pseudo = checksumPseudo(source, destination, PROTOCOL_TCP, length)
  const checksum = offload ? checksumFold(pseudo) : checksumFinish(checksumAdd(pseudo, data, length))
  store<u16>(data, checksum as u16, 16)
}
