import { TcpSocket } from './socket'
import { READY_ERR, READY_HUP, READY_IN, READY_OUT, READY_RDHUP } from '../socket'
import { CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT } from './state'

/** What a socket is ready for, as `epoll` of Linux would say. */
export function tcpReadiness(s: TcpSocket): u32 {
  if (s.state == LISTEN) return s.acceptHead ? READY_IN : 0
  if (s.state == SYN_SENT || s.state == SYN_RECEIVED) return 0
  if (!s.isUsed) return READY_OUT | READY_HUP
  let ready: u32 = 0
  const isOver = s.state == CLOSED || s.state == TIME_WAIT
  const noMoreInput = s.finReceived || s.readShut || isOver
  if (s.error) ready |= READY_ERR | READY_IN | READY_OUT
  if (s.receiveRing.length > 0 || noMoreInput) ready |= READY_IN
  if (noMoreInput) ready |= READY_RDHUP
  if (s.state == CLOSED || (noMoreInput && s.finQueued)) ready |= READY_HUP
  if (s.finQueued || isOver || hasRoom(s)) ready |= READY_OUT
  return ready
}

/** Room for a quarter of the buffer: waking a writer for less would cost more than it moves. */
function hasRoom(s: TcpSocket): bool {
  return !s.isStarved && s.sendRing.room >= s.sendRing.limit >> 2
}
