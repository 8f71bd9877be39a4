import { NetStack } from '../stack'
import { Timer } from '../core/timers'
import { ICMP_TIME_EXCEEDED, TIME_EXCEEDED_REASSEMBLY } from '../icmp/codec'
import { sendIcmpErrorFor } from '../icmp/errors'
import { Received } from './input'

/**
 * Reassembly (RFC 815 in spirit). Fragments of a datagram are kept in order of offset; an exact duplicate is ignored, and a
 * partial overlap condemns the datagram, since nobody honest sends one (RFC 5722 says so for IPv6).
 */

const DATAGRAMS_MAXIMUM: u32 = 32
const BYTES_MAXIMUM: u32 = 512 << 10
const FRAGMENTS_MAXIMUM: u32 = 128
const TIMEOUT_NS: u64 = 30_000_000_000
/** A header with options. */
const HEADER_ROOM: u32 = 60

@unmanaged
class Fragment {
  next: Fragment | null = null
  offset: u32 = 0
  length: u32 = 0
  data: usize = 0
}

@unmanaged
class Datagram {
  next: Datagram | null = null
  source: u32 = 0
  destination: u32 = 0
  identification: u32 = 0
  protocol: u32 = 0
  deadlineNs: u64 = 0
  fragments: Fragment | null = null
  fragmentCount: u32 = 0
  bytes: u32 = 0
  /** Length of the whole payload; 0 until the last fragment has come. */
  total: u32 = 0
  /** A partial overlap was seen: everything of this datagram is dropped until it times out. */
  condemned: bool = false
  /** A copy of the first fragment's header, and its length (0: not yet). */
  header: usize = 0
  headerLength: u32 = 0
}

function onTimeout(owner: usize): void {
  changetype<Reassembly>(owner).expire()
}

@unmanaged
export class Reassembly {
  count: u32 = 0
  bytes: u32 = 0
  private stack: NetStack
  /** Oldest first. */
  private head: Datagram | null = null
  private timer!: Timer
  /** The datagram handed out by the last successful `add`. */
  private whole: usize = 0

  constructor(stack: NetStack) {
    this.stack = stack
    this.timer = new Timer(onTimeout, changetype<usize>(this))
  }

  /** Adds a fragment. True if that completed a datagram: `received` then describes it, until `done` is called. */
  add(received: Received): bool {
    const header = received.header
    const offset = header.fragmentOffset
    const length = received.payloadLength
    if (length == 0 || (header.moreFragments && (length & 7) != 0)) return false
    let datagram = this.find(received)
    if (!datagram) datagram = this.start(received)
    if (datagram.condemned) return false
    if (!header.moreFragments) {
      if (datagram.total && datagram.total != offset + length) return this.condemn(datagram)
      datagram.total = offset + length
    }
    if (!this.insert(datagram, offset, length, received.payload)) return false
    if (offset == 0 && datagram.headerLength == 0) {
      datagram.header = heap.alloc(HEADER_ROOM)
      datagram.headerLength = header.headerLength
      memory.copy(datagram.header, received.packet, header.headerLength)
    }
    if (datagram.total == 0 || datagram.bytes != datagram.total || datagram.headerLength == 0) return false
    this.assemble(datagram, received)
    return true
  }

  /** Frees the datagram that `add` handed out. */
  done(): void {
    if (this.whole) heap.free(this.whole)
    this.whole = 0
  }

  /** Drops what has waited too long, and tells the senders. */
  expire(): void {
    const now = this.stack.now()
    for (
      let datagram: Datagram | null = this.head;
      datagram && datagram.deadlineNs <= now;
      datagram = this.head
    ) {
      this.stack.stats.reassemblyTimeouts++
      const first = datagram.fragments
      if (datagram.headerLength && !datagram.condemned && first) this.tell(datagram, first)
      this.remove(datagram)
    }
    const head = this.head
    if (head) this.stack.timers.set(this.timer, head.deadlineNs)
  }

  free(): void {
    for (let datagram: Datagram | null = this.head; datagram; datagram = this.head) this.remove(datagram)
    this.done()
    this.stack.timers.cancel(this.timer)
    heap.free(changetype<usize>(this.timer))
    heap.free(changetype<usize>(this))
  }

  private find(received: Received): Datagram | null {
    const header = received.header
    for (let at: Datagram | null = this.head; at; at = at!.next) {
      if (
        at.identification == header.identification &&
        at.source == header.source &&
        at.destination == header.destination &&
        at.protocol == header.protocol
      ) {
        return at
      }
    }
    return null
  }

