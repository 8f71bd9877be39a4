import { NetStack } from '../stack'
import { Ipv4Header } from '../ipv4/codec'
import { read16 } from '../core/bytes'
import { findUdp } from './receive'

/** An ICMP error quotes one of our datagrams: only a connected socket is told (RFC 1122 section 4.1.3.3). */
export function udpError(stack: NetStack, header: Ipv4Header, transport: usize, error: i32): void {
  const socket = findUdp(stack, header.source, read16(transport), header.destination, read16(transport + 2))
  if (!socket || !socket.isConnected) return
  socket.error = error
  stack.touch(socket)
}
