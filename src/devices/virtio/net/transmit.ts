/** From the guest's transmit queues onto the wire (virtio 1.2, 5.1.6.2), with the offloads done. */
import type { VirtioHost } from '../device.ts'
import { gather } from '../queue.ts'
import { completeChecksum } from './checksum.ts'
import { CSUM, HOST_ECN, HOST_TSO4, HOST_TSO6 } from './features.ts'
import {
  FLAG_NEEDS_CSUM,
  GSO_ECN,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  HEADER_BYTES,
  type NetHeader,
  parseHeader,
} from './header.ts'
import type { FramePort } from './net.ts'
import { segmentTcp } from './segment.ts'
import type { Steering } from './steering.ts'

const ETHERNET_BYTES = 14
const MAX_FRAME_BYTES: number = ETHERNET_BYTES + 65_535
/** Smaller segments than TCP ever uses would only multiply one packet into thousands. */
const MIN_GSO_BYTES = 48

export class Transmitter {
  readonly #port: FramePort
  readonly #steering: Steering
  readonly #packet = new Uint8Array(HEADER_BYTES + MAX_FRAME_BYTES)
  /** Frames the wire did not take: at most the segments of one packet. No more is popped before they are gone. */
  #backlog: Uint8Array[] = []
  #features = 0n
  #headerBytes = HEADER_BYTES
  #isSteering = false
  #host!: VirtioHost

  constructor(port: FramePort, steering: Steering) {
    this.#port = port
    this.#steering = steering
  }

  get isBlocked(): boolean {
    return this.#backlog.length > 0
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  /** `isSteering`: several queue pairs are in use, so it matters which of them a flow uses. */
  configure(features: bigint, headerBytes: number, isSteering: boolean): void {
    this.#features = features
    this.#headerBytes = headerBytes
    this.#isSteering = isSteering
  }

  /** Sends what waits in queue `index`, as far as the wire takes it. */
  pump(index: number): void {
    this.#drain()
    const queue = this.#host.queue(index)
    if (queue === null) return
    for (let turn = 0; turn < queue.size && !this.isBlocked; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      const bytes = gather(this.#host.memory, chain, 0, this.#packet)
      if (bytes < this.#headerBytes + ETHERNET_BYTES || chain.readableBytes > this.#packet.length)
        this.#host.counters.count('net.tx.bad-length')
      else this.#sendPacket(this.#packet.subarray(0, bytes), index >> 1)
      queue.push(chain, 0)
    }
    queue.setNotifications(!this.isBlocked)
    this.#host.signal(index)
  }

  reset(): void {
    this.#backlog = []
    this.#features = 0n
  }

  save(): Uint8Array[] {
    return this.#backlog.map((frame) => frame.slice())
  }

  load(backlog: Uint8Array[]): void {
    this.#backlog = backlog.map((frame) => frame.slice())
  }

  #sendPacket(packet: Uint8Array, pair: number): void {
    const header = parseHeader(packet)
    const frame = packet.subarray(this.#headerBytes)
    if (this.#isSteering) this.#steering.learn(frame, pair)
    if (header.gsoType !== GSO_NONE) return this.#sendSegments(frame, header)
    if (header.flags & FLAG_NEEDS_CSUM && !this.#completeChecksum(frame, header)) return
    this.#send(frame)
  }

  #sendSegments(frame: Uint8Array, header: NetHeader): void {
    const type = header.gsoType & ~GSO_ECN
    const allowed =
      (type === GSO_TCPV4 && this.#has(HOST_TSO4)) || (type === GSO_TCPV6 && this.#has(HOST_TSO6))
    const ecnAllowed = !(header.gsoType & GSO_ECN) || this.#has(HOST_ECN)
    const isSane = allowed && ecnAllowed && header.flags & FLAG_NEEDS_CSUM && header.gsoSize >= MIN_GSO_BYTES
    if (!isSane || !segmentTcp(frame, type === GSO_TCPV6, header.gsoSize, (segment) => this.#send(segment)))
      this.#host.counters.count('net.tx.bad-gso')
  }

  #completeChecksum(frame: Uint8Array, header: NetHeader): boolean {
    const done = this.#has(CSUM) && completeChecksum(frame, header.csumStart, header.csumOffset)
    if (!done) this.#host.counters.count('net.tx.bad-csum')
    return done
  }

  #send(frame: Uint8Array): void {
    if (this.isBlocked || !this.#port.transmit(frame)) this.#backlog.push(frame.slice())
  }

  #drain(): void {
    let sent = 0
    while (sent < this.#backlog.length && this.#port.transmit(this.#backlog[sent]!)) sent++
    this.#backlog.splice(0, sent)
  }

  #has(feature: bigint): boolean {
    return (this.#features & feature) !== 0n
  }
}
