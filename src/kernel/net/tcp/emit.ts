import { NetStack } from '../stack'
import { Endpoint } from '../socket'
import { Interface, OFFLOAD_TX_CHECKSUM } from '../interface'
import { DEFAULT_TTL, IPV4_HEADER, PROTOCOL_TCP } from '../ipv4/codec'
import { ipv4Send } from '../ipv4/output'
import {
  ACK,
  RST,
  SYN,
  Segment,
  TCP_HEADER,
  emitMss,
  emitSackPermitted,
  emitTcp,
  emitTimestamps,
  emitWindowScale,
  finishTcp,
} from './codec'
import { ENETUNREACH } from '../errno'

/** Sending segments: what every kind of endpoint shares. */

const CHECKSUM_OFFSET: u32 = 16

/** Completes and sends the `length` bytes of header and data at `stack.transport`, by the route found last. */
export function sendSegment(stack: NetStack, source: u32, destination: u32, length: u32): i32 {
  const nic = stack.routes.nic
  if (!nic) return -ENETUNREACH
  const offload = (nic.offload & OFFLOAD_TX_CHECKSUM) != 0
  finishTcp(stack.transport, length, source, destination, offload)
  stack.stats.tcpSegmentsSent++
  return ipv4Send(
    stack,
    source,
    destination,
    PROTOCOL_TCP,
    DEFAULT_TTL,
    true,
    length,
    offload ? CHECKSUM_OFFSET : 0,
  )
}

/** The MSS to announce on an interface: what fits its MTU without options (RFC 9293 section 3.7.1). */
export function announcedMss(nic: Interface): u32 {
  return nic.mtu - IPV4_HEADER - TCP_HEADER
}

/** Sends SYN or SYN-ACK with options; each option is left out when its argument says so (`scale` -1). */
export function sendSyn(
  endpoint: Endpoint,
  flags: u32,
  sequence: u32,
  acknowledgment: u32,
  window: u32,
  scale: i32,
  sack: bool,
  timestamps: bool,
  timestampValue: u32,
  timestampEcho: u32,
): i32 {
  const stack = endpoint.stack
  if (!stack.routes.find(endpoint.remoteAddress)) return -ENETUNREACH
  const nic = stack.routes.nic
  if (!nic) return -ENETUNREACH
  const start = stack.transport
  let at = emitMss(start + TCP_HEADER, announcedMss(nic))
  if (sack) at = emitSackPermitted(at)
  if (timestamps) at = emitTimestamps(at, timestampValue, timestampEcho)
  if (scale >= 0) at = emitWindowScale(at, scale as u32)
  const headerLength = (at - start) as u32
  emitTcp(
    start,
    endpoint.localPort,
    endpoint.remotePort,
    sequence,
    acknowledgment,
    headerLength,
    flags | SYN,
    min(window, 0xffff as u32),
  )
  return sendSegment(stack, endpoint.localAddress, endpoint.remoteAddress, headerLength)
}

/** Sends a segment without data for an endpoint; with timestamps if asked. */
export function sendBare(
  endpoint: Endpoint,
  flags: u32,
  sequence: u32,
  acknowledgment: u32,
  window: u32,
  timestamps: bool,
  timestampValue: u32,
  timestampEcho: u32,
): i32 {
  const stack = endpoint.stack
  if (!stack.routes.find(endpoint.remoteAddress)) return -ENETUNREACH
  const start = stack.transport
  let headerLength = TCP_HEADER
  if (timestamps)
    headerLength = (emitTimestamps(start + TCP_HEADER, timestampValue, timestampEcho) - start) as u32
  emitTcp(
    start,
    endpoint.localPort,
    endpoint.remotePort,
    sequence,
    acknowledgment,
    headerLength,
    flags,
    window,
  )
  return sendSegment(stack, endpoint.localAddress, endpoint.remoteAddress, headerLength)
}

/** Answers a segment that belongs to no connection with a reset (RFC 9293 section 3.10.7.1). */
export function sendResetFor(stack: NetStack, segment: Segment): void {
  if (segment.flags & RST || !stack.routes.find(segment.source)) return
  if (!stack.tcp.resetRate.take(stack.now())) return
  const hasAck = (segment.flags & ACK) != 0
  const sequence = hasAck ? segment.acknowledgment : 0
  const acknowledgment = hasAck ? 0 : segment.sequence + segment.length
  emitTcp(
    stack.transport,
    segment.destinationPort,
    segment.sourcePort,
    sequence,
    acknowledgment,
    TCP_HEADER,
    hasAck ? RST : RST | ACK,
    0,
  )
  stack.stats.tcpResetsSent++
  sendSegment(stack, segment.destination, segment.source, TCP_HEADER)
}
