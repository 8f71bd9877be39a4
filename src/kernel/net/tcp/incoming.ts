import { TcpSocket } from './socket'
import { FIN, Segment } from './codec'
import { enterTimeWait, finish, sendReset } from './lifecycle'
import { sendAcknowledgment } from './output'
import { seqLess, seqLessEqual } from './sequence'
import { receiveWindow } from './window'
import { CLOSE_WAIT, CLOSING, DELAYED_ACK, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 } from './state'

/** Received text and FIN (RFC 9293 section 3.10.7.4 "seventh" and "eighth"). */

/** Stores the text of an acceptable segment. False if the connection is over now. */
export function takeText(s: TcpSocket, segment: Segment): bool {
  let sequence = segment.sequence
  let data = segment.payload
  let length = segment.payloadLength
  if (seqLess(sequence, s.rcvNxt)) {
    const old = s.rcvNxt - sequence
    s.ackNow = true
    if (old >= length) {
      s.stack.stats.tcpDuplicates++
      return true
    }
    sequence = s.rcvNxt
    data += old
    length -= old
  }
  if (s.isReleased) {
    // Nobody will ever read this (RFC 9293 section 3.6.1).
    sendReset(s)
    finish(s, 0)
    return false
  }
  const window = receiveWindow(s)
  const offset = sequence - s.rcvNxt
  if (offset + length > window) {
    s.ackNow = true
    if (offset >= window) return true
    length = window - offset
  }
  s.rcvMss = max(s.rcvMss, length)
  if (offset == 0) inOrder(s, data, length)
  else outOfOrder(s, sequence, data, length)
  return true
}

function inOrder(s: TcpSocket, data: usize, length: u32): void {
  const ring = s.receiveRing
  const ranges = s.outOfOrder
  if (s.readShut) {
    s.rcvNxt += length
    ranges.clear()
  } else {
    const ahead = ranges.count ? ranges.last - s.rcvNxt : 0
    const extent = ring.length + max(ahead, length)
    if (!ring.reserve(extent, ring.length + ahead)) {
      s.stack.stats.tcpReceiveNoMemory++
      return
    }
    ring.place(ring.length, data, length)
    ring.length += length
    s.rcvNxt += length
    if (ranges.count) closeGap(s)
  }
  s.stack.touch(s)
  scheduleAck(s)
}

/** Bytes that waited beyond a gap that is now closed become readable. */
function closeGap(s: TcpSocket): void {
  const ranges = s.outOfOrder
  while (ranges.count && seqLessEqual(ranges.start(0), s.rcvNxt)) {
    const end = ranges.end(0)
    if (seqLess(s.rcvNxt, end)) {
      s.receiveRing.length += end - s.rcvNxt
      s.rcvNxt = end
    }
    ranges.trim(s.rcvNxt)
  }
  s.ackNow = true // RFC 5681 section 4.2: at once when a gap is filled
}

function outOfOrder(s: TcpSocket, sequence: u32, data: usize, length: u32): void {
  const ring = s.receiveRing
  const ranges = s.outOfOrder
  s.ackNow = true
  s.stack.stats.tcpOutOfOrder++
  if (s.readShut) return
  const offset = sequence - s.rcvNxt
  const ahead = ranges.count ? ranges.last - s.rcvNxt : 0
  if (!ring.reserve(ring.length + max(ahead, offset + length), ring.length + ahead)) {
    s.stack.stats.tcpReceiveNoMemory++
    return
  }
  if (!ranges.add(sequence, sequence + length)) return
  ring.place(ring.length + offset, data, length)
  s.lastOutOfOrder = sequence
}

/** Delayed ACK (RFC 9293 section 3.8.6.3): at once for every second full segment, else after 40 ms. */
function scheduleAck(s: TcpSocket): void {
  if (s.rcvNxt - s.lastAckSent >= 2 * s.rcvMss || s.outOfOrder.count) {
    s.ackNow = true
  } else if (!s.ackPending) {
    s.ackPending = true
    s.ackAt = s.stack.now() + DELAYED_ACK
    s.arm()
  }
}

/** Notes the FIN of a segment, and acts on it once everything before it has come. False if the socket is out of play now. */
export function takeFin(s: TcpSocket, segment: Segment): bool {
  if (segment.flags & FIN && !s.hasPeerFin) {
    const at = segment.sequence + segment.payloadLength
    if (at - s.rcvNxt <= receiveWindow(s)) {
      s.hasPeerFin = true
      s.peerFin = at
    }
  }
  if (!s.hasPeerFin || s.finReceived || s.rcvNxt != s.peerFin) return true
  s.finReceived = true
  s.rcvNxt++
  if (seqLess(s.rcvAdv, s.rcvNxt)) s.rcvAdv = s.rcvNxt
  s.ackNow = true
  s.outOfOrder.release()
  s.stack.touch(s)
  if (s.state == ESTABLISHED) {
    s.state = CLOSE_WAIT
  } else if (s.state == FIN_WAIT_1) {
    if (s.finAcked) return leave(s)
    s.state = CLOSING
  } else if (s.state == FIN_WAIT_2) {
    return leave(s)
  }
  return true
}

function leave(s: TcpSocket): bool {
  sendAcknowledgment(s)
  enterTimeWait(s)
  return false
}
