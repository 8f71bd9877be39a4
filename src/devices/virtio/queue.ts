import type { GuestMemory } from '../guest-memory.ts'

/** The largest queue we offer and the longest chain we follow. */
export const MAX_QUEUE_SIZE = 1024

/** A stretch of guest memory that the driver offers. */
export interface Buffer {
  readonly gpa: number
  readonly length: number
}

/** One request of the driver: what the device may read, and what it may write, in order. */
export interface Chain {
  /** Split: index of the head descriptor. Packed: buffer id. */
  readonly id: number
  /** Ring entries the chain takes up; the packed ring advances by this many. */
  readonly entries: number
  readonly readable: readonly Buffer[]
  readonly writable: readonly Buffer[]
  readonly readableBytes: number
  readonly writableBytes: number
}

/** Where a queue lies and how long it is, as the driver set it. */
export interface QueueLayout {
  readonly size: number
  /** Descriptor Area (`desc`), Driver Area (`avail`) and Device Area (`used`), guest-physical. */
  readonly descriptorGpa: number
  readonly driverGpa: number
  readonly deviceGpa: number
}

/** What a queue must know of the negotiation. */
export interface QueueFeatures {
  readonly indirect: boolean
  readonly eventIndex: boolean
}

/** Positions of a running queue, for a snapshot. */
export interface QueuePosition {
  nextAvailable: number
  nextUsed: number
  availableWrap: boolean
  usedWrap: boolean
  usedSinceSignal: number
  inFlight: number
}

/**
 * The device's end of a virtqueue. Both kinds of ring look the same to a device. Everything in the rings is the guest's;
 * whatever breaks a rule of the standard throws a GuestFault.
 */
export interface Virtqueue {
  readonly size: number
  /** The next request, or null when there is none. */
  pop(): Chain | null
  /** Gives back, as the next available again, the request that was popped last and not pushed. */
  unpop(chain: Chain): void
  /** Completes a request in which the device wrote `writtenBytes`. */
  push(chain: Chain, writtenBytes: number): void
  /** Whether the driver wants an interrupt for what was pushed since the last call. */
  shouldSignal(): boolean
  /** Asks the driver to notify (`true`) or not to bother (`false`) when it adds requests. */
  setNotifications(wanted: boolean): void
  /** Whether a request waits. */
  hasAvailable(): boolean
  savePosition(): QueuePosition
  loadPosition(position: QueuePosition): void
}

/** `vring_need_event` (2.7.10): whether index `event` was passed on the way from `before` to `now`, modulo 2^16. */
export function hasPassed(event: number, now: number, before: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff)
}

/** Copies what the driver offers for reading into `target`, from `skip` bytes on; returns how many bytes. */
export function gather(memory: GuestMemory, chain: Chain, skip: number, target: Uint8Array): number {
  let done = 0
  let toSkip = skip
  for (const { gpa, length } of chain.readable) {
    if (toSkip >= length) {
      toSkip -= length
      continue
    }
    const take = Math.min(length - toSkip, target.length - done)
    if (take === 0) break
    target.set(memory.readable(gpa + toSkip, take), done)
    done += take
    toSkip = 0
  }
  return done
}

/** Copies `source` into what the driver offers for writing, from byte `skip` on; returns how many bytes found room. */
export function scatter(memory: GuestMemory, chain: Chain, skip: number, source: Uint8Array): number {
  let done = 0
  let toSkip = skip
  for (const { gpa, length } of chain.writable) {
    if (toSkip >= length) {
      toSkip -= length
      continue
    }
    const take = Math.min(length - toSkip, source.length - done)
    if (take === 0) break
    memory.writable(gpa + toSkip, take).set(source.subarray(done, done + take))
    done += take
    toSkip = 0
  }
  return done
}
