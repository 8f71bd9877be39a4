import { TcpSocket } from './socket'
import { FIN, SYN, Segment } from './codec'
import { grow, reduce } from './congestion'
import { sendChallenge } from './lifecycle'
import { sampleRtt } from './rtt'
import { lossByScoreboard, takeSacks } from './scoreboard'
import { timestampNow } from './secrets'
import { seqLess, seqLessEqual, seqMax, seqMin } from './sequence'
import { timeout } from './output'
import { DUPLICATE_THRESHOLD, LOSS, MILLISECOND, OPEN, RECOVERY } from './state'

/** What an acknowledgment changes (RFC 9293 section 3.10.7.4 "fifth", RFC 5681, RFC 6675, RFC 6582). */

/** Handles the ACK field, window and SACK blocks of a segment. False if the segment must be dropped. */
export function acknowledge(s: TcpSocket, segment: Segment): bool {
  const ack = segment.acknowledgment
  // RFC 5961 section 5: an ACK for what was never sent, or for long ago, is forged or astray.
  if (seqLess(s.sndNxt, ack) || seqLess(ack, s.sndUna - s.maxSndWnd)) {
    sendChallenge(s)
    return false
  }
  const windowBefore = s.sndWnd
  updateWindow(s, segment)
  const news: u32 = s.sackOn && segment.sackCount ? takeSacks(s, segment) : 0
  if (seqLess(s.sndUna, ack)) {
    advance(s, segment)
  } else if (ack == s.sndUna && s.sndNxt != s.sndUna) {
    const isDuplicate =
      segment.payloadLength == 0 && !(segment.flags & (SYN | FIN)) && s.sndWnd == windowBefore && !s.isProbing
    if (isDuplicate || news > 0) duplicate(s)
  }
  if (s.isProbing) {
    // A peer that answers is alive, however long its window stays closed.
    s.retries = 0
    if (s.sndWnd > 0) endProbing(s)
  }
  return true
}

/**
 * Takes the window of a segment that is not older than what we know. What moves SND.UNA always is newer: a segment sent again
 * carries an old sequence number, and its window, added to the new SND.UNA, is the edge. What lies behind SND.UNA never is.
 */
function updateWindow(s: TcpSocket, segment: Segment): void {
  const ack = segment.acknowledgment
  if (seqLess(ack, s.sndUna)) return
  const isNewer =
    seqLess(s.sndUna, ack) ||
    seqLess(s.sndWl1, segment.sequence) ||
    (s.sndWl1 == segment.sequence && seqLessEqual(s.sndWl2, ack))
  if (!isNewer) return
  s.sndWnd = segment.window << s.sndScale
  s.maxSndWnd = max(s.maxSndWnd, s.sndWnd)
  s.sndWl1 = segment.sequence
  s.sndWl2 = segment.acknowledgment
}

/** SND.UNA moves. */
function advance(s: TcpSocket, segment: Segment): void {
  const ack = segment.acknowledgment
  const flight = s.sndNxt - s.sndUna
  const acked = ack - s.sndUna
  const wasLimited = flight + s.mss >= s.cwnd || s.recovery == LOSS
  measure(s, segment)
  if (seqLess(s.sndBase, ack)) {
    const bytes = min(ack - s.sndBase, s.sendRing.length)
    s.sendRing.drop(bytes)
    s.sndBase += bytes
    s.sendRing.releaseIfTight()
    // Its own buffer has drained: the user can go on with what it has.
    if (s.isStarved && s.sendRing.spare > s.sendRing.length) s.stack.tcp.starved.remove(s)
  }
  if (s.finSent && ack == s.sndNxt) s.finAcked = true
  s.sndUna = ack
  s.highRxt = seqMax(s.highRxt, ack)
  s.lostEdge = seqMax(s.lostEdge, ack)
  s.sacked.trim(ack)
  s.backoff = 0
  s.retries = 0
  s.softError = 0
  s.isProbing = false
  s.probeSent = false
  s.rtoAt = s.sndUna == s.sndNxt ? 0 : s.stack.now() + timeout(s)
  if (s.recovery == OPEN) {
    s.dupAcks = 0
    if (wasLimited) grow(s, acked)
  } else if (seqLessEqual(s.recover, ack)) {
    if (s.recovery == RECOVERY) s.cwnd = s.ssthresh
    s.recovery = OPEN
    s.dupAcks = 0
  } else {
    partial(s, acked)
  }
  s.stack.touch(s)
}

