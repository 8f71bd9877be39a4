/** The stack under test, its methods as plain exports: handles are addresses. */
import { NetStack } from '../../../src/kernel/net/stack'
import { Interface } from '../../../src/kernel/net/interface'
import { TcpSocket } from '../../../src/kernel/net/tcp/socket'
import { SynRequest } from '../../../src/kernel/net/tcp/request'
import { UdpSocket } from '../../../src/kernel/net/udp/socket'
import { DhcpClient } from '../../../src/kernel/net/dhcp/client'
import {
  hostCancel,
  hostDatagram,
  hostDhcp,
  hostNow,
  hostPending,
  hostReady,
  hostResolved,
  hostTransmit,
} from './host'
export * from './codecs'
export * from './pipe'

let seed: u64 = 88172645463325252

function now(): u64 {
  return hostNow() as u64
}

/** xorshift64*: deterministic, so that a run can be repeated. */
function random(): u64 {
  seed ^= seed >> 12
  seed ^= seed << 25
  seed ^= seed >> 27
  return seed * (((0x2545f491 as u64) << 32) | 0x4f6cdd1d)
}

function transmit(context: usize, frame: usize, length: u32): bool {
  return hostTransmit(context as u32, frame, length) != 0
}

function ready(owner: usize, readiness: u32): void {
  hostReady(owner as u32, readiness)
}

function pending(context: usize, request: SynRequest): void {
  hostPending(context as u32, changetype<usize>(request))
}

function cancelled(context: usize, request: SynRequest): void {
  hostCancel(context as u32, changetype<usize>(request))
}

function datagram(context: usize, s: u32, sp: u32, d: u32, dp: u32, payload: usize, length: u32): bool {
  return hostDatagram(context as u32, s, sp, d, dp, payload, length) != 0
}

function resolved(context: usize, status: i32, addresses: usize, count: u32): void {
  hostResolved(context as u32, status, addresses, count)
}

function dhcpChanged(context: usize, client: DhcpClient): void {
  hostDhcp(context as u32, changetype<usize>(client))
}

export function seedRandom(value: f64): void {
  seed = (value as u64) * 2685821657 + 1
}

export function alloc(bytes: u32): usize {
  return heap.alloc(bytes)
}

export function free(address: usize): void {
  heap.free(address)
}

// --- stacks and interfaces ---

export function stackNew(): NetStack {
  const stack = new NetStack(now, random)
  stack.onReadiness = ready
  return stack
}

export function stackDestroy(stack: NetStack): void {
  stack.destroy()
}

export function stackPoll(stack: NetStack): f64 {
  const next = stack.poll()
  return next == u64.MAX_VALUE ? Infinity : (next as f64)
}

export function stackNext(stack: NetStack): f64 {
  const next = stack.nextDeadline()
  return next == u64.MAX_VALUE ? Infinity : (next as f64)
}

export function stackReceive(stack: NetStack, nic: Interface, frame: usize, length: u32, flags: u32): void {
  stack.receive(nic, frame, length, flags)
}

export function stackReady(stack: NetStack, nic: Interface): void {
  stack.transmitReady(nic)
}

export function stackMemory(stack: NetStack): u32 {
  return stack.memoryUsed
}

export function stackSetMemory(stack: NetStack, bytes: u32): void {
  stack.memoryLimit = bytes
}

/** A counter of `Stats`, by its place. */
export function stackStat(stack: NetStack, index: u32): f64 {
  return load<u64>(changetype<usize>(stack.stats) + index * 8) as f64
}

/** Sizes of the tables, to see that nothing is left behind. */
export function stackCount(stack: NetStack, which: u32): u32 {
  if (which == 0) return stack.tcp.table.count
  if (which == 1) return stack.tcp.timeWait.count
  if (which == 2) return stack.tcp.forwarderCount
  if (which == 3) return stack.timers.count as u32
  if (which == 4) return stack.reassembly.count
  return stack.reassembly.bytes
}

export function nicNew(stack: NetStack, mac: f64, mtu: u32, context: u32, offload: u32): Interface {
  return stack.addInterface(mac as u64, mtu, transmit, context, offload)
}

export function nicLoopback(stack: NetStack): Interface {
  return stack.addLoopback()
}

export function nicSetAddress(nic: Interface, address: u32, prefix: u32): void {
  nic.setAddress(address, prefix)
}

export function nicAddAddress(nic: Interface, address: u32, prefix: u32): bool {
  return nic.addAddress(address, prefix)
}

export function nicAddress(nic: Interface): u32 {
  return nic.address
}

export function nicSetFlags(nic: Interface, flags: u32): void {
  nic.flags = flags
}

export function nicMac(nic: Interface, address: u32): f64 {
  return nic.arp.lookup(address) as f64
}

export function nicChecksumStart(nic: Interface): u32 {
  return nic.checksumStart
}

export function nicChecksumOffset(nic: Interface): u32 {
  return nic.checksumOffset
}

export function nicArpCount(nic: Interface): u32 {
  return nic.arp.count
}

export function routeAdd(stack: NetStack, destination: u32, prefix: u32, gateway: u32, nic: Interface): i32 {
  return stack.addRoute(destination, prefix, gateway, nic)
}

// --- TCP ---

export function tcpOpen(stack: NetStack): TcpSocket {
  return stack.tcpOpen()
}

export function tcpOwner(s: TcpSocket, owner: u32): void {
  s.owner = owner
}

export function tcpBind(s: TcpSocket, address: u32, port: u32): i32 {
  return s.bind(address, port)
}

export function tcpListen(s: TcpSocket, backlog: u32): i32 {
  return s.listen(backlog)
}

