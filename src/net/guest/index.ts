/**
 * The kernel's TCP/IP stack as a wasm module for the host: one stack with one interface. Sockets and offers are
 * addresses; frames and payloads pass through `buffer()`.
 */
import { IFF_ACCEPT_ANY, Interface, NetStack, SHUT_WR, SynRequest, TcpSocket } from '../../kernel/net/index'
import * as host from './host'

/** Holds the largest Ethernet frame. */
const BUFFER_BYTES: u32 = 65_552

let stack: NetStack | null = null
let nic: Interface | null = null
const shared: usize = heap.alloc(BUFFER_BYTES)

function now(): u64 {
  return (host.now() * 1_000_000) as u64
}

function random(): u64 {
  return ((host.random() as u64) << 32) | (host.random() as u64)
}

function transmit(context: usize, frame: usize, length: u32): bool {
  host.transmit(frame, length)
  return true
}

function ready(owner: usize, readiness: u32): void {
  host.ready(owner, readiness)
}

function offer(context: usize, pending: SynRequest): void {
  const p = pending
  host.offer(changetype<usize>(p), p.remoteAddress, p.remotePort, p.localAddress, p.localPort)
}

function withdraw(context: usize, pending: SynRequest): void {
  host.withdraw(changetype<usize>(pending))
}

/** Makes the stack and its interface. The MAC comes in two halves. `memoryLimit` bounds all socket buffers together. */
export function create(
  macHigh: u32,
  macLow: u32,
  address: u32,
  prefixLength: u32,
  mtu: u32,
  memoryLimit: u32,
): void {
  const made = new NetStack(now, random)
  made.onReadiness = ready
  made.memoryLimit = memoryLimit
  const card = made.addInterface(((macHigh as u64) << 32) | (macLow as u64), mtu, transmit, 0, 0)
  card.setAddress(address, prefixLength)
  stack = made
  nic = card
}

/** Sends packets for foreign networks to a router. */
export function setGateway(address: u32): void {
  the().setDefaultGateway(address, nic as Interface)
}

/** Takes connections to any address: each is offered to the host, at most `maxPending` at once. */
export function acceptAny(maxPending: u32): void {
  const card = nic as Interface
  card.flags |= IFF_ACCEPT_ANY
  the().setTcpForwarder(offer, 0, maxPending)
  the().setForwarderCancel(withdraw)
}

/** Where frames and payloads pass. */
export function buffer(): usize {
  return shared
}

/** Takes the frame of `length` bytes in the buffer. */
export function receive(length: u32): void {
  the().receive(nic as Interface, shared, length, 0)
}

/** Runs what is due. */
export function poll(): void {
  the().poll()
}

/** When `poll` is next to be called, in milliseconds of `host.now`; infinite for never. */
export function deadline(): f64 {
  const at = the().nextDeadline()
  return at == u64.MAX_VALUE ? f64.MAX_VALUE : (at as f64) / 1_000_000
}

/** Starts a connection; 0 when that cannot even be tried. */
export function connect(owner: usize, address: u32, port: u32): usize {
  const socket = the().tcpOpen()
  const result = socket.connect(address, port)
  if (result < 0 && result != -115) {
    socket.close()
    return 0
  }
  return adopt(socket, owner)
}

/** A listener on a port of ours; 0 when the port is taken. */
export function listen(owner: usize, port: u32, backlog: u32): usize {
  const socket = the().tcpOpen()
  if (socket.bind(0, port) < 0 || socket.listen(backlog) < 0) {
    socket.close()
    return 0
  }
  return adopt(socket, owner)
}

/** The next connection of a listener, or 0. */
export function acceptNext(listener: usize, owner: usize): usize {
  const socket = socketAt(listener).accept()
  return socket ? adopt(socket, owner) : 0
}

/** Completes an offered connection; 0 when memory is out. */
export function accept(pending: usize, owner: usize): usize {
  const socket = the().acceptForwarded(changetype<SynRequest>(pending))
  return socket ? adopt(socket, owner) : 0
}

/** Resets an offered connection. */
export function refuse(pending: usize): void {
  the().refuseForwarded(changetype<SynRequest>(pending))
}

/** Forgets an offered connection; the peer is told by other means. */
export function forget(pending: usize): void {
  the().tcp.dropRequest(changetype<SynRequest>(pending))
}

/** Sends from the buffer: bytes taken or a negative errno. */
export function send(socket: usize, length: u32): i32 {
  return socketAt(socket).send(shared, length)
}

/** Receives into the buffer: bytes, 0 at the end of the stream, or a negative errno. */
export function recv(socket: usize, length: u32): i32 {
  return socketAt(socket).recv(shared, min(length, BUFFER_BYTES), 0)
}

/** The error that ended a connection, as a negative errno, or 0. */
export function takeError(socket: usize): i32 {
  return socketAt(socket).takeError()
}

/** No more will be sent. */
export function shutdown(socket: usize): i32 {
  return socketAt(socket).shutdown(SHUT_WR)
}

/** Gives a socket up in order. */
export function close(socket: usize): void {
  socketAt(socket).close()
}

/** Resets a connection and gives its socket up. */
export function abort(socket: usize): void {
  socketAt(socket).abort()
}

/** Bytes in all socket buffers. */
export function memoryUsed(): u32 {
  return the().memoryUsed
}

function the(): NetStack {
  return stack as NetStack
}

function socketAt(socket: usize): TcpSocket {
  return changetype<TcpSocket>(socket)
}

/** Small writes go out at once: whoever wrote them on the other side has already waited as long as it wanted. */
function adopt(socket: TcpSocket, owner: usize): usize {
  socket.owner = owner
  socket.setNoDelay(true)
  return changetype<usize>(socket)
}
