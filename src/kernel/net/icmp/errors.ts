import { NetStack } from '../stack'
import { Received } from '../ipv4/input'
import { ipv4Send } from '../ipv4/output'
import { DEFAULT_TTL, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, isUnicast } from '../ipv4/codec'
import { ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ENETUNREACH } from '../errno'
import { tcpError } from '../tcp/error'
import { udpError } from '../udp/error'
import {
  ICMP_HEADER,
  ICMP_UNREACHABLE,
  IcmpHeader,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
  emitIcmp,
} from './codec'

/** ICMP errors: when they may be sent (RFC 1122 section 3.2.2, rate-limited per RFC 1812) and whom a received one concerns. */

const QUOTE_MAXIMUM: u32 = 548

/** Reports an error about the datagram being received, if it may be reported. */
export function sendIcmpError(stack: NetStack, received: Received, type: u32, code: u32, word: u32): void {
  const header = received.header
  if (received.isGroup || header.fragmentOffset != 0) return
  if (
    header.protocol == PROTOCOL_ICMP &&
    received.payloadLength > 0 &&
    isErrorType(load<u8>(received.payload))
  )
    return
  const quote = min(header.headerLength + received.payloadLength, QUOTE_MAXIMUM)
  sendIcmpErrorFor(stack, header.destination, header.source, received.packet, quote, type, code, word)
}

/** Reports an error from `source` to `destination`, quoting `quoteLength` bytes of a datagram. */
export function sendIcmpErrorFor(
  stack: NetStack,
  source: u32,
  destination: u32,
  quote: usize,
  quoteLength: u32,
  type: u32,
  code: u32,
  word: u32,
): void {
  if (!isUnicast(destination) || !isUnicast(source) || !stack.routes.find(destination)) return
  if (!stack.icmpErrorRate.take(stack.now())) return
  memory.copy(stack.transport + ICMP_HEADER, quote, quoteLength)
  emitIcmp(stack.transport, type, code, word, quoteLength)
  ipv4Send(stack, source, destination, PROTOCOL_ICMP, DEFAULT_TTL, false, ICMP_HEADER + quoteLength, 0)
  stack.stats.icmpErrorsSent++
}

/** Passes a received error on to the socket whose datagram it quotes. */
export function icmpErrorReceived(stack: NetStack, message: IcmpHeader, quote: usize, length: u32): void {
  if (message.type != ICMP_UNREACHABLE) return
  let error = -EHOSTUNREACH
  if (message.code == UNREACHABLE_PORT || message.code == UNREACHABLE_PROTOCOL) {
    error = -ECONNREFUSED
  } else if (message.code == UNREACHABLE_FRAGMENTATION_NEEDED) {
    error = -EMSGSIZE
  } else if (message.code == 0 || message.code == 6 || message.code == 11) {
    error = -ENETUNREACH
  }
  transportError(stack, quote, length, error, message.nextHopMtu)
}

/** A neighbour does not answer: tells the socket that sent the packet. */
export function hostUnreachable(stack: NetStack, packet: usize, length: u32): void {
  transportError(stack, packet, length, -EHOSTUNREACH, 0)
}

function transportError(stack: NetStack, packet: usize, length: u32, error: i32, mtu: u32): void {
  const header = stack.quotedHeader
  if (!header.parse(packet, length, true) || header.fragmentOffset != 0) return
  // Eight bytes of the transport header are quoted at least: ports, and TCP's sequence number.
  if (length < header.headerLength + 8) return
  const transport = packet + header.headerLength
  if (header.protocol == PROTOCOL_TCP) tcpError(stack, header, transport, error, mtu)
  else if (header.protocol == PROTOCOL_UDP) udpError(stack, header, transport, error)
}

function isErrorType(type: u32): bool {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12
}
