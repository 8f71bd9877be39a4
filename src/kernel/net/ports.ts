import { NetStack } from './stack'
import { Socket } from './socket'
import { EADDRINUSE } from './errno'

/** Bound sockets of one protocol by local port, and the choice of ephemeral ports (RFC 6056). */

const BUCKETS: u32 = 256
export const EPHEMERAL_FIRST: u32 = 49152
export const EPHEMERAL_COUNT: u32 = 16384

@unmanaged
export class PortTable {
  private stack: NetStack
  private buckets: usize
  /** Counters of RFC 6056 algorithm 4, "double-hash". */
  private counters: usize

  constructor(stack: NetStack) {
    this.stack = stack
    this.buckets = heap.alloc(BUCKETS << alignof<usize>())
    memory.fill(this.buckets, 0, BUCKETS << alignof<usize>())
    this.counters = heap.alloc(64 * 4)
    memory.fill(this.counters, 0, 64 * 4)
  }

  /** First bound socket whose port may be `port`; follow `portNext` and compare. */
  first(port: u32): Socket | null {
    return changetype<Socket | null>(load<usize>(this.slot(port)))
  }

  insert(socket: Socket): void {
    const slot = this.slot(socket.localPort)
    socket.portNext = changetype<Socket | null>(load<usize>(slot))
    store<usize>(slot, changetype<usize>(socket))
    socket.isBound = true
  }

  remove(socket: Socket): void {
    if (!socket.isBound) return
    socket.isBound = false
    const slot = this.slot(socket.localPort)
    let before: Socket | null = null
    for (let at: Socket | null = this.first(socket.localPort); at; at = at!.portNext) {
      if (at == socket) {
        if (before) before.portNext = at.portNext
        else store<usize>(slot, changetype<usize>(at.portNext))
        return
      }
      before = at
    }
  }

  /** Whether binding to an address and port would clash with a socket that is there already. */
  clashes(address: u32, port: u32, reuse: bool): bool {
    for (let at: Socket | null = this.first(port); at; at = at!.portNext) {
      if (at.localPort != port) continue
      if (at.localAddress != 0 && address != 0 && at.localAddress != address) continue
      if (!(reuse && at.reuseAddress)) return true
    }
    return false
  }

  /** Binds a socket; port 0 chooses one. Returns 0 or -EADDRINUSE. */
  bind(socket: Socket, address: u32, port: u32): i32 {
    let chosen = port
    if (port == 0) {
      const start = this.firstCandidate(address, 0, 0)
      for (let attempt: u32 = 0; attempt < EPHEMERAL_COUNT; attempt++) {
        const candidate = EPHEMERAL_FIRST + ((start + attempt) % EPHEMERAL_COUNT)
        if (this.clashes(address, candidate, false)) continue
        chosen = candidate
        this.advance(address, 0, 0, attempt + 1)
        break
      }
      if (chosen == 0) return -EADDRINUSE
    } else if (this.clashes(address, port, socket.reuseAddress)) {
      return -EADDRINUSE
    }
    socket.localAddress = address
    socket.localPort = chosen
    this.insert(socket)
    return 0
  }

  /** Where the search for an ephemeral port for a peer begins: a keyed function of the peer, plus a counter. */
  firstCandidate(localAddress: u32, remoteAddress: u32, remotePort: u32): u32 {
    const hash = this.hash(localAddress, remoteAddress, remotePort)
    return ((hash >> 8) as u32) + load<u32>(this.counter(hash))
  }

  /** Notes that so many candidates are used up. */
  advance(localAddress: u32, remoteAddress: u32, remotePort: u32, by: u32): void {
    const counter = this.counter(this.hash(localAddress, remoteAddress, remotePort))
    store<u32>(counter, load<u32>(counter) + by)
  }

  free(): void {
    heap.free(this.buckets)
    heap.free(this.counters)
    heap.free(changetype<usize>(this))
  }

  private hash(localAddress: u32, remoteAddress: u32, remotePort: u32): u64 {
    return this.stack.key.hash(
      ((localAddress as u64) << 32) | remoteAddress,
      ((0x706f7274 as u64) << 32) | remotePort,
    )
  }

  private counter(hash: u64): usize {
    return this.counters + ((hash & 63) as usize) * 4
  }

  private slot(port: u32): usize {
    return this.buckets + ((port & (BUCKETS - 1)) << alignof<usize>())
  }
}
