import { NetStack } from '../stack'
import { Endpoint, KIND_TIME_WAIT } from '../socket'
import { Timer } from '../core/timers'
import { TcpSocket } from './socket'
import { ACK, FIN, RST, SYN, Segment } from './codec'
import { sendBare } from './emit'
import { timestampNow } from './secrets'
import { seqLess } from './sequence'
import { TIME_WAIT_LENGTH, TIME_WAIT_LIMIT } from './state'
import { announceWindow } from './window'

/** What is left of a connection in TIME-WAIT (RFC 9293 section 3.3.2): enough to answer a late FIN, and little more. */
@unmanaged
export class TimeWait extends Endpoint {
  sndNxt: u32
  rcvNxt: u32
  window: u32
  timestampsOn: bool
  tsRecent: u32
  tsOffset: u32
  deadlineNs: u64 = 0
  previous: TimeWait | null = null
  following: TimeWait | null = null

  constructor(s: TcpSocket) {
    super(s.stack, KIND_TIME_WAIT)
    this.localAddress = s.localAddress
    this.localPort = s.localPort
    this.remoteAddress = s.remoteAddress
    this.remotePort = s.remotePort
    this.sndNxt = s.sndNxt
    this.rcvNxt = s.rcvNxt
    this.window = announceWindow(s)
    this.timestampsOn = s.timestampsOn
    this.tsRecent = s.tsRecent
    this.tsOffset = s.tsOffset
  }
}

/** By timestamp if both have one, else, or at the same millisecond, by sequence number. */
function isNewerSyn(entry: TimeWait, segment: Segment): bool {
  if (entry.timestampsOn && segment.hasTimestamps && segment.timestampValue != entry.tsRecent) {
    return seqLess(entry.tsRecent, segment.timestampValue)
  }
  return seqLess(entry.rcvNxt, segment.sequence)
}

function onExpiry(owner: usize): void {
  changetype<TimeWaitQueue>(owner).expire()
}

/** All connections in TIME-WAIT, in order of their end: they all wait equally long. The oldest gives way when there are many. */
@unmanaged
export class TimeWaitQueue {
  count: u32 = 0
  limit: u32 = TIME_WAIT_LIMIT
  private stack: NetStack
  private head: TimeWait | null = null
  private tail: TimeWait | null = null
  private timer!: Timer

  constructor(stack: NetStack) {
    this.stack = stack
    this.timer = new Timer(onExpiry, changetype<usize>(this))
  }

  /** Takes over from a socket that has just left the connection table. */
  add(s: TcpSocket): void {
    const oldest = this.head
    if (this.count >= this.limit && oldest) {
      this.stack.stats.tcpTimeWaitEvictions++
      this.remove(oldest)
    }
    const entry = new TimeWait(s)
    this.stack.tcp.table.insert(entry)
    this.count++
    this.append(entry)
  }

  /**
   * Handles a segment for a connection in TIME-WAIT. True if it is a SYN that may open the connection anew (RFC 6191,
   * RFC 9293 section 3.6.1): the entry is gone then.
   */
  arrives(entry: TimeWait, segment: Segment): bool {
    if (segment.flags & RST) return false // RFC 1337: it must not cut the wait short
    if (segment.flags & SYN && !(segment.flags & ACK)) {
      const isNewer = isNewerSyn(entry, segment)
      if (isNewer) {
        this.remove(entry)
        return true
      }
    }
    const isStale =
      entry.timestampsOn && segment.hasTimestamps && seqLess(segment.timestampValue, entry.tsRecent)
    if (segment.flags & FIN && !isStale) {
      this.unlink(entry)
      this.append(entry)
    }
    if (segment.length > 0 || segment.sequence != entry.rcvNxt) this.acknowledge(entry)
    return false
  }

  remove(entry: TimeWait): void {
    this.stack.tcp.table.remove(entry)
    this.unlink(entry)
    this.count--
    heap.free(changetype<usize>(entry))
  }

  expire(): void {
    const now = this.stack.now()
    for (let entry: TimeWait | null = this.head; entry && entry.deadlineNs <= now; entry = this.head)
      this.remove(entry)
    const head = this.head
    if (head) this.stack.timers.set(this.timer, head.deadlineNs)
  }

  clear(): void {
    for (let entry: TimeWait | null = this.head; entry; entry = this.head) this.remove(entry)
    this.stack.timers.cancel(this.timer)
  }

  free(): void {
    this.clear()
    heap.free(changetype<usize>(this.timer))
    heap.free(changetype<usize>(this))
  }

  private acknowledge(entry: TimeWait): void {
    if (!this.stack.tcp.resetRate.take(this.stack.now())) return
    const value = timestampNow(this.stack) + entry.tsOffset
    sendBare(entry, ACK, entry.sndNxt, entry.rcvNxt, entry.window, entry.timestampsOn, value, entry.tsRecent)
  }

  private append(entry: TimeWait): void {
    entry.deadlineNs = this.stack.now() + TIME_WAIT_LENGTH
    const tail = this.tail
    entry.previous = tail
    entry.following = null
    if (tail) tail.following = entry
    else this.head = entry
    this.tail = entry
    this.stack.timers.setNoLater(this.timer, entry.deadlineNs)
  }

  private unlink(entry: TimeWait): void {
    const previous = entry.previous
    const following = entry.following
    if (previous) previous.following = following
    else this.head = following
    if (following) following.previous = previous
    else this.tail = previous
  }
}
