/** Block device (virtio 1.2, 5.2). */
import type { AccessSize, Timer, TimeSource } from '../../device.ts'
import type { BlockBackend } from '../../storage/block-backend.ts'
import type { VirtioDevice, VirtioHost } from '../device.ts'
import { TYPE_BLOCK } from '../features.ts'
import { CONFIG_BYTES, emitConfig, WRITEBACK } from './config.ts'
import * as f from './features.ts'
import { runRequest } from './request.ts'

/** After so many bytes the guest runs on before more requests are served: a long queue must not hold the machine. */
const BYTES_AT_ONCE = 16 << 20

export interface VirtioBlockOptions {
  readonly disk: BlockBackend
  readonly time: TimeSource
  /** At most 20 ASCII characters. */
  readonly serial?: string
  /** Queues to offer, 1 … 8. Default 1. */
  readonly queues?: number
}

export interface VirtioBlockState {
  features: bigint
  isWriteback: boolean
  waiting: number[]
}

export class VirtioBlock implements VirtioDevice {
  readonly name = 'virtio-blk'
  readonly type: number = TYPE_BLOCK
  readonly classCode = 0x010000
  readonly features: bigint
  readonly queues: number
  readonly queueSize = 256
  readonly configBytes = CONFIG_BYTES
  readonly #disk: BlockBackend
  readonly #serial: string
  readonly #timer: Timer
  /** Queues that go on when the timer fires. */
  readonly #waiting = new Set<number>()
  readonly #time: TimeSource
  #host!: VirtioHost
  #features = 0n
  #isWriteback = true

  constructor({ disk, time, serial = '', queues = 1 }: VirtioBlockOptions) {
    this.#disk = disk
    this.#serial = serial
    this.#time = time
    this.queues = queues
    this.features =
      f.BLOCK_FEATURES | (disk.isReadOnly ? f.RO : f.WRITABLE_FEATURES) | (queues > 1 ? f.MQ : 0n)
    this.#timer = time.createTimer(() => this.#goOn())
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  readConfig(offset: number, size: AccessSize): number {
    const view = emitConfig({
      sizeBytes: this.#disk.sizeBytes,
      queues: this.queues,
      // One for the header, one for the status.
      maxBuffers: this.queueSize - 2,
      isWriteback: this.#isWriteback,
    })
    if (size === 1) return view.getUint8(offset)
    return size === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true)
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (offset === WRITEBACK && size === 1 && this.#has(f.CONFIG_WCE)) this.#isWriteback = (value & 1) !== 0
    else this.#host.counters.count('block.config-write')
  }

  acceptsFeatures(_features: bigint): boolean {
    return true
  }

  start(features: bigint): void {
    this.#features = features
  }

  notify(index: number): void {
    const host = this.#host
    const queue = host.queue(index)
    if (queue === null) return
    const mode = {
      disk: this.#disk,
      serial: this.#serial,
      allowsDiscard: this.#has(f.DISCARD),
      allowsZeroes: this.#has(f.WRITE_ZEROES),
      // A driver that cannot flush relies on each write (5.2.6.2).
      isWriteThrough: !this.#has(f.FLUSH) || !this.#isWriteback,
    }
    let bytes = 0
    for (let turn = 0; turn < queue.size && bytes < BYTES_AT_ONCE; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      queue.push(chain, runRequest(host, chain, mode))
      bytes += chain.readableBytes + chain.writableBytes
    }
    queue.setNotifications(true)
    host.signal(index)
    if (!queue.hasAvailable()) return
    this.#waiting.add(index)
    this.#timer.arm(this.#time.nowNs() + 1)
  }

  reset(): void {
    this.#features = 0n
    this.#isWriteback = true
    this.#waiting.clear()
    this.#timer.disarm()
  }

  save(): VirtioBlockState {
    return {
      features: this.#features,
      isWriteback: this.#isWriteback,
      waiting: [...this.#waiting],
    }
  }

  load(saved: unknown): void {
    const state = saved as VirtioBlockState
    this.#features = state.features
    this.#isWriteback = state.isWriteback
    this.#waiting.clear()
    for (const index of state.waiting) this.#waiting.add(index)
    if (this.#waiting.size > 0) this.#timer.arm(this.#time.nowNs() + 1)
    else this.#timer.disarm()
  }

  #has(feature: bigint): boolean {
    return (this.#features & feature) !== 0n
  }

  #goOn(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const index of waiting) this.#host.renotify(index)
  }
}