/** An ACK during recovery that does not end it: what it points to is lost too (RFC 6582 section 3.2 step 3). */
function partial(s: TcpSocket, acked: u32): void {
  const segments = acked / s.mss
  s.dupAcks = s.dupAcks > segments ? s.dupAcks - segments : 0
  if (s.recovery == LOSS) {
    grow(s, acked)
    return
  }
  s.lostEdge = seqMax(s.lostEdge, seqMin(s.sndUna + s.mss, s.recover))
  if (s.sackOn) s.lostEdge = seqMax(s.lostEdge, lossByScoreboard(s))
  if (s.highRxt == s.sndUna) s.forceRxt = true
}

/** An ACK that acknowledges nothing new while something is in flight. */
function duplicate(s: TcpSocket): void {
  s.dupAcks++
  if (s.recovery != OPEN) noteLostRetransmission(s)
  if (s.recovery == LOSS) return
  const edge = s.sackOn ? lossEdge(s) : s.sndUna
  if (s.recovery == RECOVERY) {
    s.lostEdge = seqMax(s.lostEdge, edge)
    return
  }
  const isLost = s.dupAcks >= DUPLICATE_THRESHOLD || seqLess(s.sndUna, edge)
  // RFC 6582 section 3.2 step 2: not for segments of a recovery that is just over.
  if (isLost && seqLessEqual(s.recover, s.sndUna)) enterRecovery(s, edge)
}

/** After a probe of the tail a single range says enough: there was time for everything below it to arrive. */
function lossEdge(s: TcpSocket): u32 {
  if (s.probeSent && s.recovery == OPEN && s.sacked.count) return s.sacked.start(s.sacked.count - 1)
  return lossByScoreboard(s)
}

/** What was sent well after the hole at SND.UNA was filled has arrived, and the filling has not: it is lost in its turn. */
function noteLostRetransmission(s: TcpSocket): void {
  if (!s.sacked.count || !seqLess(s.sndUna, s.highRxt)) return
  if (!seqLess(s.rxtMark + DUPLICATE_THRESHOLD * s.mss, s.sacked.last)) return
  s.highRxt = s.sndUna
  s.forceRxt = true
}

function enterRecovery(s: TcpSocket, edge: u32): void {
  reduce(s, s.sndNxt - s.sndUna)
  s.cwnd = s.ssthresh
  s.recovery = RECOVERY
  s.recover = s.sndNxt
  s.highRxt = s.sndUna
  s.lostEdge = seqMax(edge, seqMin(s.sndUna + s.mss, s.sndNxt))
  s.forceRxt = true
  s.isTiming = false
  s.stack.stats.tcpFastRecoveries++
}

/** The window has opened: the byte that probed it is sent again with the rest. */
function endProbing(s: TcpSocket): void {
  s.isProbing = false
  s.persistAt = 0
  s.backoff = 0
  s.retries = 0
  s.sndNxt = s.sndUna
  s.finSent = false
}

/** A round-trip sample: from the segment being timed (Karn: never sent twice), else from the echoed timestamp. */
function measure(s: TcpSocket, segment: Segment): void {
  if (s.isTiming && seqLessEqual(s.timedSeq, segment.acknowledgment)) {
    s.isTiming = false
    sampleRtt(s, s.stack.now() - s.timedNs)
  } else if (!s.isTiming && s.timestampsOn && segment.hasTimestamps && segment.timestampEcho != 0) {
    const elapsed = timestampNow(s.stack) + s.tsOffset - segment.timestampEcho
    if (elapsed < 600_000) sampleRtt(s, (elapsed as u64) * MILLISECOND)
  }
}
