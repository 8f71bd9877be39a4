import { NetStack } from '../stack'
import { IFF_ACCEPT_ANY, Interface, OFFLOAD_RX_CHECKSUM } from '../interface'
import { MAC_BROADCAST } from '../ethernet/codec'
import { icmpInput } from '../icmp/icmp'
import { sendIcmpError } from '../icmp/errors'
import { ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL } from '../icmp/codec'
import { tcpReceive } from '../tcp/receive'
import { udpReceive } from '../udp/receive'
import {
  ADDRESS_BROADCAST,
  Ipv4Header,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  isLoopback,
  isMulticast,
  isUnicast,
} from './codec'

/** The datagram that is being received. One per stack, reused. */
@unmanaged
export class Received {
  nic: Interface | null = null
  header: Ipv4Header = new Ipv4Header()
  /** The datagram with its header, for quoting in ICMP errors. */
  packet: usize = 0
  /** What follows the header. */
  payload: usize = 0
  payloadLength: u32 = 0
  /** To a broadcast or multicast address, of the link or of IP: never answered with an error (RFC 1122 section 3.2.2). */
  isGroup: bool = false
  /** Addressed to an address that an interface here has. */
  isOwn: bool = false
  /** The transport checksum need not be verified. */
  trusted: bool = false

  free(): void {
    heap.free(changetype<usize>(this.header))
    heap.free(changetype<usize>(this))
  }
}

/** Handles an IPv4 packet. `available` may include Ethernet's padding; `flags` are those of `NetStack.receive`. */
export function ipv4Input(
  stack: NetStack,
  nic: Interface,
  destinationMac: u64,
  packet: usize,
  available: u32,
  flags: u32,
): void {
  const received: Received = stack.received
  const header = received.header
  if (!header.parse(packet, available, false)) {
    stack.stats.badIpv4++
    return
  }
  received.nic = nic
  received.packet = packet
  received.payload = packet + header.headerLength
  received.payloadLength = header.totalLength - header.headerLength
  received.trusted = flags != 0 && (nic.offload & OFFLOAD_RX_CHECKSUM) != 0
  if (!isForUs(stack, nic, received, destinationMac)) {
    stack.stats.notForUs++
    return
  }
  if (header.moreFragments || header.fragmentOffset != 0) {
    if (stack.reassembly.add(received)) {
      received.trusted = false
      dispatch(stack, received)
      stack.reassembly.done()
    }
    return
  }
  dispatch(stack, received)
}

function dispatch(stack: NetStack, received: Received): void {
  const protocol = received.header.protocol
  if (protocol == PROTOCOL_TCP) {
    tcpReceive(stack, received)
  } else if (protocol == PROTOCOL_UDP) {
    udpReceive(stack, received)
  } else if (protocol == PROTOCOL_ICMP) {
    icmpInput(stack, received)
  } else {
    stack.stats.unknownProtocol++
    if (received.isOwn) sendIcmpError(stack, received, ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL, 0)
  }
}

/** Whether source and destination make sense and the destination is here (RFC 1122 section 3.2.1.3). */
function isForUs(stack: NetStack, nic: Interface, received: Received, destinationMac: u64): bool {
  const source = received.header.source
  const destination = received.header.destination
  const isLoop = nic.loopback != null
  if (!isLoop && (isLoopback(source) || isLoopback(destination))) return false
  // A host without an address speaks from 0.0.0.0 until DHCP has given it one.
  if (!isUnicast(source) && source != 0) return false
  if (!isLoop && nic.isSubnetBroadcast(source)) return false
  received.isOwn = stack.hasAddress(destination)
  const isBroadcast = destination == ADDRESS_BROADCAST || nic.isSubnetBroadcast(destination)
  received.isGroup = isBroadcast || isMulticast(destination) || destinationMac == MAC_BROADCAST
  if (received.isOwn) return true
  if (isBroadcast) return true
  if (isMulticast(destination)) return false
  if (isLoop) return isLoopback(destination)
  if (received.isGroup) return false
  return (nic.flags & IFF_ACCEPT_ANY) != 0 || stack.dhcpWants(nic, received)
}
