import { TcpSocket } from './socket'
import { EPHEMERAL_COUNT, EPHEMERAL_FIRST } from '../ports'
import { initialSequence, timestampOffset } from './secrets'
import { startCongestion } from './congestion'
import { startSending } from './lifecycle'
import { clampMss } from './mss'
import { tcpOutput } from './output'
import { isUnicast } from '../ipv4/codec'
import { scaleFor } from './window'
import { CLOSED, LISTEN, SYN_SENT } from './state'
import { EADDRINUSE, EADDRNOTAVAIL, EALREADY, EINPROGRESS, EINVAL, EISCONN, ENETUNREACH } from '../errno'

/** Active open (RFC 9293 section 3.10.1). */
export function tcpConnect(s: TcpSocket, address: u32, port: u32): i32 {
  if (s.state == SYN_SENT) return -EALREADY
  if (s.state == LISTEN) return -EINVAL
  if (s.state != CLOSED || s.isUsed) return -EISCONN
  if (port == 0 || !isUnicast(address)) return -EINVAL
  const stack = s.stack
  const source = stack.routes.sourceFor(address)
  if (source == 0) return -ENETUNREACH
  const chosen = chooseLocal(s, s.localAddress || source, address, port)
  if (chosen < 0) return chosen
  s.remoteAddress = address
  s.remotePort = port
  s.isUsed = true
  s.state = SYN_SENT
  startSending(s, initialSequence(stack, s.localAddress, s.localPort, address, port))
  s.tsOffset = timestampOffset(stack, s.localAddress, address)
  s.rcvScale = scaleFor(s.receiveRing.limit)
  s.timestampsOn = true
  s.sackOn = true
  clampMss(s, 0)
  startCongestion(s)
  stack.tcp.table.insert(s)
  s.isHashed = true
  stack.stats.tcpConnectionsOpened++
  tcpOutput(s)
  return -EINPROGRESS
}

/** Sets the local address, and a port that makes the four-tuple unique. */
function chooseLocal(s: TcpSocket, source: u32, address: u32, port: u32): i32 {
  const tcp = s.stack.tcp
  if (s.isBound) {
    if (tcp.table.find(source, s.localPort, address, port)) return -EADDRINUSE
    s.localAddress = source
    return 0
  }
  const start = tcp.ports.firstCandidate(source, address, port)
  for (let attempt: u32 = 0; attempt < EPHEMERAL_COUNT; attempt++) {
    const candidate = EPHEMERAL_FIRST + ((start + attempt) % EPHEMERAL_COUNT)
    if (tcp.ports.clashes(source, candidate, false) || tcp.table.find(source, candidate, address, port))
      continue
    tcp.ports.advance(source, address, port, attempt + 1)
    s.localAddress = source
    s.localPort = candidate
    return 0
  }
  return -EADDRNOTAVAIL
}
