import { NetStack, TcpForwarder } from '../stack'
import { Interface } from '../interface'
import { Endpoint, KIND_SYN_REQUEST, KIND_TCP, KIND_TIME_WAIT, Socket } from '../socket'
import { PortTable } from '../ports'
import { RateLimit } from '../core/rate-limit'
import { ConnectionTable } from './table'
import { SynRequest } from './request'
import { StarvedList } from './starved'
import { Segment } from './codec'
import { TcpSocket } from './socket'
import { TimeWait, TimeWaitQueue } from './timewait'
import { connectionFrom, tcpDestroy } from './lifecycle'
import { tcpOutput } from './output'
import { BUFFER_DEFAULT, LISTEN } from './state'
import { scaleFor } from './window'

/** TCP's part of a stack: its tables, its half-open connections, and the forwarder. */
@unmanaged
export class Tcp {
  stack: NetStack
  table: ConnectionTable
  ports: PortTable
  segment: Segment = new Segment()
  timeWait: TimeWaitQueue
  /** Resets for segments that belong to no connection. */
  resetRate: RateLimit = new RateLimit(1000, 1000)
  forwarder: TcpForwarder | null = null
  forwarderCancel: TcpForwarder | null = null
  forwarderContext: usize = 0
  forwarderLimit: u32 = 0
  forwarderCount: u32 = 0
  pending: SynRequest | null = null
  starved: StarvedList
  /** Sockets whose device had no room. */
  private waiting: TcpSocket | null = null

  constructor(stack: NetStack) {
    this.stack = stack
    this.table = new ConnectionTable(stack.key)
    this.ports = new PortTable(stack)
    this.timeWait = new TimeWaitQueue(stack)
    this.starved = new StarvedList(stack)
  }

  /** The listener for an address and port, the more specific first. */
  findListener(address: u32, port: u32): TcpSocket | null {
    let best: TcpSocket | null = null
    for (let at: Socket | null = this.ports.first(port); at; at = at!.portNext) {
      const socket = changetype<TcpSocket>(at)
      if (socket.state != LISTEN || socket.localPort != port) continue
      if (socket.localAddress == address) return socket
      if (socket.localAddress == 0) best = socket
    }
    return best
  }

  /** Puts a request under a listener and answers it. */
  addRequest(request: SynRequest, listener: TcpSocket): void {
    request.listener = listener
    request.rcvScale = scaleFor(listener.receiveRing.limit)
    request.window = listener.receiveRing.limit
    request.following = listener.requests
    if (request.following) (request.following as SynRequest).previous = request
    listener.requests = request
    listener.requestCount++
    this.table.insert(request)
    request.answer()
  }

  /** Offers a request to the forwarder. The callback may decide at once: the request must not be used afterwards. */
  forward(forwarder: TcpForwarder, request: SynRequest): void {
    request.following = this.pending
    if (request.following) (request.following as SynRequest).previous = request
    this.pending = request
    this.forwarderCount++
    this.table.insert(request)
    request.startPatience()
    forwarder(this.forwarderContext, request)
  }

  acceptPending(pending: SynRequest): TcpSocket | null {
    pending.rcvScale = scaleFor(BUFFER_DEFAULT)
    pending.window = BUFFER_DEFAULT
    const socket = connectionFrom(pending, null)
    this.dropRequest(pending)
    this.table.insert(socket)
    socket.isHashed = true
    tcpOutput(socket)
    return socket
  }

  refusePending(pending: SynRequest): void {
    pending.reset()
    this.dropRequest(pending)
  }

  /** The peer has lost patience, or everyone has: tells the forwarder's user, then forgets. */
  cancelPending(pending: SynRequest): void {
    const cancel = this.forwarderCancel
    if (cancel) cancel(this.forwarderContext, pending)
    this.dropRequest(pending)
  }

  /** Forgets a half-open connection. */
  dropRequest(request: SynRequest): void {
    this.table.remove(request)
    const listener = request.listener
    const following = request.following
    const previous = request.previous
    if (following) following.previous = previous
    if (previous) previous.following = following
    else if (listener) listener.requests = following
    else this.pending = following
    if (listener) listener.requestCount--
    else this.forwarderCount--
    request.free()
  }

  /** Notes that a socket could not send because its device had no room. */
  wait(socket: TcpSocket): void {
    if (socket.isWaiting) return
    socket.isWaiting = true
    socket.waitingNext = this.waiting
    this.waiting = socket
  }

  /** Takes a dying socket off the list of the waiting. */
  stopWaiting(socket: TcpSocket): void {
    if (!socket.isWaiting) return
    socket.isWaiting = false
    let before: TcpSocket | null = null
    for (let at: TcpSocket | null = this.waiting; at; at = at!.waitingNext) {
      if (at == socket) {
        if (before) before.waitingNext = at.waitingNext
        else this.waiting = at.waitingNext
        return
      }
      before = at
    }
  }

  /** A device has room again: everyone who waited tries again, whoever waits for another device waits on. */
  resumeOutput(nic: Interface): void {
    let socket = this.waiting
    this.waiting = null
    while (socket) {
      const next = socket.waitingNext
      socket.isWaiting = false
      if (nic.blocked) this.wait(socket)
      else tcpOutput(socket)
      socket = next
    }
  }

  free(): void {
    this.timeWait.clear()
    for (let at: Endpoint | null = this.table.any(); at; at = this.table.any()) this.discard(at)
    for (let port: u32 = 0; port < 256; port++) {
      for (let at: Socket | null = this.ports.first(port); at; at = this.ports.first(port))
        tcpDestroy(changetype<TcpSocket>(at))
    }
    this.timeWait.free()
    this.starved.free()
    this.table.free()
    this.ports.free()
    heap.free(changetype<usize>(this.resetRate))
    heap.free(changetype<usize>(this.segment))
    heap.free(changetype<usize>(this))
  }

  private discard(endpoint: Endpoint): void {
    if (endpoint.kind == KIND_TCP) tcpDestroy(changetype<TcpSocket>(endpoint))
    else if (endpoint.kind == KIND_SYN_REQUEST) this.dropRequest(changetype<SynRequest>(endpoint))
    else if (endpoint.kind == KIND_TIME_WAIT) this.timeWait.remove(changetype<TimeWait>(endpoint))
  }
}
