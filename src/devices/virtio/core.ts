/** What every virtio device has, whatever carries it: status, feature negotiation, queue set-up (virtio 1.2, 2.1 – 2.6, 3.1), for drivers of both interfaces. */
import type { Diagnostics } from '../counters.ts'
import { GuestFault } from '../guest-fault.ts'
import type { GuestMemory } from '../guest-memory.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import {
  COMMON_FEATURES,
  EVENT_IDX,
  INDIRECT_DESC,
  LEGACY_FEATURES,
  RING_PACKED,
  RING_RESET,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  VERSION_1,
} from './features.ts'
import { PackedQueue } from './packed-queue.ts'
import type { QueueFeatures, QueueLayout, QueuePosition, Virtqueue } from './queue.ts'
import { SplitQueue } from './split-queue.ts'

/** A queue as the driver sets it up. Addresses are kept in halves, as they are written. */
export interface QueueSetup {
  size: number
  enabled: boolean
  descriptor: [low: number, high: number]
  driver: [low: number, high: number]
  device: [low: number, high: number]
}

/** The two ways in which a driver may speak to a transitional device (4.1). The first word after a reset decides. */
export type VirtioInterface = 'modern' | 'legacy'

export interface VirtioCoreState {
  status: number
  via: VirtioInterface | null
  isStarted: boolean
  driverFeatures: bigint
  generation: number
  queues: QueueSetup[]
  positions: (QueuePosition | null)[]
  device: unknown
}

/** Called when the driver is to be interrupted. */
export interface VirtioInterrupts {
  queue(index: number): void
  config(): void
  /** The driver has reset the device: vectors and causes are forgotten. */
  reset(): void
}

export class VirtioCore implements VirtioHost {
  readonly device: VirtioDevice
  readonly memory: GuestMemory
  readonly offered: bigint
  /** What a legacy driver may choose from: it sees only 32 bits. */
  readonly legacyOffered: bigint
  readonly setups: QueueSetup[]
  status = 0
  driverFeatures = 0n
  generation = 0
  /** Whether the device may reach RAM. */
  mayDma: () => boolean = () => true
  readonly #running: (Virtqueue | null)[]
  #via: VirtioInterface | null = null
  /** The device knows the features. A legacy driver may use queues before it says DRIVER_OK. */
  #isStarted = false
  readonly #interrupts: VirtioInterrupts
  readonly #diagnostics: Diagnostics

  constructor(
    device: VirtioDevice,
    memory: GuestMemory,
    interrupts: VirtioInterrupts,
    diagnostics: Diagnostics,
  ) {
    this.device = device
    this.memory = memory
    this.offered = device.features | COMMON_FEATURES
    this.legacyOffered = (device.features & 0xff_ffffn) | LEGACY_FEATURES
    this.setups = Array.from({ length: device.queues }, () => newSetup(device.queueSize))
    this.#running = Array.from({ length: device.queues }, () => null)
    this.#interrupts = interrupts
    this.#diagnostics = diagnostics
    device.attach(this)
  }

  get counters(): Diagnostics['counters'] {
    return this.#diagnostics.counters
  }

  get isLegacy(): boolean {
    return this.#via === 'legacy'
  }

  warn(text: string): void {
    this.#diagnostics.warnings.text(text)
  }

