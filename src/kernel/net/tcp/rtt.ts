import { TcpSocket } from './socket'
import { MILLISECOND, RTO_MAXIMUM, RTO_MINIMUM } from './state'

/** Takes a round-trip time into account (RFC 6298 section 2). */
export function sampleRtt(s: TcpSocket, rttNs: u64): void {
  const rtt = max(rttNs, 1)
  if (s.smoothedRtt == 0) {
    s.smoothedRtt = rtt
    s.rttVariation = rtt >> 1
  } else {
    const off = s.smoothedRtt > rtt ? s.smoothedRtt - rtt : rtt - s.smoothedRtt
    s.rttVariation = s.rttVariation - (s.rttVariation >> 2) + (off >> 2)
    s.smoothedRtt = s.smoothedRtt - (s.smoothedRtt >> 3) + (rtt >> 3)
  }
  s.rto = min(max(s.smoothedRtt + max(s.rttVariation * 4, MILLISECOND), RTO_MINIMUM), RTO_MAXIMUM)
}
