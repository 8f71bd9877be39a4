import { NetStack } from '../stack'
import { Interface } from '../interface'
import { Timer } from '../core/timers'
import { ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, MAC_BROADCAST } from '../ethernet/codec'
import { ARP_LENGTH, ARP_REQUEST, emitArp } from './codec'
import { hostUnreachable } from '../icmp/errors'

/**
 * Neighbours of one interface (RFC 826, RFC 1122 section 2.3.2). An entry is either being resolved, with a few packets
 * waiting, or resolved; a resolved one is asked again, by unicast first, once it has grown old.
 */

const BUCKETS: u32 = 64
const ENTRIES_MAXIMUM: u32 = 256
/** For each neighbour: enough for all fragments of one large datagram, and for many who connect at once. */
const QUEUE_MAXIMUM: u32 = 256
const QUEUE_BYTES_MAXIMUM: u32 = 128 << 10
const RETRIES: u32 = 3
const RETRY_NS: u64 = 1_000_000_000
const REACHABLE_NS: u64 = 60_000_000_000

/** A waiting packet: { next, length, checksum start, checksum offset, headroom, packet }. */
const PACKET_DATA: usize = 48

@unmanaged
class ArpEntry {
  next: ArpEntry | null = null
  address: u32
  mac: u64 = 0
  resolved: bool = false
  requests: u32 = 0
  askedNs: u64 = 0
  confirmedNs: u64 = 0
  usedNs: u64 = 0
  queueHead: usize = 0
  /** Meaningful while the queue is not empty. */
  queueTail: usize = 0
  queueLength: u32 = 0
  queueBytes: u32 = 0

  constructor(address: u32) {
    this.address = address
  }
}

function onRetry(owner: usize): void {
  changetype<ArpCache>(owner).retry()
}

@unmanaged
export class ArpCache {
  count: u32 = 0
  private nic: Interface
  private buckets: usize
  private timer!: Timer

  constructor(nic: Interface) {
    this.nic = nic
    this.buckets = heap.alloc(BUCKETS << alignof<usize>())
    memory.fill(this.buckets, 0, BUCKETS << alignof<usize>())
    this.timer = new Timer(onRetry, changetype<usize>(this))
  }

  /**
   * Sends an IPv4 packet to a neighbour, or keeps it until the neighbour has answered. Room for an Ethernet header must be
   * in front of the packet. False only if the device has no room.
   */
  send(neighbour: u32, packet: usize, length: u32, checksumStart: u32, checksumOffset: u32): bool {
    const now = this.nic.stack.now()
    let entry = this.find(neighbour)
    if (entry && entry.resolved) {
      entry.usedNs = now
      if (now - entry.confirmedNs > REACHABLE_NS && now - entry.askedNs > RETRY_NS) this.askAgain(entry, now)
      if (entry.resolved) {
        return this.nic.sendTo(entry.mac, ETHERTYPE_IPV4, packet, length, checksumStart, checksumOffset)
      }
    }
    if (!entry) {
      entry = this.insert(neighbour)
      entry.usedNs = now
      // The request goes out before the packet is stored: it uses other memory than the packet does.
      this.ask(entry, MAC_BROADCAST, now)
    }
    this.enqueue(entry, packet, length, checksumStart, checksumOffset)
    return true
  }

  /** The MAC of a resolved neighbour, or 0. */
  lookup(neighbour: u32): u64 {
    const entry = this.find(neighbour)
    return entry && entry.resolved ? entry.mac : 0
  }

  /** Notes what an ARP packet says. Only with `create` may it make a new entry: nobody fills the table unasked. */
  learn(address: u32, mac: u64, create: bool): void {
    let entry = this.find(address)
    if (!entry) {
      if (!create) return
      entry = this.insert(address)
    }
    entry.mac = mac
    entry.resolved = true
    entry.requests = 0
    entry.confirmedNs = this.nic.stack.now()
    let waiting = entry.queueHead
    entry.queueHead = 0
    entry.queueLength = 0
    entry.queueBytes = 0
    while (waiting) {
      const next = load<u32>(waiting) as usize
      this.nic.sendTo(
        mac,
        ETHERTYPE_IPV4,
        waiting + PACKET_DATA,
        load<u32>(waiting, 4),
        load<u32>(waiting, 8),
        load<u32>(waiting, 12),
      )
      heap.free(waiting)
      waiting = next
    }
  }

