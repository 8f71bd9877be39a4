/** Codecs and data structures of the stack, opened up for property tests. Results go to memory that the driver reads. */
import { checksumAdd, checksumFinish } from '../../../src/kernel/net/core/checksum'
import { Ranges } from '../../../src/kernel/net/core/ranges'
import { SipKey } from '../../../src/kernel/net/core/siphash'
import { ArpPacket, emitArp } from '../../../src/kernel/net/arp/codec'
import { DnsAnswer, emitQuery, encodeName } from '../../../src/kernel/net/dns/codec'
import { parseAddress } from '../../../src/kernel/net/dns/address'
import { DhcpReply, emitDhcp } from '../../../src/kernel/net/dhcp/codec'
import { EthernetHeader, emitEthernet } from '../../../src/kernel/net/ethernet/codec'
import { IcmpHeader, emitIcmp } from '../../../src/kernel/net/icmp/codec'
import { Ipv4Header, emitIpv4 } from '../../../src/kernel/net/ipv4/codec'
import { UdpHeader, emitUdp } from '../../../src/kernel/net/udp/codec'
import { Segment, emitTcp, finishTcp } from '../../../src/kernel/net/tcp/codec'

export function codecChecksum(data: usize, length: u32): u32 {
  return checksumFinish(checksumAdd(0, data, length))
}

export function codecEthernet(frame: usize, length: u32, out: usize): bool {
  const header = new EthernetHeader()
  const ok = header.parse(frame, length)
  store<u64>(out, header.destination)
  store<u64>(out, header.source, 8)
  store<u32>(out, header.type, 16)
  heap.free(changetype<usize>(header))
  return ok
}

export function codecEmitEthernet(frame: usize, destination: f64, source: f64, type: u32): void {
  emitEthernet(frame, destination as u64, source as u64, type)
}

export function codecArp(packet: usize, length: u32, out: usize): bool {
  const arp = new ArpPacket()
  const ok = arp.parse(packet, length)
  store<u32>(out, arp.operation)
  store<u32>(out, arp.senderAddress, 4)
  store<u32>(out, arp.targetAddress, 8)
  store<u64>(out, arp.senderMac, 16)
  store<u64>(out, arp.targetMac, 24)
  heap.free(changetype<usize>(arp))
  return ok
}

export function codecEmitArp(packet: usize, op: u32, sm: f64, sa: u32, tm: f64, ta: u32): void {
  emitArp(packet, op, sm as u64, sa, tm as u64, ta)
}

export function codecIpv4(packet: usize, available: u32, quoted: bool, out: usize): bool {
  const header = new Ipv4Header()
  const ok = header.parse(packet, available, quoted)
  store<u32>(out, header.headerLength)
  store<u32>(out, header.totalLength, 4)
  store<u32>(out, header.identification, 8)
  store<u32>(out, header.fragmentOffset, 12)
  store<u32>(out, (header.dontFragment ? 2 : 0) | (header.moreFragments ? 1 : 0), 16)
  store<u32>(out, header.ttl, 20)
  store<u32>(out, header.protocol, 24)
  store<u32>(out, header.source, 28)
  store<u32>(out, header.destination, 32)
  heap.free(changetype<usize>(header))
  return ok
}

export function codecEmitIpv4(
  p: usize,
  total: u32,
  tos: u32,
  id: u32,
  fragment: u32,
  ttl: u32,
  protocol: u32,
  s: u32,
  d: u32,
): void {
  emitIpv4(p, total, tos, id, fragment, ttl, protocol, s, d)
}

export function codecIcmp(message: usize, length: u32): i32 {
  const header = new IcmpHeader()
  const ok = header.parse(message, length)
  const result = ok ? (((header.type << 8) | header.code) as i32) : -1
  heap.free(changetype<usize>(header))
  return result
}

export function codecEmitIcmp(message: usize, type: u32, code: u32, word: u32, bodyLength: u32): void {
  emitIcmp(message, type, code, word, bodyLength)
}

export function codecUdp(datagram: usize, length: u32, source: u32, destination: u32, out: usize): bool {
  const header = new UdpHeader()
  const ok = header.parse(datagram, length, source, destination, false)
  store<u32>(out, header.sourcePort)
  store<u32>(out, header.destinationPort, 4)
  store<u32>(out, header.payloadLength, 8)
  heap.free(changetype<usize>(header))
  return ok
}

