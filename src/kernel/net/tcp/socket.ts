import { NetStack } from '../stack'
import { KIND_TCP, Socket } from '../socket'
import { Ring } from '../core/ring'
import { Ranges } from '../core/ranges'
import { Timer } from '../core/timers'
import { SynRequest } from './request'
import { DEFAULT_MSS } from './codec'
import { onTcpTimer } from './timers'
import { tcpConnect } from './connect'
import { tcpAccept, tcpListen } from './listen'
import { tcpRecv, tcpSend } from './data'
import { tcpAbort, tcpClose, tcpShutdown } from './close'
import { tcpReadiness } from './readiness'
import { EADDRNOTAVAIL, EINVAL } from '../errno'
import {
  BUFFER_DEFAULT,
  BUFFER_MAXIMUM,
  BUFFER_MINIMUM,
  CLOSED,
  KEEP_ALIVE_IDLE,
  KEEP_ALIVE_INTERVAL,
  KEEP_ALIVE_PROBES,
  OPEN,
  RTO_INITIAL,
} from './state'

/** A TCP connection or listener: the transmission control block (RFC 9293 section 3.3.1), and what its user calls. */
@unmanaged
export class TcpSocket extends Socket {
  state: u32 = CLOSED
  /** The user has given the handle up. */
  isReleased: bool = false
  /** In the connection table. */
  isHashed: bool = false
  /** Was ever connected or listening. */
  isUsed: bool = false

  // Send sequence space.
  sndUna: u32 = 0
  /** The highest sequence number sent so far plus one; retransmission does not move it back. */
  sndNxt: u32 = 0
  /** SND.WND in bytes. */
  sndWnd: u32 = 0
  sndWl1: u32 = 0
  sndWl2: u32 = 0
  maxSndWnd: u32 = 0
  iss: u32 = 0
  /** Sequence number of the first byte in `sendRing`. */
  sndBase: u32 = 0
  sendRing: Ring
  /** The user has shut down sending: a FIN follows the last byte in `sendRing`. */
  finQueued: bool = false
  finSent: bool = false
  finAcked: bool = false

  // Receive sequence space.
  rcvNxt: u32 = 0
  /** The right edge of the window that the peer was told. */
  rcvAdv: u32 = 0
  irs: u32 = 0
  receiveRing: Ring
  /** What lies in `receiveRing` beyond `rcvNxt`. */
  outOfOrder: Ranges
  /** Where the last segment out of order began: its range is reported first. */
  lastOutOfOrder: u32 = 0
  /** The peer's FIN is known, though bytes before it may be missing. */
  hasPeerFin: bool = false
  peerFin: u32 = 0
  /** The peer's FIN has been reached. */
  finReceived: bool = false
  readShut: bool = false

  // Options agreed on.
  /** Largest segment to send, options not counted in (RFC 6691). */
  mss: u32 = DEFAULT_MSS
  peerMss: u32 = DEFAULT_MSS
  sndScale: u32 = 0
  rcvScale: u32 = 0
  /** Both sides scale their windows. */
  scaleOn: bool = false
  sackOn: bool = false
  timestampsOn: bool = false
  tsRecent: u32 = 0
  tsRecentNs: u64 = 0
  tsOffset: u32 = 0

  // Acknowledging.
  lastAckSent: u32 = 0
  ackNow: bool = false
  ackPending: bool = false
  /** Largest segment received so far. */
  rcvMss: u32 = DEFAULT_MSS
  challengeNs: u64 = 0
  challengeCount: u32 = 0

  // Round-trip time.
  smoothedRtt: u64 = 0
  rttVariation: u64 = 0
  rto: u64 = RTO_INITIAL
  isTiming: bool = false
  timedSeq: u32 = 0
  timedNs: u64 = 0
  backoff: u32 = 0

  // Congestion control.
  cwnd: u32 = 0
  ssthresh: u32 = 0
  wMax: u32 = 0
  epochNs: u64 = 0
  cubicK: u32 = 0
  reno: u32 = 0
  renoRest: u64 = 0
  growthRest: u32 = 0
  lastSendNs: u64 = 0

