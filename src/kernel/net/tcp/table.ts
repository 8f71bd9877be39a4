import { Endpoint } from '../socket'
import { SipKey } from '../core/siphash'

/** Connections by their four-tuple: a chained hash table that grows. The key keeps peers from choosing collisions. */
@unmanaged
export class ConnectionTable {
  count: u32 = 0
  private mask: u32 = 255
  private buckets: usize
  private secret: u64

  constructor(key: SipKey) {
    this.secret = key.hash(0x7461626c, 0x65) | 1
    this.buckets = emptyBuckets(256)
  }

  find(localAddress: u32, localPort: u32, remoteAddress: u32, remotePort: u32): Endpoint | null {
    let at = this.head(this.index(localAddress, localPort, remoteAddress, remotePort))
    while (
      at &&
      !(
        at.remotePort == remotePort &&
        at.remoteAddress == remoteAddress &&
        at.localPort == localPort &&
        at.localAddress == localAddress
      )
    ) {
      at = at.hashNext
    }
    return at
  }

  insert(endpoint: Endpoint): void {
    if (this.count > this.mask) this.grow()
    this.link(endpoint)
    this.count++
  }

  remove(endpoint: Endpoint): void {
    const index = this.indexOf(endpoint)
    let before: Endpoint | null = null
    for (let at: Endpoint | null = this.head(index); at; at = at!.hashNext) {
      if (at == endpoint) {
        if (before) before.hashNext = at.hashNext
        else this.setHead(index, at.hashNext)
        at.hashNext = null
        this.count--
        return
      }
      before = at
    }
  }

  /** Any endpoint, or null if there is none: for tearing everything down. */
  any(): Endpoint | null {
    for (let index: u32 = 0; index <= this.mask; index++) {
      const at = this.head(index)
      if (at) return at
    }
    return null
  }

  /** The chain at an index, for walking over all; indices go up to `lastIndex`. */
  head(index: u32): Endpoint | null {
    return changetype<Endpoint | null>(load<usize>(this.buckets + (index << alignof<usize>())))
  }

  get lastIndex(): u32 {
    return this.mask
  }

  free(): void {
    heap.free(this.buckets)
    heap.free(changetype<usize>(this))
  }

  private indexOf(endpoint: Endpoint): u32 {
    return this.index(endpoint.localAddress, endpoint.localPort, endpoint.remoteAddress, endpoint.remotePort)
  }

  private index(localAddress: u32, localPort: u32, remoteAddress: u32, remotePort: u32): u32 {
    let hash = (((localAddress as u64) << 32) | remoteAddress) ^ this.secret
    hash *= 0x9e3779b1 * 0x85ebca6b
    hash ^= hash >> 32
    hash += ((localPort << 16) | remotePort) as u64
    hash *= this.secret
    hash ^= hash >> 29
    hash *= 0x9e3779b1 * 0x85ebca6b
    return ((hash >> 32) as u32) & this.mask
  }

  private setHead(index: u32, endpoint: Endpoint | null): void {
    store<usize>(this.buckets + (index << alignof<usize>()), changetype<usize>(endpoint))
  }

  private link(endpoint: Endpoint): void {
    const index = this.indexOf(endpoint)
    endpoint.hashNext = this.head(index)
    this.setHead(index, endpoint)
  }

  private grow(): void {
    const old = this.buckets
    const oldSize = this.mask + 1
    this.mask = oldSize * 2 - 1
    this.buckets = emptyBuckets(oldSize * 2)
    for (let index: u32 = 0; index < oldSize; index++) {
      let at = changetype<Endpoint | null>(load<usize>(old + (index << alignof<usize>())))
      while (at) {
        const next = at.hashNext
        this.link(at)
        at = next
      }
    }
    heap.free(old)
  }
}

function emptyBuckets(count: u32): usize {
  const buckets = heap.alloc(count << alignof<usize>())
  memory.fill(buckets, 0, count << alignof<usize>())
  return buckets
}
