import { TcpSocket } from './socket'
import { SynRequest } from './request'
import { ACK, RST } from './codec'
import { sendBare } from './emit'
import { startCongestion } from './congestion'
import { timestampNow } from './secrets'
import { clampMss } from './mss'
import { CLOSED, ESTABLISHED, LISTEN, SYN_RECEIVED, TIME_WAIT } from './state'

/** Beginnings and ends of connections. */

/** A connection in SYN_RECEIVED from what a request remembers; the request stays as it is. */
export function connectionFrom(request: SynRequest, listener: TcpSocket | null): TcpSocket {
  const stack = request.stack
  const s = new TcpSocket(stack)
  s.localAddress = request.localAddress
  s.localPort = request.localPort
  s.remoteAddress = request.remoteAddress
  s.remotePort = request.remotePort
  s.isUsed = true
  s.state = SYN_RECEIVED
  s.irs = request.irs
  s.rcvNxt = request.irs + 1
  s.lastAckSent = s.rcvNxt
  s.rcvAdv = s.rcvNxt + min(request.window, 0xffff as u32)
  startSending(s, request.iss)
  s.sndWnd = request.peerWindow
  s.maxSndWnd = request.peerWindow
  s.sndWl1 = request.irs
  s.sndWl2 = request.iss
  s.sackOn = request.sackOn
  s.timestampsOn = request.timestampsOn
  s.tsRecent = request.tsRecent
  s.tsRecentNs = stack.now()
  s.tsOffset = request.tsOffset
  if (request.peerScale >= 0) {
    s.sndScale = request.peerScale as u32
    s.rcvScale = request.rcvScale
    s.scaleOn = true
  }
  clampMss(s, request.peerMss)
  startCongestion(s)
  if (listener) inherit(s, listener)
  return s
}

/** Sets the send sequence space to begin with a SYN that has been, or is about to be, sent. */
export function startSending(s: TcpSocket, iss: u32): void {
  s.iss = iss
  s.sndUna = iss
  s.sndNxt = iss + 1
  s.sndBase = iss + 1
  s.recover = iss
  s.highRxt = iss
  s.lostEdge = iss
}

/** The handshake is complete. */
export function becomeEstablished(s: TcpSocket): void {
  s.state = ESTABLISHED
  s.sndUna = s.sndBase
  s.rtoAt = 0
  s.retries = 0
  s.backoff = 0
  s.lastReceivedNs = s.stack.now()
  s.armKeepAlive()
  s.stack.touch(s)
}

/** The connection is over; with `error` (negative errno or 0) for its user. It is freed if the user has let go of it. */
export function finish(s: TcpSocket, error: i32): void {
  detach(s)
  s.state = CLOSED
  if (error) s.error = error
  if (s.isReleased) tcpDestroy(s)
  else s.stack.touch(s)
}

/** Goes to TIME-WAIT, from where on a small record answers in the socket's place. The last ACK must have been sent. */
export function enterTimeWait(s: TcpSocket): void {
  detach(s)
  s.state = TIME_WAIT
  s.stack.tcp.timeWait.add(s)
  if (s.isReleased) tcpDestroy(s)
  else s.stack.touch(s)
}

/** Sends a reset for a connection that the peer may still believe in. */
export function sendReset(s: TcpSocket): void {
  const value = timestampNow(s.stack) + s.tsOffset
  s.stack.stats.tcpResetsSent++
  sendBare(s, RST | ACK, s.sndNxt, s.rcvNxt, 0, s.timestampsOn, value, s.tsRecent)
}

/** An ACK in answer to something that should not have come (RFC 5961), at most ten a second for each connection. */
export function sendChallenge(s: TcpSocket): void {
  const now = s.stack.now()
  if (now - s.challengeNs >= 1_000_000_000) {
    s.challengeNs = now
    s.challengeCount = 0
  }
  if (s.challengeCount++ >= 10) return
  s.stack.stats.tcpChallengeAcks++
  s.ackNow = true
}

/** Takes a socket out of everything that could reach it by a packet or a timer. */
function detach(s: TcpSocket): void {
  const tcp = s.stack.tcp
  if (s.isHashed) {
    tcp.table.remove(s)
    s.isHashed = false
  }
  tcp.stopWaiting(s)
  tcp.starved.remove(s)
  s.stack.timers.cancel(s.timer)
  s.rtoAt = 0
  s.probeAt = 0
  s.persistAt = 0
  s.ackAt = 0
  s.keepAliveAt = 0
  s.lingerAt = 0
  s.ackNow = false
  s.sendRing.release()
  s.sacked.release()
}

/** Ends a socket at once, without a word to the peer. */
export function tcpDestroy(s: TcpSocket): void {
  if (s.isBuried) return
  if (s.state == LISTEN) stopListening(s)
  detach(s)
  s.stack.tcp.ports.remove(s)
  s.state = CLOSED
  s.isReleased = true
  s.sendRing.free()
  s.receiveRing.free()
  s.outOfOrder.free()
  s.sacked.free()
  heap.free(changetype<usize>(s.timer))
  s.stack.stats.tcpConnectionsFreed++
  s.stack.bury(s)
}

/** Half-open connections are forgotten, those that nobody accepted are reset. */
function stopListening(s: TcpSocket): void {
  const tcp = s.stack.tcp
  for (let request: SynRequest | null = s.requests; request; request = s.requests) tcp.dropRequest(request)
  for (let child: TcpSocket | null = s.acceptHead; child; child = s.acceptHead) {
    s.acceptHead = child.acceptNext
    s.acceptCount--
    if (child.state != CLOSED && child.state != TIME_WAIT) sendReset(child)
    tcpDestroy(child)
  }
  s.acceptTail = null
}

function inherit(s: TcpSocket, listener: TcpSocket): void {
  s.receiveRing.limit = listener.receiveRing.limit
  s.sendRing.limit = listener.sendRing.limit
  s.noDelay = listener.noDelay
  s.keepAlive = listener.keepAlive
  s.keepAliveIdleNs = listener.keepAliveIdleNs
  s.keepAliveIntervalNs = listener.keepAliveIntervalNs
  s.keepAliveLimit = listener.keepAliveLimit
  s.linger = listener.linger
}
