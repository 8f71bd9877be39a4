import { NetStack } from '../stack'
import { Socket } from '../socket'
import { Received } from '../ipv4/input'
import { sendIcmpError } from '../icmp/errors'
import { ICMP_UNREACHABLE, UNREACHABLE_PORT } from '../icmp/codec'
import { DHCP_CLIENT_PORT } from '../dhcp/codec'
import { UDP_HEADER } from './codec'
import { UdpSocket } from './socket'

/** Finds the socket for an arriving datagram, or says that there is none (RFC 1122 section 4.1). */
export function udpReceive(stack: NetStack, received: Received): void {
  const header = stack.udpHeader
  const source = received.header.source
  const destination = received.header.destination
  if (!header.parse(received.payload, received.payloadLength, source, destination, received.trusted)) {
    stack.stats.badUdp++
    return
  }
  const payload = received.payload + UDP_HEADER
  const length = header.payloadLength
  const sourcePort = header.sourcePort
  const port = header.destinationPort
  if (port == DHCP_CLIENT_PORT && stack.dhcpReceive(received, payload, length)) return
  if (received.isGroup) {
    deliverToAll(stack, received, port, source, sourcePort, payload, length)
    return
  }
  const socket = findUdp(stack, destination, port, source, sourcePort)
  if (socket) {
    socket.deliver(source, sourcePort, destination, payload, length)
    return
  }
  const forwarder = stack.udpForwarder
  if (
    forwarder &&
    !received.isOwn &&
    forwarder(stack.udpForwarderContext, source, sourcePort, destination, port, payload, length)
  ) {
    return
  }
  stack.stats.udpNoPort++
  sendIcmpError(stack, received, ICMP_UNREACHABLE, UNREACHABLE_PORT, 0)
}

/** The best socket for a datagram: connected before bound to the address before bound to any. */
export function findUdp(
  stack: NetStack,
  local: u32,
  localPort: u32,
  remote: u32,
  remotePort: u32,
): UdpSocket | null {
  let best: UdpSocket | null = null
  let bestScore = -1
  for (let at: Socket | null = stack.udpPorts.first(localPort); at; at = at!.portNext) {
    const score = match(changetype<UdpSocket>(at), local, localPort, remote, remotePort)
    if (score <= bestScore) continue
    bestScore = score
    best = changetype<UdpSocket>(at)
  }
  return best
}

function match(socket: UdpSocket, local: u32, localPort: u32, remote: u32, remotePort: u32): i32 {
  if (socket.localPort != localPort) return -1
  let score = 0
  if (socket.localAddress != 0) {
    if (socket.localAddress != local) return -1
    score = 1
  }
  if (socket.isConnected) {
    if (socket.remoteAddress != remote || socket.remotePort != remotePort) return -1
    score += 2
  }
  return score
}

/** A datagram to a group goes to every socket that is bound to all addresses. */
function deliverToAll(
  stack: NetStack,
  received: Received,
  port: u32,
  source: u32,
  sourcePort: u32,
  payload: usize,
  length: u32,
): void {
  for (let at: Socket | null = stack.udpPorts.first(port); at;) {
    const next = at.portNext
    const socket = changetype<UdpSocket>(at)
    const local = socket.localAddress ? 0 : received.header.destination
    if (match(socket, local, port, source, sourcePort) >= 0) {
      socket.deliver(source, sourcePort, received.header.destination, payload, length)
    }
    at = next
  }
}