  private start(received: Received): Datagram {
    const header = received.header
    while (this.count >= DATAGRAMS_MAXIMUM) this.dropOldest()
    const datagram = new Datagram()
    datagram.source = header.source
    datagram.destination = header.destination
    datagram.identification = header.identification
    datagram.protocol = header.protocol
    datagram.deadlineNs = this.stack.now() + TIMEOUT_NS
    let last = this.head
    while (last && last.next) last = last.next
    if (last) last.next = datagram
    else this.head = datagram
    this.count++
    this.stack.timers.setNoLater(this.timer, datagram.deadlineNs)
    return datagram
  }

  private insert(datagram: Datagram, offset: u32, length: u32, data: usize): bool {
    const end = offset + length
    if (datagram.total && end > datagram.total) return this.condemn(datagram)
    let before: Fragment | null = null
    let after = datagram.fragments
    while (after && after.offset < offset) {
      before = after
      after = after.next
    }
    if (after && after.offset == offset && after.length == length) return false
    if (before && before.offset + before.length > offset) return this.condemn(datagram)
    if (after && end > after.offset) return this.condemn(datagram)
    if (datagram.fragmentCount == FRAGMENTS_MAXIMUM) return this.condemn(datagram)
    while (this.bytes + length > BYTES_MAXIMUM) {
      const oldest = this.head
      if (!oldest || oldest == datagram) return this.condemn(datagram)
      this.dropOldest()
    }
    const fragment = new Fragment()
    fragment.offset = offset
    fragment.length = length
    fragment.data = heap.alloc(length)
    memory.copy(fragment.data, data, length)
    fragment.next = after
    if (before) before.next = fragment
    else datagram.fragments = fragment
    datagram.fragmentCount++
    datagram.bytes += length
    this.bytes += length
    return true
  }

  private assemble(datagram: Datagram, received: Received): void {
    const headerLength = datagram.headerLength
    const total = datagram.total
    const whole = heap.alloc(headerLength + total)
    memory.copy(whole, datagram.header, headerLength)
    for (let fragment: Fragment | null = datagram.fragments; fragment; fragment = fragment!.next) {
      memory.copy(whole + headerLength + fragment.offset, fragment.data, fragment.length)
    }
    this.whole = whole
    received.packet = whole
    received.payload = whole + headerLength
    received.payloadLength = total
    received.header.headerLength = headerLength
    received.header.totalLength = headerLength + total
    received.header.fragmentOffset = 0
    received.header.moreFragments = false
    this.stack.stats.reassembledDatagrams++
    this.remove(datagram)
  }

  private condemn(datagram: Datagram): bool {
    datagram.condemned = true
    this.stack.stats.badFragments++
    this.freeFragments(datagram)
    return false
  }

  private dropOldest(): void {
    const oldest = this.head
    if (!oldest) return
    this.stack.stats.reassemblyEvictions++
    this.remove(oldest)
  }

  private tell(datagram: Datagram, first: Fragment): void {
    const length = min(first.length, 8 as u32)
    memory.copy(
      datagram.header + datagram.headerLength,
      first.data,
      min(length, HEADER_ROOM - datagram.headerLength),
    )
    const quote = min(datagram.headerLength + length, HEADER_ROOM)
    sendIcmpErrorFor(
      this.stack,
      datagram.destination,
      datagram.source,
      datagram.header,
      quote,
      ICMP_TIME_EXCEEDED,
      TIME_EXCEEDED_REASSEMBLY,
      0,
    )
  }

  private remove(datagram: Datagram): void {
    let before: Datagram | null = null
    for (let at: Datagram | null = this.head; at && at != datagram; at = at!.next) before = at
    if (before) before.next = datagram.next
    else this.head = datagram.next
    this.count--
    this.freeFragments(datagram)
    if (datagram.header) heap.free(datagram.header)
    heap.free(changetype<usize>(datagram))
  }

  private freeFragments(datagram: Datagram): void {
    let fragment = datagram.fragments
    datagram.fragments = null
    while (fragment) {
      const next = fragment.next
      this.bytes -= fragment.length
      heap.free(fragment.data)
      heap.free(changetype<usize>(fragment))
      fragment = next
    }
    datagram.bytes = 0
    datagram.fragmentCount = 0
  }
}
