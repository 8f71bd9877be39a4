import { TcpSocket } from './socket'
import { ACK, RST, SYN, Segment } from './codec'
import { acknowledge } from './acknowledge'
import { waitForPeer } from './close'
import { sendResetFor } from './emit'
import { becomeEstablished, enterTimeWait, finish, sendChallenge } from './lifecycle'
import { takeFin, takeText } from './incoming'
import { startCongestion } from './congestion'
import { clampMss } from './mss'
import { sendHandshake, tcpOutput } from './output'
import { sampleRtt } from './rtt'
import { seqLess, seqLessEqual } from './sequence'
import { receiveWindow } from './window'
import { CLOSING, FIN_WAIT_1, FIN_WAIT_2, LAST_ACK, SYN_RECEIVED, SYN_SENT } from './state'
import { ECONNREFUSED, ECONNRESET } from '../errno'

/** SEGMENT ARRIVES of RFC 9293 section 3.10.7.4, with the checks of RFC 5961 and RFC 7323. */

const DAYS_24_NS: u64 = 24 * 86_400 * 1_000_000_000

export function segmentArrives(s: TcpSocket, segment: Segment): void {
  if (s.state == SYN_SENT) {
    synSent(s, segment)
    return
  }
  if (s.keepAlive) {
    s.keepAliveSent = 0
    s.lastReceivedNs = s.stack.now()
  }
  if (process(s, segment)) tcpOutput(s)
}

/** False if the socket must not send: it is over, or somebody has sent for it. */
function process(s: TcpSocket, segment: Segment): bool {
  const flags = segment.flags
  if (s.state == SYN_RECEIVED && flags & SYN && segment.sequence == s.irs && !(flags & RST)) {
    return repeatedSyn(s, segment)
  }
  if (s.timestampsOn && !(flags & RST) && !checkTimestamp(s, segment)) return true
  if (!isAcceptable(s, segment)) {
    s.stack.stats.tcpOutOfWindow++
    if (flags & RST) return false
    // An ACK for an ACK could go on for ever: those are counted, data is always answered.
    if (segment.length > 0) s.ackNow = true
    else sendChallenge(s)
    // A closed window must not keep acknowledgments out (RFC 9293 section 3.10.7.4 "first"), not even those of a peer
    // that counts what it has sent beyond the window, if only the byte that probed it.
    const isNear = segment.sequence - s.rcvNxt <= s.receiveRing.limit
    if (receiveWindow(s) == 0 && isNear && flags & ACK && !(flags & SYN)) {
      return s.state != SYN_RECEIVED && acknowledge(s, segment) ? afterAck(s) : true
    }
    return true
  }
  if (flags & RST) return reset(s, segment)
  if (flags & SYN) {
    sendChallenge(s)
    return true
  }
  if (!(flags & ACK)) return true
  noteTimestamp(s, segment)
  if (s.state == SYN_RECEIVED) {
    if (!(seqLess(s.sndUna, segment.acknowledgment) && seqLessEqual(segment.acknowledgment, s.sndNxt))) {
      sendResetFor(s.stack, segment)
      return false
    }
    complete(s, segment)
  }
  if (!acknowledge(s, segment)) return true
  if (!afterAck(s)) return false
  if (segment.payloadLength && !s.finReceived && !takeText(s, segment)) return false
  return takeFin(s, segment)
}

/** SYN-SENT (section 3.10.7.3). */
function synSent(s: TcpSocket, segment: Segment): void {
  const flags = segment.flags
  const hasAck = (flags & ACK) != 0
  if (hasAck && segment.acknowledgment != s.sndNxt) {
    sendResetFor(s.stack, segment)
    return
  }
  if (flags & RST) {
    if (hasAck) {
      s.stack.stats.tcpResetsReceived++
      finish(s, -ECONNREFUSED)
    }
    return
  }
  if (!(flags & SYN)) return
  s.irs = segment.sequence
  s.rcvNxt = segment.sequence + 1
  s.lastAckSent = s.rcvNxt
  s.rcvAdv = s.rcvNxt + min(s.receiveRing.limit, 0xffff as u32)
  agreeOnOptions(s, segment)
  s.sndWnd = segment.window
  s.maxSndWnd = segment.window
  s.sndWl1 = segment.sequence
  s.sndWl2 = segment.acknowledgment
  if (hasAck) {
    if (s.isTiming) sampleRtt(s, s.stack.now() - s.timedNs)
    s.isTiming = false
    becomeEstablished(s)
    s.ackNow = true
  } else {
    // Both sides opened at once: the SYN is repeated with an ACK.
    s.state = SYN_RECEIVED
    s.rtoAt = 0
    s.retries = 0
  }
  tcpOutput(s)
}