  // Loss recovery.
  recovery: u32 = OPEN
  /** Recovery ends when this is acknowledged. */
  recover: u32 = 0
  /** What the peer has acknowledged selectively. */
  sacked: Ranges
  dupAcks: u32 = 0
  /** Everything below that is not acknowledged selectively counts as lost. */
  lostEdge: u32 = 0
  /** Everything lost below this has been sent again. */
  highRxt: u32 = 0
  /** SND.NXT when the hole at SND.UNA was last filled: what is sacked above it was sent after that. */
  rxtMark: u32 = 0
  /** The tail of the flight has been probed since the last progress. */
  probeSent: bool = false
  /** The piece that `nextHole` found. */
  holeStart: u32 = 0
  holeEnd: u32 = 0
  /** The next retransmission goes out whatever the congestion window says. */
  forceRxt: bool = false
  /** A zero-window probe is the only thing in flight. */
  isProbing: bool = false

  // Deadlines in ns; 0: not running. One timer serves them all.
  timer!: Timer
  rtoAt: u64 = 0
  /** Tail loss probe (RFC 8985 section 7). */
  probeAt: u64 = 0
  persistAt: u64 = 0
  ackAt: u64 = 0
  keepAliveAt: u64 = 0
  lingerAt: u64 = 0
  retries: u32 = 0
  /** What ICMP said last: the reason given if the connection times out. */
  softError: i32 = 0

  // Options of the user.
  noDelay: bool = false
  keepAlive: bool = false
  keepAliveIdleNs: u64 = KEEP_ALIVE_IDLE
  keepAliveIntervalNs: u64 = KEEP_ALIVE_INTERVAL
  keepAliveLimit: u32 = KEEP_ALIVE_PROBES
  keepAliveSent: u32 = 0
  lastReceivedNs: u64 = 0
  linger: i32 = -1

  // Listening.
  backlog: u32 = 0
  /** The listener that a connection in SYN_RECEIVED belongs to. */
  parent: TcpSocket | null = null
  acceptHead: TcpSocket | null = null
  acceptTail: TcpSocket | null = null
  acceptNext: TcpSocket | null = null
  acceptCount: u32 = 0
  requests: SynRequest | null = null
  requestCount: u32 = 0

  /** Could not store what its user wanted to send, for want of memory. */
  isStarved: bool = false
  starvedNext: TcpSocket | null = null
  /** Waiting for a device to have room. */
  isWaiting: bool = false
  waitingNext: TcpSocket | null = null

  constructor(stack: NetStack) {
    super(stack, KIND_TCP)
    this.sendRing = new Ring(BUFFER_DEFAULT, stack.budget)
    this.receiveRing = new Ring(BUFFER_DEFAULT, stack.budget)
    this.outOfOrder = new Ranges()
    this.sacked = new Ranges()
    this.timer = new Timer(onTcpTimer, changetype<usize>(this))
  }

  /** Binds to an address (0: all) and port (0: any). -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL if bound. */
  bind(address: u32, port: u32): i32 {
    if (this.isBound || this.isUsed) return -EINVAL
    if (address != 0 && !this.stack.isBindable(address)) return -EADDRNOTAVAIL
    return this.stack.tcp.ports.bind(this, address, port & 0xffff)
  }

  /** Waits for connections; at most `backlog` wait for `accept`. -EINVAL if connected. */
  listen(backlog: u32): i32 {
    return tcpListen(this, backlog)
  }

  /** The next established connection, or null if there is none (EAGAIN). */
  accept(): TcpSocket | null {
    return tcpAccept(this)
  }

  /** Starts to connect: -EINPROGRESS; then OUT, or ERR and `takeError()`. -EALREADY, -EISCONN, -ENETUNREACH, -EADDRNOTAVAIL. */
  connect(address: u32, port: u32): i32 {
    return tcpConnect(this, address, port & 0xffff)
  }

