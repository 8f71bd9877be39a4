/**
 * Sockets as in POSIX, over IPv4. Addresses are numbers in host order, see `address`. Every function returns a
 * non-negative result or a negative errno; a socket blocks until `setBlocking(fd, false)`.
 */
import {
  accept,
  bind,
  close,
  connect,
  listen,
  recv as receive,
  recvFrom as receiveFrom,
  resolve as resolveName,
  send as sendBytes,
  sendTo as sendBytesTo,
  setBlocking as setBlockingFlag,
  shutdown,
  socket,
  socketName as readName,
  socketOption,
} from '../gen/kernel'
import { EINVAL } from '../errno'

export { accept, bind, close, connect, listen, shutdown, socket, socketOption }

export const TCP: u32 = 1
export const UDP: u32 = 2

export const SHUT_RD: u32 = 0
export const SHUT_WR: u32 = 1
export const SHUT_RDWR: u32 = 2

export const MSG_PEEK: u32 = 2

/** Options: the pending error is returned, the others are set. */
export const SO_ERROR: u32 = 1
export const SO_NODELAY: u32 = 2
/** Seconds of silence before a probe; 0 turns it off. */
export const SO_KEEPALIVE: u32 = 3
export const SO_REUSEADDR: u32 = 4
export const SO_LINGER: u32 = 5

/** The address `a.b.c.d`. */
export function address(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a << 24) | (b << 16) | (c << 8) | d
}

/** `a.b.c.d` as text. */
export function formatAddress(address: u32): string {
  return `${address >> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`
}

/** Sends `length` bytes of `data` from `offset` on: how many were taken. */
export function send(fd: i32, data: Uint8Array, offset: i32 = 0, length: i32 = data.length - offset): i32 {
  if (offset < 0 || length < 0 || length > data.length - offset) return -EINVAL
  return sendBytes(fd, data.dataStart + offset, <u32>length)
}

/** Receives up to `length` bytes into `data` from `offset` on: how many, 0 at the end of the stream. */
export function recv(
  fd: i32,
  data: Uint8Array,
  offset: i32 = 0,
  length: i32 = data.length - offset,
  flags: u32 = 0,
): i32 {
  if (offset < 0 || length < 0 || length > data.length - offset) return -EINVAL
  return receive(fd, data.dataStart + offset, <u32>length, flags)
}

/** One end of a socket. */
export class SocketName {
  address: u32 = 0
  port: u32 = 0
}

/** Sends the first `length` bytes of `data` as one datagram. */
export function sendTo(fd: i32, data: Uint8Array, length: i32, to: SocketName): i32 {
  if (length < 0 || length > data.length) return -EINVAL
  return sendBytesTo(fd, data.dataStart, <u32>length, to.address, to.port)
}

/** Receives one datagram into `data`, and its sender into `from`: its length. */
export function recvFrom(fd: i32, data: Uint8Array, from: SocketName): i32 {
  return receiveFrom(fd, data.dataStart, <u32>data.length, changetype<usize>(from))
}

/** This end of the socket. */
export function socketName(fd: i32, name: SocketName): i32 {
  return readName(fd, 0, changetype<usize>(name))
}

/** The other end. */
export function peerName(fd: i32, name: SocketName): i32 {
  return readName(fd, 1, changetype<usize>(name))
}

/** Whether calls on `fd` wait; if not they return -EAGAIN. */
export function setBlocking(fd: i32, isBlocking: bool): i32 {
  return setBlockingFlag(fd, isBlocking ? 1 : 0)
}

/** Writes the addresses of `name` to `addresses`: how many, or a negative errno. Waits for the answer. */
export function resolve(name: string, addresses: Uint32Array): i32 {
  const bytes = String.UTF8.encode(name)
  return resolveName(
    changetype<usize>(bytes),
    <u32>bytes.byteLength,
    addresses.dataStart,
    <u32>addresses.length,
  )
}
