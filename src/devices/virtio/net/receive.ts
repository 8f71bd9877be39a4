/** From the wire into the guest's receive queues (virtio 1.2, 5.1.6.3 and 5.1.6.4). */
import { GuestFault } from '../../guest-fault.ts'
import type { VirtioHost } from '../device.ts'
import { type Chain, scatter, type Virtqueue } from '../queue.ts'
import { hasValidChecksum } from './checksum.ts'
import type { ReceiveFilter } from './filter.ts'
import { emitReceiveHeader, HEADER_BYTES } from './header.ts'
import type { FramePort } from './net.ts'
import type { Steering } from './steering.ts'

/** No frame on any wire is longer; what is, is dropped. */
const MAX_FRAME_BYTES = 65_549
const MAX_PAIRS = 8

export interface ReceiveOptions {
  /** VIRTIO_NET_F_MRG_RXBUF: a frame may take several buffers. */
  readonly mergeable: boolean
  /** VIRTIO_NET_F_GUEST_CSUM: the driver believes us when we say that a checksum is right. */
  readonly validates: boolean
  /** Bytes before each frame. */
  readonly headerBytes: number
  readonly pairs: number
}

export class Receiver {
  readonly #port: FramePort
  readonly #filter: ReceiveFilter
  readonly #steering: Steering
  /** Header and frame, as they go into the guest's buffers. */
  readonly #packet = new Uint8Array(HEADER_BYTES + MAX_FRAME_BYTES)
  /** Queues that the driver need not notify, because they have buffers left. */
  readonly #quiet = new WeakSet<Virtqueue>()
  #options: ReceiveOptions = {
    mergeable: false,
    validates: false,
    headerBytes: HEADER_BYTES,
    pairs: 1,
  }
  #host!: VirtioHost

  constructor(port: FramePort, filter: ReceiveFilter, steering: Steering) {
    this.#port = port
    this.#filter = filter
    this.#steering = steering
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  configure(options: ReceiveOptions): void {
    this.#options = options
  }

  /** Numbers of the quiet queues: the guest sees when one begins to be. */
  save(): number[] {
    return Array.from({ length: MAX_PAIRS }, (_, pair) => 2 * pair).filter((index) => {
      const queue = this.#host.queue(index)
      return queue !== null && this.#quiet.has(queue)
    })
  }

  load(quiet: readonly number[]): void {
    for (let pair = 0; pair < MAX_PAIRS; pair++) {
      const queue = this.#host.queue(2 * pair)
      if (queue === null) continue
      if (quiet.includes(2 * pair)) this.#quiet.add(queue)
      else this.#quiet.delete(queue)
    }
  }

  /** Delivers what has arrived, as far as the guest has buffers for it. Interrupts once for all. */
  pump(): void {
    const touched = new Set<number>()
    for (let frame = this.#port.peek(); frame !== null; frame = this.#port.peek()) {
      if (!this.#isWanted(frame)) {
        this.#host.counters.count('net.rx.filtered')
      } else {
        const { pairs } = this.#options
        const index = pairs > 1 ? 2 * this.#steering.choose(frame, pairs) : 0
        const queue = this.#host.queue(index)
        if (queue === null) this.#host.counters.count('net.rx.no-queue')
        else if (!this.#deliver(queue, frame)) break
        else touched.add(index)
      }
      this.#port.next()
    }
    for (const index of touched) this.#host.signal(index)
  }

  /** Drops what has arrived: nobody listens. */
  discard(): void {
    while (this.#port.peek() !== null) {
      this.#host.counters.count('net.rx.no-driver')
      this.#port.next()
    }
  }

  #isWanted(frame: Uint8Array): boolean {
    return frame.length >= 14 && frame.length <= MAX_FRAME_BYTES && this.#filter.accepts(frame)
  }

  /** False when the frame has to wait for buffers. */
  #deliver(queue: Virtqueue, frame: Uint8Array): boolean {
    const { headerBytes } = this.#options
    const bytes = headerBytes + frame.length
    const chains = this.#takeBuffers(queue, bytes)
    if (chains === null) return false
    if (chains.length === 0) return true
    const packet = this.#packet.subarray(0, bytes)
    // The header first: in its short form the frame begins where its last field would be.
    emitReceiveHeader(packet, this.#options.validates && hasValidChecksum(frame), chains.length)
    packet.set(frame, headerBytes)
    let done = 0
    for (const chain of chains) {
      const written = scatter(this.#host.memory, chain, 0, packet.subarray(done))
      queue.push(chain, written)
      done += written
    }
    if (!this.#quiet.has(queue)) {
      queue.setNotifications(false)
      this.#quiet.add(queue)
    }
    return true
  }

  /** Buffers for `bytes` bytes; none when the frame must be dropped; null when it has to wait. */
  #takeBuffers(queue: Virtqueue, bytes: number): Chain[] | null {
    const chains: Chain[] = []
    let room = 0
    while (room < bytes) {
      const chain = queue.pop()
      if (chain === null) return this.#wait(queue, chains)
      chains.push(chain)
      room += chain.writableBytes
      if (chain.writableBytes < this.#options.headerBytes)
        throw new GuestFault('net.rx.bad-buffer', 'a receive buffer too small for its header')
      if (!this.#options.mergeable && room < bytes) {
        this.#host.counters.count('net.rx.buffer-too-small')
        queue.unpop(chain)
        return []
      }
    }
    return chains
  }

  /** Not enough buffers: puts them back and asks to be told of new ones. */
  #wait(queue: Virtqueue, chains: Chain[]): Chain[] | null {
    const isWholeQueue = chains.reduce((sum, chain) => sum + chain.entries, 0) >= queue.size
    for (const chain of chains.toReversed()) queue.unpop(chain)
    if (isWholeQueue) {
      this.#host.counters.count('net.rx.buffer-too-small')
      return []
    }
    queue.setNotifications(true)
    this.#quiet.delete(queue)
    return null
  }
}