export function codecEmitUdp(
  datagram: usize,
  source: u32,
  sp: u32,
  destination: u32,
  dp: u32,
  length: u32,
): void {
  emitUdp(datagram, source, sp, destination, dp, length, false)
}

export function codecTcp(data: usize, length: u32, source: u32, destination: u32, out: usize): bool {
  const segment = new Segment()
  const ok = segment.parse(data, length, source, destination, false)
  store<u32>(out, segment.sourcePort)
  store<u32>(out, segment.destinationPort, 4)
  store<u32>(out, segment.sequence, 8)
  store<u32>(out, segment.acknowledgment, 12)
  store<u32>(out, segment.flags, 16)
  store<u32>(out, segment.window, 20)
  store<u32>(out, segment.payloadLength, 24)
  store<u32>(out, segment.mss, 28)
  store<i32>(out, segment.windowScale, 32)
  store<u32>(out, (segment.sackPermitted ? 1 : 0) | (segment.hasTimestamps ? 2 : 0), 36)
  store<u32>(out, segment.timestampValue, 40)
  store<u32>(out, segment.timestampEcho, 44)
  store<u32>(out, segment.sackCount, 48)
  heap.free(changetype<usize>(segment))
  return ok
}

export function codecEmitTcp(
  data: usize,
  source: u32,
  sp: u32,
  destination: u32,
  dp: u32,
  sequence: u32,
  acknowledgment: u32,
  headerLength: u32,
  flags: u32,
  window: u32,
  length: u32,
): void {
  emitTcp(data, sp, dp, sequence, acknowledgment, headerLength, flags, window)
  finishTcp(data, length, source, destination, false)
}

export function codecDhcp(message: usize, length: u32, mac: f64, out: usize): bool {
  const reply = new DhcpReply()
  const ok = reply.parse(message, length, mac as u64)
  store<u32>(out, reply.type)
  store<u32>(out, reply.transaction, 4)
  store<u32>(out, reply.address, 8)
  store<u32>(out, reply.server, 12)
  store<u32>(out, reply.subnetMask, 16)
  store<u32>(out, reply.router, 20)
  store<u32>(out, reply.leaseSeconds, 24)
  store<u32>(out, reply.dnsCount, 28)
  store<u32>(out, reply.dns0, 32)
  heap.free(changetype<usize>(reply))
  return ok
}

export function codecEmitDhcp(
  message: usize,
  type: u32,
  transaction: u32,
  mac: f64,
  client: u32,
  requested: u32,
  server: u32,
): u32 {
  return emitDhcp(message, type, transaction, 0, true, mac as u64, client, requested, server)
}

export function codecEncodeName(target: usize, name: usize, length: u32): u32 {
  return encodeName(target, name, length)
}

export function codecEmitQuery(message: usize, id: u32, name: usize, nameLength: u32): u32 {
  return emitQuery(message, id, name, nameLength)
}

/** -1: not an answer to the question; else the number of addresses, which are copied to `out`. */
export function codecDnsAnswer(message: usize, length: u32, name: usize, nameLength: u32, out: usize): i32 {
  const answer = new DnsAnswer()
  const ok = answer.parse(message, length, name, nameLength)
  const result = ok ? (answer.count as i32) : -1
  if (ok) memory.copy(out, answer.addresses, answer.count * 4)
  answer.free()
  return result
}

export function codecAddress(text: usize, length: u32, target: usize): bool {
  return parseAddress(text, length, target)
}

export function sipHash(key: usize, message: usize, out: usize): void {
  const sip = new SipKey(load<u64>(key), load<u64>(key, 8))
  store<u64>(out, sip.hash(load<u64>(message), load<u64>(message, 8)))
  heap.free(changetype<usize>(sip))
}

export function rangesNew(): Ranges {
  return new Ranges()
}

export function rangesAdd(ranges: Ranges, start: u32, end: u32): bool {
  return ranges.add(start, end)
}

export function rangesTrim(ranges: Ranges, before: u32): void {
  ranges.trim(before)
}

export function rangesWithin(ranges: Ranges, start: u32, end: u32): u32 {
  return ranges.within(start, end)
}

export function rangesCount(ranges: Ranges): u32 {
  return ranges.count
}

export function rangesBytes(ranges: Ranges): u32 {
  return ranges.bytes
}

export function rangesEdge(ranges: Ranges, index: u32, right: bool): u32 {
  return right ? ranges.end(index) : ranges.start(index)
}

export function rangesFree(ranges: Ranges): void {
  ranges.free()
}