export function tcpAccept(s: TcpSocket): TcpSocket | null {
  return s.accept()
}

export function tcpConnect(s: TcpSocket, address: u32, port: u32): i32 {
  return s.connect(address, port)
}

export function tcpSend(s: TcpSocket, data: usize, length: u32): i32 {
  return s.send(data, length)
}

export function tcpRecv(s: TcpSocket, data: usize, length: u32, flags: u32): i32 {
  return s.recv(data, length, flags)
}

export function tcpShutdown(s: TcpSocket, how: u32): i32 {
  return s.shutdown(how)
}

export function tcpClose(s: TcpSocket): void {
  s.close()
}

export function tcpAbort(s: TcpSocket): void {
  s.abort()
}

export function tcpReadiness(s: TcpSocket): u32 {
  return s.readiness()
}

export function tcpError(s: TcpSocket): i32 {
  return s.takeError()
}

export function tcpState(s: TcpSocket): u32 {
  return s.state
}

/** Fields a test looks at. */
export function tcpField(s: TcpSocket, which: u32): f64 {
  if (which == 0) return s.localAddress
  if (which == 1) return s.localPort
  if (which == 2) return s.remoteAddress
  if (which == 3) return s.remotePort
  if (which == 4) return s.sndUna
  if (which == 5) return s.sndNxt
  if (which == 6) return s.rcvNxt
  if (which == 7) return s.cwnd
  if (which == 8) return s.ssthresh
  if (which == 9) return s.rto as f64
  if (which == 10) return s.smoothedRtt as f64
  if (which == 11) return s.mss
  if (which == 12) return s.sackOn ? 1 : 0
  if (which == 13) return s.timestampsOn ? 1 : 0
  if (which == 14) return s.iss
  if (which == 15) return s.recovery
  if (which == 16) return s.sndWnd
  return s.readable()
}

export function tcpNoDelay(s: TcpSocket, on: bool): void {
  s.setNoDelay(on)
}

export function tcpKeepAlive(s: TcpSocket, on: bool, idle: f64, interval: f64, probes: u32): void {
  s.setKeepAlive(on, idle as u64, interval as u64, probes)
}

export function tcpBuffers(s: TcpSocket, send: u32, receive: u32): void {
  s.setSendBuffer(send)
  s.setReceiveBuffer(receive)
}

export function tcpLinger(s: TcpSocket, on: bool, seconds: u32): void {
  s.setLinger(on, seconds)
}

export function tcpReuse(s: TcpSocket, on: bool): void {
  s.setReuseAddress(on)
}

// --- forwarder ---

export function forwarderSet(stack: NetStack, context: u32, limit: u32): void {
  stack.setTcpForwarder(pending, context, limit)
  stack.setForwarderCancel(cancelled)
  stack.setUdpForwarder(datagram, context)
}

export function forwarderAccept(stack: NetStack, request: SynRequest): TcpSocket | null {
  return stack.acceptForwarded(request)
}

export function forwarderRefuse(stack: NetStack, request: SynRequest): void {
  stack.refuseForwarded(request)
}

export function requestField(request: SynRequest, which: u32): u32 {
  if (which == 0) return request.localAddress
  if (which == 1) return request.localPort
  if (which == 2) return request.remoteAddress
  return request.remotePort
}

export function udpSendFrom(
  stack: NetStack,
  s: u32,
  sp: u32,
  d: u32,
  dp: u32,
  data: usize,
  length: u32,
): i32 {
  return stack.udpSendFrom(s, sp, d, dp, data, length)
}

// --- UDP ---

export function udpOpen(stack: NetStack): UdpSocket {
  return stack.udpOpen()
}

export function udpOwner(u: UdpSocket, owner: u32): void {
  u.owner = owner
}

export function udpBind(u: UdpSocket, address: u32, port: u32): i32 {
  return u.bind(address, port)
}

export function udpConnect(u: UdpSocket, address: u32, port: u32): i32 {
  return u.connect(address, port)
}

export function udpSendTo(u: UdpSocket, data: usize, length: u32, address: u32, port: u32): i32 {
  return u.sendTo(data, length, address, port)
}

export function udpRecvFrom(u: UdpSocket, data: usize, length: u32, flags: u32): i32 {
  return u.recvFrom(data, length, flags)
}

export function udpField(u: UdpSocket, which: u32): u32 {
  if (which == 0) return u.fromAddress
  if (which == 1) return u.fromPort
  if (which == 2) return u.fromTo
  if (which == 3) return u.fullLength
  return u.localPort
}

export function udpReadiness(u: UdpSocket): u32 {
  return u.readiness()
}

export function udpBroadcast(u: UdpSocket, on: bool): void {
  u.setBroadcast(on)
}

export function udpClose(u: UdpSocket): void {
  u.close()
}

// --- DHCP and DNS ---

export function dhcpStart(stack: NetStack, nic: Interface, context: u32): DhcpClient {
  return stack.dhcpStart(nic, dhcpChanged, context)
}

export function dhcpField(client: DhcpClient, which: u32): u32 {
  if (which == 0) return client.state
  if (which == 1) return client.address
  if (which == 2) return client.prefixLength
  if (which == 3) return client.router
  if (which == 4) return client.declined
  return client.stack.resolver.serverCount
}

export function dhcpStop(client: DhcpClient): void {
  client.stop()
}

export function dnsAddServer(stack: NetStack, address: u32): i32 {
  return stack.addDnsServer(address)
}

export function dnsResolve(stack: NetStack, name: usize, length: u32, context: u32): usize {
  return changetype<usize>(stack.resolve(name, length, resolved, context))
}
