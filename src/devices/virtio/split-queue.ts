/** Split virtqueues (virtio 1.2, 2.7). */
import { GuestFault } from '../guest-fault.ts'
import type { GuestMemory } from '../guest-memory.ts'
import { ChainBuilder, DESC_BYTES, DESC_INDIRECT, DESC_NEXT, DESC_WRITE, indirectEntries } from './chain.ts'
import {
  type Chain,
  hasPassed,
  type QueueFeatures,
  type QueueLayout,
  type QueuePosition,
  type Virtqueue,
} from './queue.ts'

const AVAIL_NO_INTERRUPT = 1
const USED_NO_NOTIFY = 1

export class SplitQueue implements Virtqueue {
  readonly size: number
  readonly #memory: GuestMemory
  readonly #layout: QueueLayout
  readonly #features: QueueFeatures
  /** Free-running 16-bit indices, as in the rings. */
  #nextAvailable = 0
  #nextUsed = 0
  #signalledUsed = 0
  #inFlight = 0

  /** Throws a GuestFault when the rings are misaligned or not in RAM. */
  constructor(memory: GuestMemory, layout: QueueLayout, features: QueueFeatures) {
    const { size, descriptorGpa, driverGpa, deviceGpa } = layout
    if (descriptorGpa % 16 || driverGpa % 2 || deviceGpa % 4)
      throw new GuestFault('virtio.misaligned-ring', 'a virtqueue is not aligned as the standard wants it')
    memory.readable(descriptorGpa, DESC_BYTES * size)
    memory.readable(driverGpa, 6 + 2 * size)
    memory.readable(deviceGpa, 6 + 8 * size)
    this.size = size
    this.#memory = memory
    this.#layout = layout
    this.#features = features
  }

  hasAvailable(): boolean {
    return this.#memory.readU16(this.#layout.driverGpa + 2) !== this.#nextAvailable
  }

  pop(): Chain | null {
    const { driverGpa } = this.#layout
    const waiting = (this.#memory.readU16(driverGpa + 2) - this.#nextAvailable) & 0xffff
    if (waiting === 0) return null
    if (waiting + this.#inFlight > this.size)
      throw new GuestFault(
        'virtio.bad-avail-index',
        'the available index ran ahead by more than the queue size',
      )
    const head = this.#memory.readU16(driverGpa + 4 + 2 * (this.#nextAvailable % this.size))
    const chain = this.#follow(head)
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff
    this.#inFlight++
    return chain
  }

  unpop(_chain: Chain): void {
    this.#nextAvailable = (this.#nextAvailable - 1) & 0xffff
    this.#inFlight--
  }

  push(chain: Chain, writtenBytes: number): void {
    const { deviceGpa } = this.#layout
    const entry = deviceGpa + 4 + 8 * (this.#nextUsed % this.size)
    this.#memory.writeU32(entry, chain.id)
    this.#memory.writeU32(entry + 4, writtenBytes)
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff
    this.#memory.writeU16(deviceGpa + 2, this.#nextUsed)
    this.#inFlight--
  }

  shouldSignal(): boolean {
    const { driverGpa } = this.#layout
    const before = this.#signalledUsed
    if (before === this.#nextUsed) return false
    this.#signalledUsed = this.#nextUsed
    if (!this.#features.eventIndex) return (this.#memory.readU16(driverGpa) & AVAIL_NO_INTERRUPT) === 0
    return hasPassed(this.#memory.readU16(driverGpa + 4 + 2 * this.size), this.#nextUsed, before)
  }

  setNotifications(wanted: boolean): void {
    const { deviceGpa } = this.#layout
    if (!this.#features.eventIndex) return this.#memory.writeU16(deviceGpa, wanted ? 0 : USED_NO_NOTIFY)
    // An event index just behind us is reached only after 2^16 more requests.
    const event = wanted ? this.#nextAvailable : this.#nextAvailable - 1
    this.#memory.writeU16(deviceGpa + 4 + 8 * this.size, event & 0xffff)
  }

  savePosition(): QueuePosition {
    return {
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
      availableWrap: true,
      usedWrap: true,
      usedSinceSignal: (this.#nextUsed - this.#signalledUsed) & 0xffff,
      inFlight: this.#inFlight,
    }
  }

  loadPosition(position: QueuePosition): void {
    this.#nextAvailable = position.nextAvailable
    this.#nextUsed = position.nextUsed
    this.#signalledUsed = (position.nextUsed - position.usedSinceSignal) & 0xffff
    this.#inFlight = position.inFlight
  }

  #follow(head: number): Chain {
    const builder = new ChainBuilder(this.#memory)
    let table = this.#layout.descriptorGpa
    let tableEntries = this.size
    let inIndirect = false
    let index = head
    // The standard allows no more descriptors than the queue is long, so a longer walk is a loop.
    for (let steps = 0; steps <= this.size; steps++) {
      if (index >= tableEntries)
        throw new GuestFault('virtio.bad-index', 'a descriptor index beyond its table')
      const at = table + DESC_BYTES * index
      const gpa = this.#memory.readU64(at)
      const length = this.#memory.readU32(at + 8)
      const flags = this.#memory.readU16(at + 12)
      if (flags & DESC_INDIRECT) {
        if (!this.#features.indirect || inIndirect || flags & DESC_NEXT)
          throw new GuestFault('virtio.bad-indirect', 'an indirect descriptor where none is allowed')
        table = gpa
        tableEntries = indirectEntries(length, this.size)
        this.#memory.readable(gpa, length)
        inIndirect = true
        index = 0
        continue
      }
      builder.add(gpa, length, (flags & DESC_WRITE) !== 0)
      if (!(flags & DESC_NEXT)) return builder.build(head, 1)
      index = this.#memory.readU16(at + 14)
    }
    throw new GuestFault('virtio.chain-too-long', 'a descriptor chain longer than the queue, or a loop')
  }
}
