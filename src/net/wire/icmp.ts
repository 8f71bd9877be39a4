/** ICMP (RFC 792): echo, and the two errors a gateway sends. */
import { get16, noBytes, put16 } from './bytes.ts'
import { finish, sum16 } from './checksum.ts'
import { IPV4_HEADER_BYTES } from './ipv4.ts'
import type { Parsed } from './parsed.ts'

const ICMP_HEADER_BYTES = 8

const TYPE_ECHO_REPLY = 0
const TYPE_UNREACHABLE = 3
const TYPE_ECHO_REQUEST = 8
const TYPE_TIME_EXCEEDED = 11

/** Codes of `unreachable` (RFC 792, RFC 1812 §5.2.7.1). */
export const UNREACHABLE_NET = 0
export const UNREACHABLE_HOST = 1
export const UNREACHABLE_PORT = 3
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4
export const UNREACHABLE_PROHIBITED = 13

export type IcmpMessage =
  | { kind: 'echo-request' | 'echo-reply'; identifier: number; sequence: number; data: Uint8Array }
  /** `packet` starts with the header of the packet that could not be delivered; `mtu` belongs to code 4 (RFC 1191). */
  | { kind: 'unreachable'; code: number; mtu: number; packet: Uint8Array }
  | { kind: 'time-exceeded'; code: number; packet: Uint8Array }

export function parseIcmp(bytes: Uint8Array): Parsed<IcmpMessage> {
  if (bytes.length < ICMP_HEADER_BYTES) return 'icmp: short'
  if (finish(sum16(bytes)) !== 0) return 'icmp: checksum'
  const code = bytes[1]!
  const rest = bytes.subarray(ICMP_HEADER_BYTES)
  switch (bytes[0]) {
    case TYPE_ECHO_REPLY:
    case TYPE_ECHO_REQUEST:
      if (code !== 0) return 'icmp: code'
      return {
        kind: bytes[0] === TYPE_ECHO_REQUEST ? 'echo-request' : 'echo-reply',
        identifier: get16(bytes, 4),
        sequence: get16(bytes, 6),
        data: rest,
      }
    case TYPE_UNREACHABLE:
      return { kind: 'unreachable', code, mtu: get16(bytes, 6), packet: rest }
    case TYPE_TIME_EXCEEDED:
      return { kind: 'time-exceeded', code, packet: rest }
    default:
      return 'icmp: type'
  }
}

export function emitIcmp(message: IcmpMessage): Uint8Array {
  switch (message.kind) {
    case 'echo-request':
      return build(TYPE_ECHO_REQUEST, 0, message.identifier, message.sequence, message.data)
    case 'echo-reply':
      return build(TYPE_ECHO_REPLY, 0, message.identifier, message.sequence, message.data)
    case 'unreachable':
      return build(TYPE_UNREACHABLE, message.code, 0, message.mtu, message.packet)
    case 'time-exceeded':
      return build(TYPE_TIME_EXCEEDED, message.code, 0, 0, message.packet)
  }
}

function build(
  type: number,
  code: number,
  first: number,
  second: number,
  rest: Uint8Array = noBytes,
): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_BYTES + rest.length)
  bytes[0] = type
  bytes[1] = code
  put16(bytes, 4, first)
  put16(bytes, 6, second)
  bytes.set(rest, ICMP_HEADER_BYTES)
  put16(bytes, 2, finish(sum16(bytes)))
  return bytes
}

/** As much of an undeliverable packet as an error quotes: its header and 8 bytes (RFC 792). */
export function quote(packet: Uint8Array): Uint8Array {
  const headerBytes = packet.length > 0 ? (packet[0]! & 15) * 4 : IPV4_HEADER_BYTES
  return packet.slice(0, headerBytes + 8)
}