  /** Whether the driver may go on through this interface; it may not change over without a reset. */
  claim(via: VirtioInterface): boolean {
    this.#via ??= via
    if (this.#via === via) return true
    this.counters.count('virtio.mixed-interfaces')
    return false
  }

  /** Whether the driver chose `feature`; meaningful from FEATURES_OK on. */
  has(feature: bigint): boolean {
    return (this.driverFeatures & feature) !== 0n
  }

  queue(index: number): Virtqueue | null {
    return this.#isLive ? (this.#running[index] ?? null) : null
  }

  signal(index: number): void {
    if (this.queue(index)?.shouldSignal()) this.#interrupts.queue(index)
  }

  configChanged(): void {
    this.generation = (this.generation + 1) & 0xff
    if (this.status & STATUS_DRIVER_OK) this.#interrupts.config()
  }

  guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error
      this.#needsReset(error)
    }
  }

  /** The driver writes the status register. Bits are only ever added; 0 resets the device. */
  writeStatus(value: number, via: VirtioInterface = 'modern'): void {
    if (value === 0) return this.reset()
    if (!this.claim(via)) return
    let added = value & ~this.status & ~STATUS_NEEDS_RESET
    // A legacy device has no such bit.
    if (this.isLegacy) added &= ~STATUS_FEATURES_OK
    if (added & STATUS_FEATURES_OK && !this.#acceptsFeatures()) {
      added &= ~STATUS_FEATURES_OK
      this.counters.count('virtio.features-refused')
    }
    if (!this.isLegacy && added & STATUS_DRIVER_OK && !((this.status | added) & STATUS_FEATURES_OK)) {
      added &= ~STATUS_DRIVER_OK
      this.counters.count('virtio.driver-ok-too-early')
    }
    this.status |= added
    if (added & STATUS_DRIVER_OK) this.#start()
  }

  /** A legacy driver chooses; what was not offered is left out (2.2.3). */
  writeLegacyFeatures(value: number): void {
    if (!this.claim('legacy')) return
    if (this.status & STATUS_DRIVER_OK) return this.counters.count('virtio.late-features')
    this.driverFeatures = BigInt(value >>> 0) & this.legacyOffered
  }

  /** A legacy driver places a queue, which enables it, or takes it away. */
  placeLegacyQueue(index: number, place: Omit<QueueLayout, 'size'> | null): void {
    const setup = this.setups[index]
    if (!this.claim('legacy')) return
    if (setup === undefined) return this.counters.count('virtio.bad-queue')
    this.setups[index] = newSetup(setup.size)
    this.#running[index] = null
    if (place === null) return
    const { descriptorGpa, driverGpa, deviceGpa } = place
    Object.assign(this.setups[index]!, {
      descriptor: split(descriptorGpa),
      driver: split(driverGpa),
      device: split(deviceGpa),
    })
    this.#enable(index)
  }

  /** Features can be chosen until FEATURES_OK. Bits that were not offered stay, and are refused then. */
  writeDriverFeatures(select: number, value: number): void {
    if (this.status & STATUS_FEATURES_OK) return this.counters.count('virtio.late-features')
    if (select > 1) return
    const shift = BigInt(32 * select)
    const mask = 0xffff_ffffn << shift
    this.driverFeatures = (this.driverFeatures & ~mask) | (BigInt(value >>> 0) << shift)
  }

  /** The size must be one that the ring's kind allows, and cannot change while the queue is enabled. */
  writeQueueSize(index: number, size: number): void {
    const setup = this.setups[index]
    if (setup === undefined || setup.enabled) return this.counters.count('virtio.bad-queue')
    const isPowerOfTwo = (size & (size - 1)) === 0
    if (size < 1 || size > this.device.queueSize || (!isPowerOfTwo && !this.has(RING_PACKED)))
      return this.counters.count('virtio.bad-queue-size')
    setup.size = size
  }

  enableQueue(index: number): void {
    const setup = this.setups[index]
    if (setup === undefined || setup.enabled) return this.counters.count('virtio.bad-queue')
    if (!(this.status & STATUS_FEATURES_OK)) return this.counters.count('virtio.queue-too-early')
    this.#enable(index)
  }

  /** Resets one queue (2.6.1), if the driver may do that. */
  resetQueue(index: number): void {
    if (!this.has(RING_RESET) || this.setups[index] === undefined)
      return this.counters.count('virtio.bad-queue-reset')
    this.setups[index] = newSetup(this.device.queueSize)
    this.#running[index] = null
  }

  renotify(index: number): void {
    if (this.queue(index) !== null) this.notify(index)
  }

  /** The driver has notified a queue. */
  notify(index: number): void {
    if (this.queue(index) === null) return this.counters.count('virtio.stray-notify')
    if (!this.mayDma()) return this.counters.count('virtio.dma-without-bus-master')
    if (!this.#isStarted) this.#start()
    this.guard(() => this.device.notify(index))
  }

  reset(): void {
    this.status = 0
    this.#via = null
    this.#isStarted = false
    this.driverFeatures = 0n
    for (let i = 0; i < this.setups.length; i++) {
      this.setups[i] = newSetup(this.device.queueSize)
      this.#running[i] = null
    }
    this.device.reset()
    this.#interrupts.reset()
  }

  save(): VirtioCoreState {
    const { status, driverFeatures, generation, setups } = this
    const positions = this.#running.map((queue) => queue?.savePosition() ?? null)
    return structuredClone({
      status,
      via: this.#via,
      isStarted: this.#isStarted,
      driverFeatures,
      generation,
      queues: setups,
      positions,
      device: this.device.save(),
    })
  }

  load(state: VirtioCoreState): void {
    this.status = state.status
    this.#via = state.via
    this.#isStarted = state.isStarted
    this.driverFeatures = state.driverFeatures
    this.generation = state.generation
    for (let i = 0; i < this.setups.length; i++) {
      this.setups[i] = structuredClone(state.queues[i]!)
      const position = state.positions[i]
      const queue = position ? this.#createQueue(this.setups[i]!) : null
      if (position) queue!.loadPosition(position)
      this.#running[i] = queue
    }
    this.device.load(state.device)
  }

  get #isLive(): boolean {
    if (this.isLegacy) return (this.status & (STATUS_NEEDS_RESET | STATUS_FAILED)) === 0
    return (this.status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) === STATUS_DRIVER_OK
  }

  #acceptsFeatures(): boolean {
    const { driverFeatures } = this
    if ((driverFeatures & ~this.offered) !== 0n || !this.has(VERSION_1)) return false
    return this.device.acceptsFeatures(driverFeatures)
  }

  #start(): void {
    this.#isStarted = true
    this.guard(() => this.device.start(this.driverFeatures))
  }

  #enable(index: number): void {
    const setup = this.setups[index]!
    this.guard(() => {
      const queue = this.#createQueue(setup)
      queue.setNotifications(true)
      this.#running[index] = queue
      setup.enabled = true
    })
  }

  #createQueue(setup: QueueSetup): Virtqueue {
    const layout = {
      size: setup.size,
      descriptorGpa: join(setup.descriptor),
      driverGpa: join(setup.driver),
      deviceGpa: join(setup.device),
    }
    const features: QueueFeatures = { indirect: this.has(INDIRECT_DESC), eventIndex: this.has(EVENT_IDX) }
    return this.has(RING_PACKED)
      ? new PackedQueue(this.memory, layout, features)
      : new SplitQueue(this.memory, layout, features)
  }

  #needsReset(fault: GuestFault): void {
    this.counters.count(fault.counter)
    this.counters.count('virtio.needs-reset')
    this.status |= STATUS_NEEDS_RESET
    this.#diagnostics.warnings.text(`${this.device.name} needs a reset: ${fault.message}`)
    if (this.status & STATUS_DRIVER_OK) this.#interrupts.config()
  }
}

function newSetup(size: number): QueueSetup {
  return { size, enabled: false, descriptor: [0, 0], driver: [0, 0], device: [0, 0] }
}

function split(gpa: number): [low: number, high: number] {
  return [gpa % 2 ** 32, Math.floor(gpa / 2 ** 32)]
}

function join([low, high]: readonly [number, number]): number {
  return high * 2 ** 32 + low
}