  /** Takes bytes to send: how many, or -EAGAIN, -EPIPE, -ENOTCONN, or the connection's error. */
  send(data: usize, length: u32): i32 {
    return tcpSend(this, data, length)
  }

  /** Gives received bytes: how many, 0 at the end of the stream, -EAGAIN, -ENOTCONN, or the connection's error. */
  recv(data: usize, length: u32, flags: u32): i32 {
    return tcpRecv(this, data, length, flags)
  }

  /** Ends one direction (SHUT_RD, SHUT_WR) or both. -ENOTCONN, -EINVAL. */
  shutdown(how: u32): i32 {
    return tcpShutdown(this, how)
  }

  /** Orderly end: what was sent still arrives. The handle is gone. */
  close(): void {
    tcpClose(this)
  }

  /** Resets the connection. The handle is gone. */
  abort(): void {
    tcpAbort(this)
  }

  readiness(): u32 {
    return tcpReadiness(this)
  }

  /** Bytes that can be read now (FIONREAD). */
  readable(): u32 {
    return this.receiveRing.length
  }

  /** Bytes that `send` would take now, memory allowing. */
  writable(): u32 {
    return this.finQueued ? 0 : this.sendRing.room
  }

  /** Bytes that the peer has not acknowledged (SIOCOUTQ). */
  unsent(): u32 {
    return this.sendRing.length
  }

  /** TCP_NODELAY: small segments do not wait (Nagle's algorithm off). */
  setNoDelay(on: bool): void {
    this.noDelay = on
  }

  /** SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL (ns), TCP_KEEPCNT; 0 leaves a value as it is. */
  setKeepAlive(on: bool, idleNs: u64, intervalNs: u64, probes: u32): void {
    this.keepAlive = on
    if (idleNs) this.keepAliveIdleNs = idleNs
    if (intervalNs) this.keepAliveIntervalNs = intervalNs
    if (probes) this.keepAliveLimit = probes
    this.keepAliveSent = 0
    this.armKeepAlive()
  }

  /** SO_REUSEADDR. */
  setReuseAddress(on: bool): void {
    this.reuseAddress = on
  }

  /** SO_LINGER. With 0 seconds `close` resets; any other time is as without, since nothing here waits. */
  setLinger(on: bool, seconds: u32): void {
    this.linger = on ? (seconds as i32) : -1
  }

  /** SO_SNDBUF in bytes; what is stored already stays. */
  setSendBuffer(bytes: u32): void {
    this.sendRing.limit = min(max(bytes, BUFFER_MINIMUM), BUFFER_MAXIMUM)
  }

  /** SO_RCVBUF in bytes. Set before connecting or listening for the window scale to fit. */
  setReceiveBuffer(bytes: u32): void {
    this.receiveRing.limit = min(max(bytes, BUFFER_MINIMUM), BUFFER_MAXIMUM)
  }

  /** Starts or stops the keep-alive deadline as the options say. */
  armKeepAlive(): void {
    if (!this.keepAlive || this.state < 4 || this.state == 10) {
      this.keepAliveAt = 0
      return
    }
    this.keepAliveAt = this.stack.now() + this.keepAliveIdleNs
    this.arm()
  }

  /** Makes sure that the timer fires by the earliest deadline. */
  arm(): void {
    let earliest = u64.MAX_VALUE
    if (this.rtoAt) earliest = this.rtoAt
    if (this.probeAt) earliest = min(earliest, this.probeAt)
    if (this.persistAt) earliest = min(earliest, this.persistAt)
    if (this.ackAt) earliest = min(earliest, this.ackAt)
    if (this.keepAliveAt) earliest = min(earliest, this.keepAliveAt)
    if (this.lingerAt) earliest = min(earliest, this.lingerAt)
    if (earliest != u64.MAX_VALUE) this.stack.timers.setNoLater(this.timer, earliest)
  }

  /** Sequence number after the last byte queued, FIN not counted. */
  get dataEnd(): u32 {
    return this.sndBase + this.sendRing.length
  }
}
