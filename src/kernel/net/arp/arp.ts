import { Interface, IFF_PROXY_ARP } from '../interface'
import { ETHERNET_HEADER, ETHERTYPE_ARP, MAC_BROADCAST, isGroupMac } from '../ethernet/codec'
import { isUnicast } from '../ipv4/codec'
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST, ArpPacket, emitArp } from './codec'
import { sendArpRequest } from './cache'

/** What the host does with ARP packets (RFC 826), and how it defends its addresses (RFC 5227). */

const DEFEND_INTERVAL_NS: u64 = 10_000_000_000

/** Handles an ARP packet that arrived on an interface. */
export function arpInput(nic: Interface, data: usize, length: u32): void {
  const stack = nic.stack
  const packet: ArpPacket = stack.arpPacket
  if (!packet.parse(data, length) || isGroupMac(packet.senderMac) || packet.senderMac == nic.mac) {
    stack.stats.badArp++
    return
  }
  const sender = packet.senderAddress
  const target = packet.targetAddress
  if (stack.dhcpHears(nic, sender, target)) return
  if (nic.hasAddress(sender)) {
    defend(nic, sender)
    return
  }
  const wanted = isWanted(nic, sender, target)
  if (isUnicast(sender)) nic.arp.learn(sender, packet.senderMac, wanted)
  if (packet.operation == ARP_REQUEST && wanted) {
    const reply = stack.arpFrame + ETHERNET_HEADER
    emitArp(reply, ARP_REPLY, nic.mac, target, packet.senderMac, sender)
    nic.sendTo(packet.senderMac, ETHERTYPE_ARP, reply, ARP_LENGTH, 0, 0)
  }
}

/** Tells the link who has an address now: an announcement (RFC 5227 section 2.3). */
export function announce(nic: Interface, address: u32): void {
  sendArpRequest(nic, MAC_BROADCAST, address, address)
}

function isWanted(nic: Interface, sender: u32, target: u32): bool {
  if (nic.hasAddress(target)) return true
  // A probe (sender 0) asks whether an address is free: answering for all of them would leave the asker none.
  return (nic.flags & IFF_PROXY_ARP) != 0 && target != sender && sender != 0 && nic.addressFor(target) == 0
}

function defend(nic: Interface, address: u32): void {
  const stack = nic.stack
  stack.stats.addressConflicts++
  const now = stack.now()
  if (now - stack.defendedNs < DEFEND_INTERVAL_NS && stack.defendedNs != 0) return
  stack.defendedNs = now
  announce(nic, address)
}
