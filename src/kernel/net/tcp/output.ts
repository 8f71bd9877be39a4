import { TcpSocket } from './socket'
import { ACK, FIN, PSH, TCP_HEADER, emitSackHeader, emitTcp, emitTimestamps } from './codec'
import { write32 } from '../core/bytes'
import { sendSegment, sendSyn } from './emit'
import { restartAfterIdle } from './congestion'
import { lossPipe, nextHole } from './scoreboard'
import { timestampNow } from './secrets'
import { seqLess } from './sequence'
import { announceWindow } from './window'
import { CLOSED, LISTEN, OPEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state'
import { EAGAIN, EMSGSIZE } from '../errno'

/** What to send and when (RFC 9293 sections 3.7 and 3.8; RFC 6675 for what was lost). */

const TIMESTAMPS_LENGTH: u32 = 12
const PROBE_MINIMUM: u64 = 2_000_000
/** More than a delayed ACK takes. */
const PROBE_SINGLE: u64 = 60_000_000

/** Sends whatever may be sent now: lost segments, new data, FIN, or at least an ACK that is due; sets the timers. */
export function tcpOutput(s: TcpSocket): void {
  const state = s.state
  if (state == CLOSED || state == LISTEN || state == TIME_WAIT) return
  if (state == SYN_SENT || state == SYN_RECEIVED) {
    if (s.rtoAt == 0) sendHandshake(s)
    return
  }
  while (sendNext(s)) {}
  if (s.ackNow) sendAcknowledgment(s)
  setSendTimers(s)
}

/** Sends, or repeats, the SYN or SYN-ACK, and starts its timer. */
export function sendHandshake(s: TcpSocket): void {
  const stack = s.stack
  const isAnswer = s.state == SYN_RECEIVED
  const window = min(s.receiveRing.limit, 0xffff as u32)
  // An answer offers only what the peer has offered.
  const scale = isAnswer && !s.scaleOn ? -1 : (s.rcvScale as i32)
  sendSyn(
    s,
    isAnswer ? ACK : 0,
    s.iss,
    isAnswer ? s.rcvNxt : 0,
    window,
    scale,
    s.sackOn,
    s.timestampsOn,
    timestampNow(stack) + s.tsOffset,
    isAnswer ? s.tsRecent : 0,
  )
  if (s.retries == 0) {
    s.isTiming = true
    s.timedSeq = s.iss + 1
    s.timedNs = stack.now()
  } else {
    s.isTiming = false
  }
  s.rtoAt = stack.now() + (s.rto << (s.backoff as u64))
  s.arm()
}

/** An ACK by itself. The byte that probes a closed window is not counted: the peer would find the ACK beyond its window. */
export function sendAcknowledgment(s: TcpSocket): void {
  transmit(s, s.isProbing ? s.sndUna : s.sndNxt, 0, 0)
}

/** Bytes thought to be in the network: RFC 6675's pipe. */
export function pipe(s: TcpSocket): u32 {
  const flight = s.sndNxt - s.sndUna
  const gone = (s.sackOn ? s.sacked.bytes : min(s.dupAcks * s.mss, flight)) + lossPipe(s)
  return flight > gone ? flight - gone : 0
}

/** Sends one segment if one may go; whether it did. */
function sendNext(s: TcpSocket): bool {
  const largest = s.mss - (s.timestampsOn ? TIMESTAMPS_LENGTH : 0) - sackLength(s)
  if (s.recovery != OPEN && nextHole(s)) return sendLost(s, largest)
  if (s.finSent) return false
  const sequence = s.sndNxt
  const flight = sequence - s.sndUna
  const unsent = s.dataEnd - sequence
  if (unsent == 0 && !s.finQueued) return false
  if (flight == 0 && s.lastSendNs && s.stack.now() - s.lastSendNs > s.rto) restartAfterIdle(s)
  const edge = s.sndUna + s.sndWnd
  const usable: u32 = seqLess(sequence, edge) ? edge - sequence : 0
  let length = min(unsent, largest)
  const isCut = length > usable
  if (isCut) length = usable
  // The FIN takes a place in the window too.
  const fin: u32 = s.finQueued && length == unsent && usable > length ? FIN : 0
  if (length == 0 && !fin) return false
  if (length < largest && !fin) {
    // Silly-window avoidance (RFC 9293 section 3.8.6.2.1), then Nagle (section 3.7.4).
    if (isCut && length < s.maxSndWnd >> 1) return false
    if (!isCut && !s.noDelay && flight > 0) return false
  }
  if (flight > 0 && pipe(s) + length > s.cwnd) return false
  if (!transmit(s, sequence, length, fin)) return false
  if (!s.isTiming) {
    s.isTiming = true
    s.timedSeq = s.sndNxt
    s.timedNs = s.lastSendNs
  }
  return true
}

/** Sends the next lost piece again, if the pipe has room. `nextHole` has found it. */
function sendLost(s: TcpSocket, largest: u32): bool {
  const sequence = s.holeStart
  const length = min(s.holeEnd - sequence, largest)
  if (!s.forceRxt && pipe(s) + length > s.cwnd) return false
  if (!retransmit(s, sequence, length)) return false
  s.forceRxt = false
  if (sequence == s.sndUna) s.rxtMark = s.sndNxt
  s.highRxt = sequence + length
  return true
}

/** Sends numbers again that have been sent before; the FIN may be the last of them. False if the device had no room. */
export function retransmit(s: TcpSocket, sequence: u32, length: u32): bool {
  const dataEnd = s.dataEnd
  const isFinIn = s.finSent && seqLess(dataEnd, sequence + length)
  const payload = isFinIn ? dataEnd - sequence : length
  s.stack.stats.tcpRetransmissions++
  s.isTiming = false
  return transmit(s, sequence, payload, isFinIn ? FIN : 0)
}

/** Builds and sends a segment from the send buffer; moves SND.NXT over what is new. False if the device had no room. */
export function transmit(s: TcpSocket, sequence: u32, length: u32, fin: u32): bool {
  const stack = s.stack
  if (stack.routes.find(s.remoteAddress)) {
    const start = stack.transport
    let at = start + TCP_HEADER
    if (s.timestampsOn) at = emitTimestamps(at, timestampNow(stack) + s.tsOffset, s.tsRecent)
    if (s.outOfOrder.count && s.sackOn) at = emitSack(s, at)
    const headerLength = (at - start) as u32
    if (length) s.sendRing.copyOut(at, sequence - s.sndBase, length)
    let flags = ACK | fin
    if (length && sequence + length == s.dataEnd) flags |= PSH
    const window = announceWindow(s)
    emitTcp(start, s.localPort, s.remotePort, sequence, s.rcvNxt, headerLength, flags, window)
    const result = sendSegment(stack, s.localAddress, s.remoteAddress, headerLength + length)
    if (result == -EAGAIN) {
      stack.tcp.wait(s)
      return false
    }
    if (result == -EMSGSIZE) {
      // The interface's MTU shrank: the next attempt is smaller.
      s.mss = max(s.mss >> 1, 88 as u32)
      return false
    }
  }
  // Without a route the segment counts as lost on the way: a later attempt may find one.
  s.lastAckSent = s.rcvNxt
  s.ackNow = false
  s.ackPending = false
  s.ackAt = 0
  if (length || fin) s.lastSendNs = stack.now()
  const end = sequence + length + (fin ? 1 : 0)
  if (seqLess(s.sndNxt, end)) s.sndNxt = end
  if (fin) s.finSent = true
  return true
}

/** Retransmission timer while something is in flight (RFC 6298 section 5), persist timer while only the window stops us. */
function setSendTimers(s: TcpSocket): void {
  const inFlight = s.sndNxt != s.sndUna
  if (inFlight && !s.isProbing) {
    s.persistAt = 0
    if (s.rtoAt == 0) s.rtoAt = s.stack.now() + timeout(s)
    setTailProbe(s)
  } else {
    s.rtoAt = 0
    s.probeAt = 0
    const hasMore = s.isProbing || (!s.finSent && (s.dataEnd != s.sndNxt || s.finQueued))
    if (!hasMore || s.isWaiting) s.persistAt = 0
    else if (s.persistAt == 0) s.persistAt = s.stack.now() + timeout(s)
  }
  s.arm()
}

/** A lost tail is found out after two round trips, not after a whole timeout (RFC 8985 section 7.2). */
function setTailProbe(s: TcpSocket): void {
  if (s.probeSent || s.recovery != OPEN || !s.sackOn || s.smoothedRtt == 0) {
    s.probeAt = 0
    return
  }
  const since = max(s.lastSendNs, s.rtoAt - timeout(s))
  // A single segment may wait for the peer's delayed ACK.
  const patience: u64 = s.sndNxt - s.sndUna <= s.mss ? PROBE_SINGLE : PROBE_MINIMUM
  const at = since + 2 * s.smoothedRtt + patience
  s.probeAt = at < s.rtoAt ? at : 0
}

/** Sends a segment that makes the peer say what it has: new data if there is any, else the last segment again. */
export function probeTail(s: TcpSocket): void {
  if (s.recovery != OPEN || s.sndNxt == s.sndUna) return
  s.probeSent = true
  s.stack.stats.tcpTailProbes++
  const largest = s.mss - (s.timestampsOn ? TIMESTAMPS_LENGTH : 0) - sackLength(s)
  const edge = s.sndUna + s.sndWnd
  if (!s.finSent && s.dataEnd != s.sndNxt && seqLess(s.sndNxt, edge)) {
    transmit(s, s.sndNxt, min(min(s.dataEnd - s.sndNxt, largest), edge - s.sndNxt), 0)
  } else {
    const length = min(s.sndNxt - s.sndUna, largest)
    retransmit(s, s.sndNxt - length, length)
  }
  setSendTimers(s)
}

/** The retransmission timeout with its back-off, at most a minute. */
export function timeout(s: TcpSocket): u64 {
  return min(s.rto << (min(s.backoff, 16 as u32) as u64), 60_000_000_000 as u64)
}

function sackLength(s: TcpSocket): u32 {
  if (s.outOfOrder.count == 0 || !s.sackOn) return 0
  return 4 + 8 * min(s.outOfOrder.count, s.timestampsOn ? 3 : 4)
}

/** SACK blocks (RFC 2018 section 4): the range that grew last comes first. */
function emitSack(s: TcpSocket, at: usize): usize {
  const ranges = s.outOfOrder
  const count = min(ranges.count, s.timestampsOn ? 3 : 4)
  let index = ranges.find(s.lastOutOfOrder)
  let next = emitSackHeader(at, count)
  for (let block: u32 = 0; block < count; block++) {
    if (index >= ranges.count) index = 0
    write32(next, ranges.start(index))
    write32(next + 4, ranges.end(index))
    next += 8
    index++
  }
  return next
}
