import type { Counters } from '../counters.ts'
import type { AccessSize } from '../device.ts'
import type { GuestMemory } from '../guest-memory.ts'
import type { Virtqueue } from './queue.ts'

/** What a virtio device is given by the part that all of them share. */
export interface VirtioHost {
  readonly memory: GuestMemory
  readonly counters: Counters
  /** The driver uses the legacy interface; meaningful from `start` on. */
  readonly isLegacy: boolean
  /** Tells the user something, once. */
  warn(text: string): void
  /** The queue, once the driver has enabled it and said DRIVER_OK. */
  queue(index: number): Virtqueue | null
  /** Interrupts the driver if it wants to hear of what was pushed to this queue. */
  signal(index: number): void
  /** As if the driver had notified the queue once more. */
  renotify(index: number): void
  /** Tells the driver that the device configuration has changed. */
  configChanged(): void
  /** Runs an action that reads what the guest wrote; a GuestFault in it sets DEVICE_NEEDS_RESET. */
  guard(action: () => void): void
}

/** What makes a virtio device a network card or a random number generator. */
export interface VirtioDevice {
  readonly name: string
  /** Virtio device ID (section 5). */
  readonly type: number
  /** PCI class code, as `0x020000` for Ethernet. */
  readonly classCode: number
  /** Feature bits 0 … 23, 50 … 63 of this type of device; a legacy driver is offered the low ones. */
  readonly features: bigint
  readonly queues: number
  /** The largest size of each queue: a power of two, at most MAX_QUEUE_SIZE. */
  readonly queueSize: number
  /** Bytes of device-specific configuration. */
  readonly configBytes: number
  attach(host: VirtioHost): void
  readConfig(offset: number, size: AccessSize): number
  writeConfig(offset: number, size: AccessSize, value: number): void
  /** Whether the driver's choice makes sense; a wrong one is not granted FEATURES_OK. */
  acceptsFeatures(features: bigint): boolean
  /** The driver has said DRIVER_OK with these features; a legacy driver may use queues first, and say it later. */
  start(features: bigint): void
  /** The driver has added requests to a queue. */
  notify(queue: number): void
  reset(): void
  save(): unknown
  load(state: unknown): void
}
