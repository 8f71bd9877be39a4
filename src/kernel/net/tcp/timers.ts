import { TcpSocket } from './socket'
import { ACK } from './codec'
import { reduce } from './congestion'
import { sendBare } from './emit'
import { finish, sendReset } from './lifecycle'
import {
  probeTail,
  retransmit,
  sendAcknowledgment,
  sendHandshake,
  tcpOutput,
  timeout,
  transmit,
} from './output'
import { timestampNow } from './secrets'
import { announceWindow } from './window'
import { CLOSED, LOSS, RETRIES_DATA, RETRIES_SYN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state'
import { ETIMEDOUT } from '../errno'

/** What happens when nothing happens (RFC 9293 section 3.10.8, RFC 6298 section 5). */

/** The one timer of a socket has fired: looks which of its deadlines have come. */
export function onTcpTimer(owner: usize): void {
  const s = changetype<TcpSocket>(owner)
  const now = s.stack.now()
  if (isDue(s.rtoAt, now)) {
    s.rtoAt = 0
    retransmissionTimeout(s)
  }
  if (isDue(s.probeAt, now)) {
    s.probeAt = 0
    probeTail(s)
  }
  if (isDue(s.persistAt, now)) {
    s.persistAt = 0
    probeWindow(s)
  }
  if (isDue(s.ackAt, now)) {
    s.ackAt = 0
    if (s.ackPending) sendAcknowledgment(s)
  }
  if (isDue(s.keepAliveAt, now)) {
    s.keepAliveAt = 0
    checkAlive(s, now)
  }
  if (isDue(s.lingerAt, now)) {
    s.lingerAt = 0
    finish(s, 0)
  }
  if (s.state != CLOSED && s.state != TIME_WAIT) s.arm()
}

function isDue(deadline: u64, now: u64): bool {
  return deadline != 0 && deadline <= now
}

function retransmissionTimeout(s: TcpSocket): void {
  const isOpening = s.state == SYN_SENT || s.state == SYN_RECEIVED
  s.retries++
  s.stack.stats.tcpTimeouts++
  if (s.retries > (isOpening ? RETRIES_SYN : RETRIES_DATA)) {
    if (s.state != SYN_SENT) sendReset(s)
    finish(s, s.softError ? s.softError : -ETIMEDOUT)
    return
  }
  if (s.backoff < 16) s.backoff++
  if (isOpening) {
    sendHandshake(s)
    return
  }
  if (s.retries == 1) reduce(s, s.sndNxt - s.sndUna)
  s.cwnd = s.mss
  s.recovery = LOSS
  s.recover = s.sndNxt
  s.lostEdge = s.sndNxt
  s.highRxt = s.sndUna
  s.forceRxt = true
  s.dupAcks = 0
  s.isTiming = false
  // A peer may take back what it acknowledged selectively (RFC 2018 section 8): the second time it is no longer believed.
  if (s.retries > 1 || (s.sacked.count && s.sacked.start(0) == s.sndUna)) s.sacked.clear()
  tcpOutput(s)
}

/** The peer's window has long been too small (RFC 9293 section 3.8.6.1): sends what fits, or one byte beyond it. */
function probeWindow(s: TcpSocket): void {
  if (s.sndWnd == 0 || s.isProbing) {
    s.retries++
    if (s.retries > RETRIES_DATA) {
      sendReset(s)
      finish(s, -ETIMEDOUT)
      return
    }
  }
  if (s.backoff < 16) s.backoff++
  s.stack.stats.tcpZeroWindowProbes++
  if (s.isProbing) {
    retransmit(s, s.sndUna, 1)
  } else if (s.sndNxt == s.sndUna && !s.finSent) {
    const unsent = s.dataEnd - s.sndNxt
    const length = min(min(unsent, s.mss - 12), max(s.sndWnd, 1 as u32))
    s.isProbing = s.sndWnd == 0
    if (!transmit(s, s.sndNxt, length, length == 0 && s.finQueued ? 1 : 0)) s.isProbing = false
  }
  tcpOutput(s)
  if (s.isProbing) s.persistAt = s.stack.now() + timeout(s)
}

/** Keep-alive (RFC 9293 section 3.8.4): a segment that the peer must answer. */
function checkAlive(s: TcpSocket, now: u64): void {
  if (!s.keepAlive) return
  const idle = now - s.lastReceivedNs
  if (idle < s.keepAliveIdleNs) {
    s.keepAliveAt = s.lastReceivedNs + s.keepAliveIdleNs
    return
  }
  if (s.keepAliveSent >= s.keepAliveLimit) {
    sendReset(s)
    finish(s, -ETIMEDOUT)
    return
  }
  s.keepAliveSent++
  s.stack.stats.tcpKeepAliveProbes++
  const value = timestampNow(s.stack) + s.tsOffset
  sendBare(s, ACK, s.sndUna - 1, s.rcvNxt, announceWindow(s), s.timestampsOn, value, s.tsRecent)
  s.keepAliveAt = now + s.keepAliveIntervalNs
}
