import { TcpSocket } from './socket'
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from '../socket'
import { sendReset, tcpDestroy } from './lifecycle'
import { tcpOutput } from './output'
import {
  CLOSED,
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  FIN_WAIT_2_LENGTH,
  LAST_ACK,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from './state'
import { EINVAL, ENOTCONN } from '../errno'

/** CLOSE and ABORT of RFC 9293 sections 3.10.4 and 3.10.5, and their halves. */

export function tcpShutdown(s: TcpSocket, how: u32): i32 {
  if (how > SHUT_RDWR) return -EINVAL
  if (s.state == CLOSED || s.state == LISTEN || s.state == SYN_SENT) return -ENOTCONN
  if (how != SHUT_WR) s.readShut = true
  if (how != SHUT_RD) queueFin(s)
  return 0
}

export function tcpClose(s: TcpSocket): void {
  if (s.isReleased) return
  const state = s.state
  s.owner = 0
  if (state == CLOSED || state == LISTEN || state == SYN_SENT || state == TIME_WAIT) {
    tcpDestroy(s)
    return
  }
  // Bytes that nobody will read are a reason to tell the peer at once (RFC 2525 section 2.17).
  if (s.linger == 0 || s.receiveRing.length > 0) {
    tcpAbort(s)
    return
  }
  s.isReleased = true
  s.readShut = true
  queueFin(s)
  if (s.state == FIN_WAIT_2) waitForPeer(s)
}

export function tcpAbort(s: TcpSocket): void {
  if (s.isReleased) return
  const state = s.state
  s.owner = 0
  if (state >= SYN_RECEIVED && state != TIME_WAIT) sendReset(s)
  tcpDestroy(s)
}

/** The user of a connection whose own side is finished has gone: the peer may take only so long. */
export function waitForPeer(s: TcpSocket): void {
  s.lingerAt = s.stack.now() + FIN_WAIT_2_LENGTH
  s.arm()
}

function queueFin(s: TcpSocket): void {
  if (s.finQueued) return
  s.finQueued = true
  if (s.state == ESTABLISHED) s.state = FIN_WAIT_1
  else if (s.state == CLOSE_WAIT) s.state = LAST_ACK
  tcpOutput(s)
}
