import { TcpSocket } from './socket'
import { seqLess } from './sequence'
import { MAXIMUM_WINDOW_SCALE } from './codec'

/** The receive window (RFC 9293 section 3.8.6, RFC 7323 section 2). */

/** The smallest scale with which a window of so many bytes can be told. */
export function scaleFor(bytes: u32): u32 {
  let scale: u32 = 0
  while (scale < MAXIMUM_WINDOW_SCALE && bytes >> scale > 0xffff) scale++
  return scale
}

/** Bytes that may still arrive: from RCV.NXT to the edge that was told. */
export function receiveWindow(s: TcpSocket): u32 {
  return seqLess(s.rcvNxt, s.rcvAdv) ? s.rcvAdv - s.rcvNxt : 0
}

/** Where the right edge could be now. It never moves back. */
export function possibleEdge(s: TcpSocket): u32 {
  const budget = s.stack.budget
  let room = s.receiveRing.room
  // Close to the bound on memory nobody is promised more than he already has.
  if (budget.isExhausted) room = min(room, max(s.receiveRing.spare, s.rcvMss))
  const edge = s.rcvNxt + room
  return seqLess(edge, s.rcvAdv) ? s.rcvAdv : edge
}

/** Moves the edge, in steps worth telling (silly-window avoidance), and returns the window to announce, unscaled. */
export function announceWindow(s: TcpSocket): u32 {
  const edge = possibleEdge(s)
  if (edge - s.rcvAdv >= min(s.receiveRing.limit >> 1, s.rcvMss)) s.rcvAdv = edge
  // What cannot be expressed in the scale is not promised.
  const shown = min(receiveWindow(s) >> s.rcvScale, 0xffff as u32)
  return shown
}

/** Whether reading has opened the window so far that the peer should hear of it. */
export function isUpdateDue(s: TcpSocket): bool {
  const now = receiveWindow(s)
  const possible = possibleEdge(s) - s.rcvNxt
  const gain = possible - now
  return gain >= s.receiveRing.limit >> 1 || (gain >= 2 * s.rcvMss && possible >= 2 * now)
}