function agreeOnOptions(s: TcpSocket, segment: Segment): void {
  s.sackOn = s.sackOn && segment.sackPermitted
  s.timestampsOn = s.timestampsOn && segment.hasTimestamps
  s.tsRecent = segment.timestampValue
  s.tsRecentNs = s.stack.now()
  if (segment.windowScale >= 0) {
    s.sndScale = segment.windowScale as u32
    s.scaleOn = true
  } else {
    s.rcvScale = 0
  }
  clampMss(s, segment.mss)
  startCongestion(s)
}

/** The peer did not hear the SYN-ACK, or, opening at once, answered our SYN with its own. */
function repeatedSyn(s: TcpSocket, segment: Segment): bool {
  if (segment.flags & ACK && segment.acknowledgment == s.sndNxt) {
    complete(s, segment)
    s.ackNow = true
    return true
  }
  if (!(segment.flags & ACK)) sendHandshake(s)
  return false
}

/** SYN-RECEIVED is over. */
function complete(s: TcpSocket, segment: Segment): void {
  if (s.isTiming && s.retries == 0) sampleRtt(s, s.stack.now() - s.timedNs)
  s.isTiming = false
  s.sndWnd = segment.flags & SYN ? segment.window : segment.window << s.sndScale
  s.maxSndWnd = s.sndWnd
  s.sndWl1 = segment.sequence
  s.sndWl2 = segment.acknowledgment
  becomeEstablished(s)
  if (s.finQueued) s.state = FIN_WAIT_1
}

/** What the acknowledgment of our FIN changes. False if the socket is out of play now. */
function afterAck(s: TcpSocket): bool {
  if (!s.finAcked) return true
  if (s.state == FIN_WAIT_1) {
    s.state = FIN_WAIT_2
    s.stack.touch(s)
    if (s.isReleased) waitForPeer(s)
  } else if (s.state == CLOSING) {
    enterTimeWait(s)
    return false
  } else if (s.state == LAST_ACK) {
    finish(s, 0)
    return false
  }
  return true
}

/** RFC 5961 section 3.2: only a reset exactly at RCV.NXT counts, another in the window is questioned. */
function reset(s: TcpSocket, segment: Segment): bool {
  if (segment.sequence != s.rcvNxt) {
    sendChallenge(s)
    return true
  }
  s.stack.stats.tcpResetsReceived++
  const isOver = s.state == CLOSING || s.state == LAST_ACK
  finish(s, isOver ? 0 : s.state == SYN_RECEIVED ? -ECONNREFUSED : -ECONNRESET)
  return false
}

/** The four cases of section 3.10.7.4 "first". */
function isAcceptable(s: TcpSocket, segment: Segment): bool {
  const window = receiveWindow(s)
  const length = segment.length
  const offset = segment.sequence - s.rcvNxt
  if (length == 0) return window == 0 ? offset == 0 : offset < window || offset == 0
  if (window == 0) return false
  return offset < window || offset + length - 1 < window
}

/** PAWS (RFC 7323 section 5.3). False if the segment is from before. */
function checkTimestamp(s: TcpSocket, segment: Segment): bool {
  if (!segment.hasTimestamps) return false
  if (!seqLess(segment.timestampValue, s.tsRecent)) return true
  if (s.stack.now() - s.tsRecentNs > DAYS_24_NS) return true
  s.stack.stats.tcpPawsRejected++
  if (segment.length > 0) s.ackNow = true
  return false
}

/** Which timestamp to echo (RFC 7323 section 4.3). */
function noteTimestamp(s: TcpSocket, segment: Segment): void {
  if (!s.timestampsOn || seqLess(s.lastAckSent, segment.sequence)) return
  if (seqLess(segment.timestampValue, s.tsRecent)) return
  s.tsRecent = segment.timestampValue
  s.tsRecentNs = s.stack.now()
}
