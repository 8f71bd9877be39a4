import { NetStack } from '../stack'
import { KIND_UDP, MSG_PEEK, READY_ERR, READY_IN, READY_OUT, Socket } from '../socket'
import { ADDRESS_BROADCAST } from '../ipv4/codec'
import { UDP_MAXIMUM } from './codec'
import { udpSend } from './send'
import { EACCES, EADDRNOTAVAIL, EAGAIN, EDESTADDRREQ, EINVAL, EMSGSIZE, ENETUNREACH } from '../errno'

/** A datagram waiting to be read: { next, length, source, source port, destination, bytes }. */
const NEXT: usize = 0
const LENGTH: usize = 4
const SOURCE: usize = 8
const SOURCE_PORT: usize = 12
const DESTINATION: usize = 16
const DATA: usize = 20

const RECEIVE_DEFAULT: u32 = 128 << 10

/** Called with each datagram instead of queueing it: for the stack's own clients. */
export type DatagramHook = (owner: usize, source: u32, sourcePort: u32, data: usize, length: u32) => void

/** A UDP socket (RFC 768). */
@unmanaged
export class UdpSocket extends Socket {
  /** Of the datagram that `recvFrom` returned last: who sent it, to which of our addresses, and its full length. */
  fromAddress: u32 = 0
  fromPort: u32 = 0
  fromTo: u32 = 0
  fullLength: u32 = 0
  isConnected: bool = false
  hook: DatagramHook | null = null
  hookOwner: usize = 0
  private mayBroadcast: bool = false
  private head: usize = 0
  private tail: usize = 0
  private queued: u32 = 0
  private receiveLimit: u32 = RECEIVE_DEFAULT
  private lastCopied: u32 = 0

  constructor(stack: NetStack) {
    super(stack, KIND_UDP)
  }

  /** Whether the datagram read last was longer than the buffer given. */
  get truncated(): bool {
    return this.fullLength > this.lastCopied
  }

  /** Binds to an address (0: all) and port (0: any). -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL if bound. */
  bind(address: u32, port: u32): i32 {
    if (this.isBound) return -EINVAL
    if (address != 0 && !this.stack.isBindable(address)) return -EADDRNOTAVAIL
    return this.stack.udpPorts.bind(this, address, port & 0xffff)
  }

  /** Sets the peer: only its datagrams arrive from now on. Address 0 dissolves the bond. */
  connect(address: u32, port: u32): i32 {
    if (address == 0) {
      this.isConnected = false
      this.remoteAddress = 0
      this.remotePort = 0
      return 0
    }
    const source = this.stack.routes.sourceFor(address)
    if (source == 0) return -ENETUNREACH
    if (!this.isBound) {
      const bound = this.stack.udpPorts.bind(this, 0, 0)
      if (bound < 0) return bound
    }
    if (this.localAddress == 0) this.localAddress = source
    this.remoteAddress = address
    this.remotePort = port & 0xffff
    this.isConnected = true
    return 0
  }

  /** Sends a datagram, to the connected peer if `address` is 0. Its length, or a negative errno. */
  sendTo(data: usize, length: u32, address: u32, port: u32): i32 {
    if (this.error) return this.takeError()
    if (length > UDP_MAXIMUM) return -EMSGSIZE
    let destination = address
    let destinationPort = port & 0xffff
    if (destination == 0) {
      if (!this.isConnected) return -EDESTADDRREQ
      destination = this.remoteAddress
      destinationPort = this.remotePort
    }
    if (destinationPort == 0) return -EINVAL
    if (!this.mayBroadcast && (destination == ADDRESS_BROADCAST || this.stack.isBroadcast(destination)))
      return -EACCES
    if (!this.isBound) {
      const bound = this.stack.udpPorts.bind(this, 0, 0)
      if (bound < 0) return bound
    }
    const sent = udpSend(
      this.stack,
      this.localAddress,
      this.localPort,
      destination,
      destinationPort,
      data,
      length,
    )
    return sent < 0 ? sent : (length as i32)
  }

  /** Reads one datagram: bytes copied, the rest is dropped; see `fromAddress`, `fullLength`. -EAGAIN if there is none. */
  recvFrom(data: usize, length: u32, flags: u32): i32 {
    if (this.error) return this.takeError()
    const entry = this.head
    if (entry == 0) return -EAGAIN
    const full = load<u32>(entry, LENGTH)
    const count = min(full, length)
    memory.copy(data, entry + DATA, count)
    this.fromAddress = load<u32>(entry, SOURCE)
    this.fromPort = load<u32>(entry, SOURCE_PORT)
    this.fromTo = load<u32>(entry, DESTINATION)
    this.fullLength = full
    this.lastCopied = count
    if (!(flags & MSG_PEEK)) this.dropHead()
    this.reported &= this.readiness()
    return count as i32
  }

  readiness(): u32 {
    let ready = READY_OUT
    if (this.head) ready |= READY_IN
    if (this.error) ready |= READY_ERR | READY_IN
    return ready
  }

  /** SO_BROADCAST. */
  setBroadcast(on: bool): void {
    this.mayBroadcast = on
  }

  /** SO_REUSEADDR: several sockets may bind the same port if all of them have set this. */
  setReuseAddress(on: bool): void {
    this.reuseAddress = on
  }

  /** SO_RCVBUF in bytes. */
  setReceiveBuffer(bytes: u32): void {
    this.receiveLimit = min(max(bytes, 2048 as u32), 16 << 20)
  }

  /** Ends the socket; the handle is gone. */
  close(): void {
    this.stack.udpPorts.remove(this)
    while (this.head) this.dropHead()
    this.stack.bury(this)
  }

  /** Queues a datagram, or drops it when the reader is too slow. */
  deliver(source: u32, sourcePort: u32, destination: u32, data: usize, length: u32): void {
    const hook = this.hook
    if (hook) {
      hook(this.hookOwner, source, sourcePort, data, length)
      return
    }
    const stack = this.stack
    const size = DATA + length
    // An empty datagram costs too, or a flood of them would be free.
    if (this.queued + (size as u32) > this.receiveLimit || !stack.budget.take(size as u32)) {
      stack.stats.udpDropped++
      return
    }
    const entry = heap.alloc(size)
    if (entry == 0) {
      stack.budget.give(size as u32)
      return
    }
    store<u32>(entry, 0, NEXT)
    store<u32>(entry, length, LENGTH)
    store<u32>(entry, source, SOURCE)
    store<u32>(entry, sourcePort, SOURCE_PORT)
    store<u32>(entry, destination, DESTINATION)
    memory.copy(entry + DATA, data, length)
    if (this.tail) store<u32>(this.tail, entry as u32, NEXT)
    else this.head = entry
    this.tail = entry
    this.queued += size as u32
    stack.touch(this)
  }

  private dropHead(): void {
    const entry = this.head
    const size = (DATA as u32) + load<u32>(entry, LENGTH)
    this.head = load<u32>(entry, NEXT)
    if (this.head == 0) this.tail = 0
    this.queued -= size
    this.stack.budget.give(size)
    heap.free(entry)
  }
}
