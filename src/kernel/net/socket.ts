import { NetStack } from './stack'

/** Readiness bits, as in `epoll`. */
export const READY_IN: u32 = 0x001
export const READY_OUT: u32 = 0x004
export const READY_ERR: u32 = 0x008
export const READY_HUP: u32 = 0x010
export const READY_RDHUP: u32 = 0x2000

export const MSG_PEEK: u32 = 0x02

export const SHUT_RD: u32 = 0
export const SHUT_WR: u32 = 1
export const SHUT_RDWR: u32 = 2

export const KIND_TCP: u32 = 0
export const KIND_SYN_REQUEST: u32 = 1
export const KIND_TIME_WAIT: u32 = 2
export const KIND_UDP: u32 = 3

/** Whatever has addresses and ports: a socket, a half-open connection, or the memory of a closed one. */
@unmanaged
export class Endpoint {
  stack: NetStack
  /** Which subclass this is. */
  kind: u32
  localAddress: u32 = 0
  remoteAddress: u32 = 0
  localPort: u32 = 0
  remotePort: u32 = 0
  /** Next in the chain of the connection table. */
  hashNext: Endpoint | null = null

  constructor(stack: NetStack, kind: u32) {
    this.stack = stack
    this.kind = kind
  }
}

/** What TCP and UDP sockets have in common. */
@unmanaged
export class Socket extends Endpoint {
  /** Set by the user; passed to `NetStack.onReadiness`. Nothing is reported while it is 0. */
  owner: usize = 0
  reuseAddress: bool = false
  /** Bound: in the port table. */
  isBound: bool = false
  portNext: Socket | null = null
  /** Pending error, a negative errno, or 0. */
  error: i32 = 0
  /** The readiness that the user knows of. */
  reported: u32 = 0
  isTouched: bool = false
  touchedNext: Socket | null = null
  isBuried: bool = false
  buriedNext: Socket | null = null

  /** SO_ERROR: the pending error, which is thereby cleared. */
  takeError(): i32 {
    const error = this.error
    this.error = 0
    return error
  }
}
