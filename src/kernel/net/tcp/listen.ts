import { NetStack } from '../stack'
import { Socket } from '../socket'
import { TcpSocket } from './socket'
import { SynRequest } from './request'
import { ACK, RST, SYN, Segment } from './codec'
import { sendResetFor } from './emit'
import { becomeEstablished, connectionFrom } from './lifecycle'
import { segmentArrives } from './arrive'
import { seqLess } from './sequence'
import { sampleRtt } from './rtt'
import { timestampNow } from './secrets'
import { CLOSED, LISTEN, MILLISECOND } from './state'
import { EADDRINUSE, EINVAL } from '../errno'

/** Passive open: the queue of half-open connections and the queue of those that wait for `accept` (RFC 9293 section 3.10.7.2). */

const BACKLOG_MAXIMUM: u32 = 4096
/** Half-open connections cost little: a listener keeps at least so many, however small its backlog. */
const HALF_OPEN_MINIMUM: u32 = 128

export function tcpListen(s: TcpSocket, backlog: u32): i32 {
  if (s.state == LISTEN) {
    s.backlog = min(max(backlog, 1 as u32), BACKLOG_MAXIMUM)
    return 0
  }
  if (s.state != CLOSED || s.isUsed) return -EINVAL
  if (!s.isBound) {
    const bound = s.stack.tcp.ports.bind(s, 0, 0)
    if (bound < 0) return bound
  }
  if (hasOtherListener(s)) return -EADDRINUSE
  s.isUsed = true
  s.state = LISTEN
  s.backlog = min(max(backlog, 1 as u32), BACKLOG_MAXIMUM)
  return 0
}

/** SO_REUSEADDR lets sockets share a port, but connections could not choose between two that listen. */
function hasOtherListener(s: TcpSocket): bool {
  for (let at: Socket | null = s.stack.tcp.ports.first(s.localPort); at; at = at!.portNext) {
    const other = changetype<TcpSocket>(at)
    if (other.state == LISTEN && other.localPort == s.localPort && other.localAddress == s.localAddress)
      return true
  }
  return false
}

export function tcpAccept(s: TcpSocket): TcpSocket | null {
  const child = s.acceptHead
  if (s.state != LISTEN || !child) return null
  s.acceptHead = child.acceptNext
  if (!s.acceptHead) s.acceptTail = null
  child.acceptNext = null
  s.acceptCount--
  s.reported &= s.readiness()
  s.stack.stats.tcpConnectionsAccepted++
  return child
}

/** A SYN for a listener. */
export function synArrives(stack: NetStack, listener: TcpSocket, segment: Segment): void {
  const tcp = stack.tcp
  if (listener.acceptCount >= listener.backlog) {
    stack.stats.tcpAcceptOverflows++
    return
  }
  if (listener.requestCount >= max(listener.backlog, HALF_OPEN_MINIMUM)) {
    // Somebody who has not answered a repeated SYN-ACK probably never will: he gives way.
    stack.stats.tcpSynDropped++
    const tired = mostTired(listener)
    if (!tired || tired.retries == 0) return
    tcp.dropRequest(tired)
  }
  tcp.addRequest(new SynRequest(stack, segment), listener)
}

/** A segment for a half-open connection. */
export function requestArrives(stack: NetStack, request: SynRequest, segment: Segment): void {
  const tcp = stack.tcp
  const listener = request.listener
  const flags = segment.flags
  if (flags & RST) {
    // RFC 5961: only exactly at RCV.NXT.
    if (segment.sequence != request.irs + 1) return
    stack.stats.tcpResetsReceived++
    if (listener) tcp.dropRequest(request)
    else tcp.cancelPending(request)
    return
  }
  if (flags & SYN) {
    if (!listener) return // the forwarder still decides; the peer repeats itself meanwhile
    if (segment.sequence == request.irs) request.answer()
    else request.acknowledge()
    return
  }
  if (!(flags & ACK) || !listener) return
  if (segment.acknowledgment != request.iss + 1) {
    sendResetFor(stack, segment)
    return
  }
  const offset = segment.sequence - (request.irs + 1)
  if (offset > min(request.window, 0xffff as u32)) {
    request.acknowledge()
    return
  }
  if (request.timestampsOn) {
    if (!segment.hasTimestamps) return
    if (seqLess(segment.timestampValue, request.tsRecent)) {
      request.acknowledge()
      return
    }
  }
  if (listener.acceptCount >= listener.backlog) {
    // The peer will send again, and the SYN-ACK is repeated until then.
    stack.stats.tcpAcceptOverflows++
    return
  }
  establish(stack, request, listener, segment)
}

function establish(stack: NetStack, request: SynRequest, listener: TcpSocket, segment: Segment): void {
  const tcp = stack.tcp
  const s = connectionFrom(request, listener)
  const isFirstAnswer = request.retries == 0
  tcp.dropRequest(request)
  tcp.table.insert(s)
  s.isHashed = true
  becomeEstablished(s)
  if (isFirstAnswer) sampleHandshake(s, segment)
  s.sndWnd = segment.window << s.sndScale
  s.maxSndWnd = s.sndWnd
  s.sndWl1 = segment.sequence
  s.sndWl2 = segment.acknowledgment
  const tail = listener.acceptTail
  if (tail) tail.acceptNext = s
  else listener.acceptHead = s
  listener.acceptTail = s
  listener.acceptCount++
  stack.touch(listener)
  segmentArrives(s, segment)
}

/** The first round trip, as the echoed timestamp tells it: to the millisecond, but better than the second assumed without it. */
function sampleHandshake(s: TcpSocket, segment: Segment): void {
  if (!s.timestampsOn || segment.timestampEcho == 0) return
  const elapsed = timestampNow(s.stack) + s.tsOffset - segment.timestampEcho
  if (elapsed < 10_000) sampleRtt(s, (elapsed as u64) * MILLISECOND)
}

function mostTired(listener: TcpSocket): SynRequest | null {
  let tired: SynRequest | null = null
  for (let request: SynRequest | null = listener.requests; request; request = request!.following) {
    if (!tired || request.retries >= tired.retries) tired = request
  }
  return tired
}
