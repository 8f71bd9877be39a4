import { NetStack } from '../stack'
import { IFF_ACCEPT_ANY } from '../interface'
import { KIND_SYN_REQUEST, KIND_TCP } from '../socket'
import { Received } from '../ipv4/input'
import { isLoopback, isUnicast } from '../ipv4/codec'
import { ACK, FIN, RST, SYN, Segment } from './codec'
import { segmentArrives } from './arrive'
import { sendResetFor } from './emit'
import { requestArrives, synArrives } from './listen'
import { SynRequest } from './request'
import { TcpSocket } from './socket'
import { TimeWait } from './timewait'

/** Finds out whom a segment is for. */
export function tcpReceive(stack: NetStack, received: Received): void {
  const header = received.header
  const tcp = stack.tcp
  const segment = tcp.segment
  stack.stats.tcpSegmentsReceived++
  // TCP knows no groups (RFC 9293 section 3.9.2.3).
  if (received.isGroup || !isUnicast(header.source)) return
  if (
    !segment.parse(
      received.payload,
      received.payloadLength,
      header.source,
      header.destination,
      received.trusted,
    )
  ) {
    stack.stats.badTcp++
    return
  }
  const endpoint = tcp.table.find(
    segment.destination,
    segment.destinationPort,
    segment.source,
    segment.sourcePort,
  )
  if (endpoint) {
    if (endpoint.kind == KIND_TCP) {
      segmentArrives(changetype<TcpSocket>(endpoint), segment)
      return
    }
    if (endpoint.kind == KIND_SYN_REQUEST) {
      requestArrives(stack, changetype<SynRequest>(endpoint), segment)
      return
    }
    if (!tcp.timeWait.arrives(changetype<TimeWait>(endpoint), segment)) return
  }
  opens(stack, received, segment)
}

/** A segment for no connection: a SYN may open one, anything else is refused. */
function opens(stack: NetStack, received: Received, segment: Segment): void {
  if (segment.flags & RST) return
  if ((segment.flags & (SYN | ACK | FIN)) == SYN) {
    const isHere = received.isOwn || isLoopback(segment.destination)
    const listener = stack.tcp.findListener(segment.destination, segment.destinationPort)
    if (listener && (isHere || listener.localAddress == segment.destination)) {
      synArrives(stack, listener, segment)
      return
    }
    if (forward(stack, received, segment)) return
  }
  sendResetFor(stack, segment)
}

/** Hands a SYN that no listener here wants to the forwarder. True if that settles it. */
function forward(stack: NetStack, received: Received, segment: Segment): bool {
  const tcp = stack.tcp
  const nic = received.nic
  const forwarder = tcp.forwarder
  if (!forwarder || !nic || !(nic.flags & IFF_ACCEPT_ANY)) return false
  if (tcp.forwarderCount >= tcp.forwarderLimit) {
    // Dropped without an answer: the peer tries again, and by then there may be room.
    stack.stats.tcpForwarderOverflows++
    return true
  }
  tcp.forward(forwarder, new SynRequest(stack, segment))
  return true
}
