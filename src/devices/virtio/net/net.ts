/** Network device (virtio 1.2, 5.1). Queues: receive 0, transmit 0, receive 1, …, then control. */
import type { AccessSize } from '../../device.ts'
import type { VirtioDevice, VirtioHost } from '../device.ts'
import { TYPE_NET } from '../features.ts'
import { gather, scatter } from '../queue.ts'
import { MAX_COMMAND_BYTES, runCommand } from './control.ts'
import {
  areConsistent,
  CTRL_MAC_ADDR,
  CTRL_RX,
  CTRL_VQ,
  GUEST_CSUM,
  MQ,
  MRG_RXBUF,
  NET_FEATURES,
} from './features.ts'
import { type FilterState, ReceiveFilter } from './filter.ts'
import { HEADER_BYTES, LEGACY_HEADER_BYTES } from './header.ts'
import { Receiver } from './receive.ts'
import { Steering } from './steering.ts'
import { Transmitter } from './transmit.ts'

const CONFIG_BYTES = 12
const LINK_UP = 1

/** The machine's end of the wire. Nothing here blocks; bytes are copied before a call returns. */
export interface FramePort {
  /** False when the wire takes no more at the moment; `resume` follows. */
  transmit(frame: Uint8Array): boolean
  /** The oldest frame that has arrived, until `next` is called; null when there is none. */
  peek(): Uint8Array | null
  next(): void
}

export interface VirtioNetOptions {
  /** Six bytes. */
  readonly mac: Uint8Array
  readonly port: FramePort
  /** The largest IP packet, in bytes. Default 1500. */
  readonly mtu?: number
  /** Queue pairs to offer, 1 … 8. Default 1. */
  readonly queuePairs?: number
}

export interface VirtioNetState {
  isStarted: boolean
  features: bigint
  pairs: number
  filter: FilterState
  steering: Uint8Array
  backlog: Uint8Array[]
  quiet: number[]
}

export class VirtioNet implements VirtioDevice {
  readonly name = 'virtio-net'
  readonly type: number = TYPE_NET
  readonly classCode = 0x020000
  readonly features: bigint = NET_FEATURES
  readonly queues: number
  readonly queueSize = 256
  readonly configBytes = CONFIG_BYTES
  readonly #maxPairs: number
  readonly #mtu: number
  readonly #filter: ReceiveFilter
  readonly #steering = new Steering()
  readonly #receiver: Receiver
  readonly #transmitter: Transmitter
  #host!: VirtioHost
  #isStarted = false
  #features = 0n
  #pairs = 1

  constructor(options: VirtioNetOptions) {
    this.#maxPairs = options.queuePairs ?? 1
    this.#mtu = options.mtu ?? 1500
    this.queues = 2 * this.#maxPairs + 1
    this.#filter = new ReceiveFilter(options.mac)
    this.#receiver = new Receiver(options.port, this.#filter, this.#steering)
    this.#transmitter = new Transmitter(options.port, this.#steering)
  }

  attach(host: VirtioHost): void {
    this.#host = host
    this.#receiver.attach(host)
    this.#transmitter.attach(host)
  }

  readConfig(offset: number, size: AccessSize): number {
    const config = new Uint8Array(CONFIG_BYTES + 4)
    config.set(this.#filter.mac)
    const view = new DataView(config.buffer)
    view.setUint16(6, LINK_UP, true)
    view.setUint16(8, this.#maxPairs, true)
    view.setUint16(10, this.#mtu, true)
    if (size === 1) return view.getUint8(offset)
    return size === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true)
  }

  /** The configuration is for reading, but a legacy driver sets its address here (5.1.4.1). */
  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (!this.#host.isLegacy || offset + size > 6) return this.#host.counters.count('net.config-write')
    const mac = this.#filter.mac.slice()
    for (let i = 0; i < size; i++) mac[offset + i] = value >>> (8 * i)
    this.#filter.setMac(mac)
  }

  acceptsFeatures(features: bigint): boolean {
    return areConsistent(features)
  }

  start(features: bigint): void {
    this.#isStarted = true
    this.#features = features
    this.#configure()
    this.#receiver.pump()
  }

  notify(index: number): void {
    if (index === this.#controlQueue) return this.#control(index)
    if (index % 2 === 1) this.#transmitter.pump(index)
    else this.#receiver.pump()
  }

  /** Frames have arrived, or the wire has room again. To be called by the machine, never from within a port call. */
  resume(): void {
    if (!this.#isStarted) {
      this.#receiver.discard()
      return
    }
    this.#host.guard(() => {
      for (let pair = 0; pair < this.#maxPairs; pair++) this.#transmitter.pump(2 * pair + 1)
      this.#receiver.pump()
    })
  }

  /** Whether the guest waits until the wire has room. */
  get isBlocked(): boolean {
    return this.#transmitter.isBlocked
  }

  reset(): void {
    this.#isStarted = false
    this.#features = 0n
    this.#pairs = 1
    this.#filter.reset()
    this.#steering.reset()
    this.#transmitter.reset()
  }

  save(): VirtioNetState {
    return {
      isStarted: this.#isStarted,
      features: this.#features,
      pairs: this.#pairs,
      filter: this.#filter.save(),
      steering: this.#steering.save(),
      backlog: this.#transmitter.save(),
      quiet: this.#receiver.save(),
    }
  }

  load(saved: unknown): void {
    const state = saved as VirtioNetState
    this.#isStarted = state.isStarted
    this.#features = state.features
    this.#pairs = state.pairs
    this.#filter.load(state.filter)
    this.#steering.load(state.steering)
    this.#transmitter.load(state.backlog)
    this.#receiver.load(state.quiet)
    this.#configure()
  }

  get #controlQueue(): number {
    if (!this.#has(CTRL_VQ)) return -1
    return this.#has(MQ) ? 2 * this.#maxPairs : 2
  }

  #has(feature: bigint): boolean {
    return (this.#features & feature) !== 0n
  }

  #configure(): void {
    const isShort = this.#host.isLegacy && !this.#has(MRG_RXBUF)
    const headerBytes = isShort ? LEGACY_HEADER_BYTES : HEADER_BYTES
    this.#receiver.configure({
      mergeable: this.#has(MRG_RXBUF),
      validates: this.#has(GUEST_CSUM),
      headerBytes,
      pairs: this.#pairs,
    })
    this.#transmitter.configure(this.#features, headerBytes, this.#pairs > 1)
  }

  #control(index: number): void {
    const host = this.#host
    const queue = host.queue(index)
    if (queue === null) return
    for (let turn = 0; turn < queue.size; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      const command = new Uint8Array(Math.min(chain.readableBytes, MAX_COMMAND_BYTES + 1))
      gather(host.memory, chain, 0, command)
      const answer = command.length > MAX_COMMAND_BYTES ? 1 : this.#runCommand(command)
      queue.push(chain, scatter(host.memory, chain, 0, Uint8Array.of(answer)))
    }
    queue.setNotifications(true)
    host.signal(index)
  }

  #runCommand(command: Uint8Array): number {
    return runCommand(command, {
      filter: this.#filter,
      allowsRx: this.#has(CTRL_RX),
      allowsMac: this.#has(CTRL_MAC_ADDR),
      allowsPairs: this.#has(MQ),
      setPairs: (pairs) => {
        if (pairs < 1 || pairs > this.#maxPairs) return false
        this.#pairs = pairs
        this.#configure()
        return true
      },
    })
  }
}