  /** Asks again for those who have not answered; gives up after three requests. */
  retry(): void {
    const now = this.nic.stack.now()
    let open = false
    for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
      let entry = this.bucketHead(bucket)
      while (entry) {
        const next = entry.next
        if (!entry.resolved) {
          if (entry.requests >= RETRIES) {
            this.giveUp(entry)
          } else {
            if (now - entry.askedNs >= RETRY_NS) this.ask(entry, MAC_BROADCAST, now)
            open = true
          }
        }
        entry = next
      }
    }
    if (open) this.nic.stack.timers.set(this.timer, now + RETRY_NS)
  }

  /** Forgets everything. */
  clear(): void {
    for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
      for (let entry: ArpEntry | null = this.bucketHead(bucket); entry; entry = this.bucketHead(bucket))
        this.remove(entry)
    }
  }

  free(): void {
    this.clear()
    this.nic.stack.timers.cancel(this.timer)
    heap.free(changetype<usize>(this.timer))
    heap.free(this.buckets)
    heap.free(changetype<usize>(this))
  }

  private askAgain(entry: ArpEntry, now: u64): void {
    if (entry.requests < RETRIES) {
      this.ask(entry, entry.mac, now)
    } else {
      entry.resolved = false
      entry.requests = 0
      this.ask(entry, MAC_BROADCAST, now)
    }
  }

  private ask(entry: ArpEntry, mac: u64, now: u64): void {
    entry.requests++
    entry.askedNs = now
    sendArpRequest(this.nic, mac, this.nic.addressFor(entry.address) || this.nic.address, entry.address)
    if (!entry.resolved) this.nic.stack.timers.setNoLater(this.timer, now + RETRY_NS)
  }

  private giveUp(entry: ArpEntry): void {
    const waiting = entry.queueHead
    entry.queueHead = 0
    this.remove(entry)
    const stack: NetStack = this.nic.stack
    for (let packet = waiting; packet != 0;) {
      const next = load<u32>(packet) as usize
      hostUnreachable(stack, packet + PACKET_DATA, load<u32>(packet, 4))
      heap.free(packet)
      packet = next
    }
  }

  private enqueue(
    entry: ArpEntry,
    packet: usize,
    length: u32,
    checksumStart: u32,
    checksumOffset: u32,
  ): void {
    const copy = heap.alloc(PACKET_DATA + length)
    if (copy == 0) return
    store<u32>(copy, 0)
    store<u32>(copy, length, 4)
    store<u32>(copy, checksumStart, 8)
    store<u32>(copy, checksumOffset, 12)
    memory.copy(copy + PACKET_DATA, packet, length)
    // The newest packets are worth most (RFC 1122 section 2.3.2.2): the oldest goes.
    while (
      entry.queueLength == QUEUE_MAXIMUM ||
      (entry.queueHead && entry.queueBytes + length > QUEUE_BYTES_MAXIMUM)
    ) {
      const oldest = entry.queueHead
      entry.queueHead = load<u32>(oldest)
      entry.queueLength--
      entry.queueBytes -= load<u32>(oldest, 4)
      heap.free(oldest)
    }
    if (entry.queueHead == 0) entry.queueHead = copy
    else store<u32>(entry.queueTail, copy as u32)
    entry.queueTail = copy
    entry.queueLength++
    entry.queueBytes += length
  }

  private insert(address: u32): ArpEntry {
    if (this.count == ENTRIES_MAXIMUM) this.evict()
    const entry = new ArpEntry(address)
    const bucket = bucketOf(address)
    entry.next = this.bucketHead(bucket)
    this.setBucketHead(bucket, entry)
    entry.usedNs = this.nic.stack.now()
    this.count++
    return entry
  }

  private evict(): void {
    let oldest: ArpEntry | null = null
    for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
      for (let entry: ArpEntry | null = this.bucketHead(bucket); entry; entry = entry!.next) {
        if (!oldest || entry.usedNs < oldest.usedNs) oldest = entry
      }
    }
    if (oldest) this.remove(oldest)
  }

  private remove(entry: ArpEntry): void {
    const bucket = bucketOf(entry.address)
    let previous: ArpEntry | null = null
    for (let at: ArpEntry | null = this.bucketHead(bucket); at; at = at!.next) {
      if (at == entry) {
        if (previous) previous.next = entry.next
        else this.setBucketHead(bucket, entry.next)
        break
      }
      previous = at
    }
    for (let packet = entry.queueHead; packet != 0;) {
      const next = load<u32>(packet) as usize
      heap.free(packet)
      packet = next
    }
    this.count--
    heap.free(changetype<usize>(entry))
  }

  private find(address: u32): ArpEntry | null {
    let entry = this.bucketHead(bucketOf(address))
    while (entry && entry.address != address) entry = entry.next
    return entry
  }

  private bucketHead(bucket: u32): ArpEntry | null {
    return changetype<ArpEntry | null>(load<usize>(this.buckets + (bucket << alignof<usize>())))
  }

  private setBucketHead(bucket: u32, entry: ArpEntry | null): void {
    store<usize>(this.buckets + (bucket << alignof<usize>()), changetype<usize>(entry))
  }
}

function bucketOf(address: u32): u32 {
  return (address ^ (address >> 6) ^ (address >> 12)) & (BUCKETS - 1)
}

/** Sends a request. With `sender` 0 it is a probe (RFC 5227 section 2.1.1); with `sender` equal to `target` an announcement. */
export function sendArpRequest(nic: Interface, mac: u64, sender: u32, target: u32): void {
  const packet = nic.stack.arpFrame + ETHERNET_HEADER
  emitArp(packet, ARP_REQUEST, nic.mac, sender, 0, target)
  nic.sendTo(mac, ETHERTYPE_ARP, packet, ARP_LENGTH, 0, 0)
}
