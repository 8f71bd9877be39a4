import { NetStack } from '../stack'
import { Interface } from '../interface'
import { EAGAIN, EMSGSIZE, ENETUNREACH } from '../errno'
import { ETHERNET_HEADER, ETHERTYPE_IPV4, MAC_BROADCAST } from '../ethernet/codec'
import { ADDRESS_BROADCAST, IPV4_HEADER, emitIpv4, isMulticast } from './codec'

/** Sending IPv4 datagrams (RFC 791 section 3.2): header, fragmentation, choice of the link address. */

const DONT_FRAGMENT: u32 = 0x4000
const MORE_FRAGMENTS: u32 = 0x2000

/**
 * Sends `length` bytes of a transport protocol that stand at `stack.transport`, by the way that `stack.routes` last found.
 * `checksumOffset` is where in them the device must complete a checksum, or 0. Returns 0, -EAGAIN when the device has no
 * room, or -EMSGSIZE when the datagram may not be fragmented and is too large.
 */
export function ipv4Send(
  stack: NetStack,
  source: u32,
  destination: u32,
  protocol: u32,
  ttl: u32,
  dontFragment: bool,
  length: u32,
  checksumOffset: u32,
): i32 {
  const nic = stack.routes.nic
  if (!nic) return -ENETUNREACH
  const total = IPV4_HEADER + length
  const packet = stack.transport - IPV4_HEADER
  if (total <= nic.mtu) {
    const fragment = dontFragment ? DONT_FRAGMENT : 0
    emitIpv4(packet, total, 0, stack.identification++ & 0xffff, fragment, ttl, protocol, source, destination)
    const start = checksumOffset ? ETHERNET_HEADER + IPV4_HEADER : 0
    return deliver(stack, nic, destination, packet, total, start, checksumOffset) ? 0 : -EAGAIN
  }
  if (dontFragment) return -EMSGSIZE
  return sendFragments(stack, nic, source, destination, protocol, ttl, length)
}

/** Fragments are cut where they stand: each header overwrites the end of the fragment before, which has gone out already. */
function sendFragments(
  stack: NetStack,
  nic: Interface,
  source: u32,
  destination: u32,
  protocol: u32,
  ttl: u32,
  length: u32,
): i32 {
  const identification = stack.identification++ & 0xffff
  const step = (nic.mtu - IPV4_HEADER) & ~7
  for (let offset: u32 = 0; offset < length; offset += step) {
    const size = min(step, length - offset)
    const more = offset + size < length ? MORE_FRAGMENTS : 0
    const packet = stack.transport + offset - IPV4_HEADER
    emitIpv4(
      packet,
      IPV4_HEADER + size,
      0,
      identification,
      more | (offset >> 3),
      ttl,
      protocol,
      source,
      destination,
    )
    if (!deliver(stack, nic, destination, packet, IPV4_HEADER + size, 0, 0)) return -EAGAIN
  }
  stack.stats.fragmentedDatagrams++
  return 0
}

function deliver(
  stack: NetStack,
  nic: Interface,
  destination: u32,
  packet: usize,
  length: u32,
  checksumStart: u32,
  checksumOffset: u32,
): bool {
  if (nic.loopback) return nic.sendTo(nic.mac, ETHERTYPE_IPV4, packet, length, checksumStart, checksumOffset)
  if (destination == ADDRESS_BROADCAST || nic.isSubnetBroadcast(destination)) {
    return nic.sendTo(MAC_BROADCAST, ETHERTYPE_IPV4, packet, length, checksumStart, checksumOffset)
  }
  if (isMulticast(destination)) {
    const mac = ((0x01005e as u64) << 24) | (destination & 0x7fffff)
    return nic.sendTo(mac, ETHERTYPE_IPV4, packet, length, checksumStart, checksumOffset)
  }
  return nic.arp.send(stack.routes.nextHop, packet, length, checksumStart, checksumOffset)
}
