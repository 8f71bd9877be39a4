import { NetStack } from '../stack'
import { Endpoint, KIND_SYN_REQUEST } from '../socket'
import { Timer } from '../core/timers'
import { TcpSocket } from './socket'
import { ACK, RST, Segment } from './codec'
import { sendBare, sendSyn } from './emit'
import { initialSequence, timestampNow, timestampOffset } from './secrets'
import { FORWARDER_PATIENCE, RETRIES_SYN_ACK, RTO_INITIAL } from './state'

/**
 * A connection of which only the SYN has come: all that is kept of it until the peer has shown that it is there. It belongs
 * to a listener, or, in a forwarder, waits for somebody to decide about it.
 */
@unmanaged
export class SynRequest extends Endpoint {
  listener: TcpSocket | null = null
  /** In the list of its listener, or of the forwarder. */
  previous: SynRequest | null = null
  following: SynRequest | null = null
  timer!: Timer
  irs: u32
  iss: u32
  peerMss: u32
  /** The peer's window scale; -1: it does not scale. */
  peerScale: i32
  peerWindow: u32
  sackOn: bool
  timestampsOn: bool
  tsRecent: u32
  tsOffset: u32
  rcvScale: u32 = 0
  window: u32 = 0
  retries: u32 = 0
  /** For the forwarder's user. */
  context: usize = 0

  constructor(stack: NetStack, segment: Segment) {
    super(stack, KIND_SYN_REQUEST)
    this.localAddress = segment.destination
    this.localPort = segment.destinationPort
    this.remoteAddress = segment.source
    this.remotePort = segment.sourcePort
    this.irs = segment.sequence
    this.peerMss = segment.mss
    this.peerScale = segment.windowScale
    this.peerWindow = segment.window
    this.sackOn = segment.sackPermitted
    this.timestampsOn = segment.hasTimestamps
    this.tsRecent = segment.timestampValue
    this.iss = initialSequence(stack, this.localAddress, this.localPort, this.remoteAddress, this.remotePort)
    this.tsOffset = timestampOffset(stack, this.localAddress, this.remoteAddress)
    this.timer = new Timer(onRequestTimer, changetype<usize>(this))
  }

  /** Sends, or repeats, the SYN-ACK. */
  answer(): void {
    const stack = this.stack
    sendSyn(
      this,
      ACK,
      this.iss,
      this.irs + 1,
      this.window,
      this.peerScale >= 0 ? (this.rcvScale as i32) : -1,
      this.sackOn,
      this.timestampsOn,
      timestampNow(stack) + this.tsOffset,
      this.tsRecent,
    )
    stack.timers.set(this.timer, stack.now() + (RTO_INITIAL << (this.retries as u64)))
  }

  /** An ACK without data: answers what is not acceptable. */
  acknowledge(): void {
    const value = timestampNow(this.stack) + this.tsOffset
    sendBare(
      this,
      ACK,
      this.iss + 1,
      this.irs + 1,
      this.window >> this.rcvScale,
      this.timestampsOn,
      value,
      this.tsRecent,
    )
  }

  /** Refuses the connection. */
  reset(): void {
    this.stack.stats.tcpResetsSent++
    sendBare(this, RST | ACK, 0, this.irs + 1, 0, false, 0, 0)
  }

  /** Starts the time that a forwarder has to decide. */
  startPatience(): void {
    this.stack.timers.set(this.timer, this.stack.now() + FORWARDER_PATIENCE)
  }

  free(): void {
    this.stack.timers.cancel(this.timer)
    heap.free(changetype<usize>(this.timer))
    heap.free(changetype<usize>(this))
  }
}

function onRequestTimer(owner: usize): void {
  const request = changetype<SynRequest>(owner)
  const tcp = request.stack.tcp
  if (!request.listener) {
    tcp.cancelPending(request)
  } else if (request.retries >= RETRIES_SYN_ACK) {
    tcp.dropRequest(request)
  } else {
    request.retries++
    request.answer()
  }
}
