import { TcpSocket } from './socket'
import { INITIAL_WINDOW_SEGMENTS, MILLISECOND } from './state'

/**
 * CUBIC (RFC 9438) in integers: slow start, then W(t) = C·(t − K)³ + Wmax with C = 0.4 and β = 0.7, never slower than Reno
 * would be. Windows are bytes, times milliseconds.
 */

const TIME_MAXIMUM: i64 = 60_000
/** Fixed point of the share that `estimateRest` keeps. */
const ALPHA_NUMERATOR: u64 = 529

export function startCongestion(s: TcpSocket): void {
  s.cwnd = initialWindow(s)
  s.ssthresh = 0x7fffffff
  s.wMax = 0
  s.epochNs = 0
}

/** RFC 6928: ten segments, but no more than 14,600 bytes unless two segments are more. */
export function initialWindow(s: TcpSocket): u32 {
  return min(INITIAL_WINDOW_SEGMENTS * s.mss, max(2 * s.mss, 14600 as u32))
}

/** `acked` bytes were newly acknowledged while the window was what limited sending. */
export function grow(s: TcpSocket, acked: u32): void {
  if (s.cwnd < s.ssthresh) {
    // RFC 3465 with L = 2: an ACK that covers much must not burst.
    s.cwnd += min(acked, 2 * s.mss)
    return
  }
  avoidCongestion(s, acked)
}

/** A segment was lost: the new slow-start threshold from the bytes in flight. */
export function reduce(s: TcpSocket, flight: u32): void {
  // Fast convergence (RFC 9438 section 4.7): a flow that shrinks releases more.
  s.wMax = s.cwnd < s.wMax ? ((((s.cwnd as u64) * 17) / 20) as u32) : s.cwnd
  s.epochNs = 0
  const base = min(flight, s.cwnd)
  s.ssthresh = max((((base as u64) * 7) / 10) as u32, 2 * s.mss)
}

/** The connection was silent longer than a timeout: what is known about the path is old (RFC 5681 section 4.1). */
export function restartAfterIdle(s: TcpSocket): void {
  s.cwnd = min(s.cwnd, initialWindow(s))
  s.epochNs = 0
}

function avoidCongestion(s: TcpSocket, acked: u32): void {
  const now = s.stack.now()
  const mss = s.mss
  if (s.epochNs == 0) {
    s.epochNs = now
    s.reno = s.cwnd
    s.renoRest = 0
    if (s.wMax <= s.cwnd) {
      s.wMax = s.cwnd
      s.cubicK = 0
    } else {
      // K = cbrt((Wmax − cwnd) / (C·MSS)) seconds; 1/C · 10⁹ ms³ = 2.5·10⁹.
      s.cubicK = cubeRoot(((((s.wMax - s.cwnd) / mss) as u64) + 1) * 2_500_000_000) as u32
    }
  }
  growReno(s, acked)
  const elapsed = ((now - s.epochNs + s.smoothedRtt) / MILLISECOND) as i64
  let offset = elapsed - s.cubicK
  offset = min(max(offset, -TIME_MAXIMUM), TIME_MAXIMUM)
  const growth = (((offset * offset * offset) / 1_000_000_000) * 2 * mss) / 5
  const goal = max((s.wMax as i64) + growth, s.cwnd as i64)
  const target = max(min(goal, ((s.cwnd as i64) * 3) / 2), s.reno as i64) as u64
  if (target > s.cwnd) {
    const step = ((target - s.cwnd) * acked + s.growthRest) / s.cwnd
    s.growthRest = (((target - s.cwnd) * acked + s.growthRest) % s.cwnd) as u32
    s.cwnd = min((s.cwnd as u64) + min(step, acked as u64), 0x3fffffff) as u32
  }
}

/** What Reno would have reached (RFC 9438 section 4.3): α·MSS per window. */
function growReno(s: TcpSocket, acked: u32): void {
  const alpha: u64 = s.reno < s.wMax ? ALPHA_NUMERATOR : 1000
  const progress = alpha * mulMss(s, acked) + s.renoRest
  const divisor = (max(s.reno, s.mss) as u64) * 1000
  s.reno = min((s.reno as u64) + progress / divisor, 0x3fffffff) as u32
  s.renoRest = progress % divisor
}

function mulMss(s: TcpSocket, acked: u32): u64 {
  return (acked as u64) * s.mss
}

function cubeRoot(value: u64): u64 {
  let root: u64 = 0
  let rest = value
  for (let shift = 63; shift >= 0; shift -= 3) {
    root <<= 1
    const trial = 3 * root * (root + 1) + 1
    if (rest >> (shift as u64) >= trial) {
      rest -= trial << (shift as u64)
      root++
    }
  }
  return root
}
