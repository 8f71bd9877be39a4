import { TcpSocket } from './socket'
import { MSG_PEEK } from '../socket'
import { tcpOutput } from './output'
import { isUpdateDue } from './window'
import { CLOSED, CLOSE_WAIT, ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state'
import { EAGAIN, ENOTCONN, EPIPE } from '../errno'

/** The user's bytes: SEND and RECEIVE of RFC 9293 sections 3.10.2 and 3.10.3. */

export function tcpSend(s: TcpSocket, data: usize, length: u32): i32 {
  if (s.error) return s.takeError()
  const state = s.state
  if (state == SYN_SENT || state == SYN_RECEIVED) return -EAGAIN
  if (state == LISTEN || !s.isUsed) return -ENOTCONN
  if (s.finQueued || (state != ESTABLISHED && state != CLOSE_WAIT)) return -EPIPE
  if (length == 0) return 0
  const taken = s.sendRing.write(data, length)
  if (taken > 0) tcpOutput(s)
  if (taken < length) {
    if (s.sendRing.room > 0) s.stack.tcp.starved.add(s)
    s.reported &= s.readiness()
  }
  return taken == 0 ? -EAGAIN : (taken as i32)
}

export function tcpRecv(s: TcpSocket, data: usize, length: u32, flags: u32): i32 {
  const state = s.state
  if (state == LISTEN || !s.isUsed) return -ENOTCONN
  const ring = s.receiveRing
  if (ring.length == 0) {
    if (s.error) return s.takeError()
    if (s.finReceived || s.readShut || state == CLOSED || state == TIME_WAIT) return 0
    return -EAGAIN
  }
  const count = min(length, ring.length)
  ring.copyOut(data, 0, count)
  if (flags & MSG_PEEK) return count as i32
  ring.drop(count)
  if (s.outOfOrder.count == 0) ring.releaseIfTight()
  s.reported &= s.readiness()
  if (state != CLOSED && state != TIME_WAIT && !s.finReceived && isUpdateDue(s)) {
    s.ackNow = true
    tcpOutput(s)
  }
  return count as i32
}
