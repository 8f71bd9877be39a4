import { NetStack } from '../stack'
import { Ipv4Header } from '../ipv4/codec'
import { KIND_TCP } from '../socket'
import { read16, read32 } from '../core/bytes'
import { TcpSocket } from './socket'
import { finish } from './lifecycle'
import { lowerMss } from './mss'
import { tcpOutput } from './output'
import { seqLess } from './sequence'
import { OPEN, LOSS, SYN_SENT } from './state'
import { EMSGSIZE } from '../errno'

/**
 * An ICMP error quotes a segment of ours (RFC 5927, RFC 9293 section 3.9.2.2). It counts only if the quoted sequence number is
 * in flight. Errors end a connection only while it is being opened; later they are believed only when a timeout agrees.
 */
export function tcpError(stack: NetStack, header: Ipv4Header, transport: usize, error: i32, mtu: u32): void {
  const endpoint = stack.tcp.table.find(
    header.source,
    read16(transport),
    header.destination,
    read16(transport + 2),
  )
  if (!endpoint || endpoint.kind != KIND_TCP) return
  const s = changetype<TcpSocket>(endpoint)
  const sequence = read32(transport + 4)
  if (seqLess(sequence, s.sndUna) || !seqLess(sequence, s.sndNxt)) return
  if (error == -EMSGSIZE) {
    if (lowerMss(s, mtu)) sendAgain(s)
    return
  }
  s.softError = error
  if (s.state == SYN_SENT) finish(s, error)
}

/** What is in flight was too large: it goes out again in smaller segments, and that is no sign of congestion. */
function sendAgain(s: TcpSocket): void {
  if (s.sndUna == s.sndNxt || s.state == SYN_SENT) return
  if (s.recovery == OPEN) s.recovery = LOSS
  s.recover = s.sndNxt
  s.lostEdge = s.sndNxt
  s.highRxt = s.sndUna
  s.forceRxt = true
  tcpOutput(s)
}
