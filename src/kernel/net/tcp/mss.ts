import { TcpSocket } from './socket'
import { announcedMss } from './emit'
import { DEFAULT_MSS } from './codec'

/** Never less than this, whatever a peer or a router says: smaller segments are an attack on the CPU. */
const MSS_MINIMUM: u32 = 88

/** Sets the send MSS from the peer's option (0: it sent none) and the interface on the way to it. */
export function clampMss(s: TcpSocket, option: u32): void {
  s.peerMss = max(option ? option : DEFAULT_MSS, MSS_MINIMUM)
  const routes = s.stack.routes
  let limit = DEFAULT_MSS
  if (routes.find(s.remoteAddress)) {
    const nic = routes.nic
    if (nic) limit = announcedMss(nic)
  }
  s.mss = min(s.peerMss, limit)
}

/** A router on the path takes no more than `mtu` bytes (RFC 1191; 0: it does not say). Whether that changed anything. */
export function lowerMss(s: TcpSocket, mtu: u32): bool {
  const mss = max(mtu > 40 + MSS_MINIMUM ? mtu - 40 : DEFAULT_MSS, MSS_MINIMUM)
  if (mss >= s.mss) return false
  s.mss = mss
  return true
}
