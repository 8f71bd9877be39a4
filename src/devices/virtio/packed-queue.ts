/** Packed virtqueues (virtio 1.2, 2.8). */
import { GuestFault } from '../guest-fault.ts'
import type { GuestMemory } from '../guest-memory.ts'
import { ChainBuilder, DESC_BYTES, DESC_INDIRECT, DESC_NEXT, DESC_WRITE, indirectEntries } from './chain.ts'
import type { Chain, QueueFeatures, QueueLayout, QueuePosition, Virtqueue } from './queue.ts'

const DESC_AVAIL = 1 << 7
const DESC_USED = 1 << 15

/** Event suppression structures (2.8.10): flags, and the wrap counter above a 15-bit descriptor offset. */
const EVENT_ENABLE = 0
const EVENT_DISABLE = 1
const EVENT_DESC = 2
const EVENT_WRAP = 1 << 15

export class PackedQueue implements Virtqueue {
  readonly size: number
  readonly #memory: GuestMemory
  readonly #layout: QueueLayout
  readonly #features: QueueFeatures
  #nextAvailable = 0
  #availableWrap = true
  #nextUsed = 0
  #usedWrap = true
  /** Ring entries used since `shouldSignal` was last asked. */
  #usedSinceSignal = 0
  #inFlight = 0

  /** Throws a GuestFault when the ring is misaligned or not in RAM. */
  constructor(memory: GuestMemory, layout: QueueLayout, features: QueueFeatures) {
    const { size, descriptorGpa, driverGpa, deviceGpa } = layout
    if (descriptorGpa % 16 || driverGpa % 4 || deviceGpa % 4)
      throw new GuestFault('virtio.misaligned-ring', 'a virtqueue is not aligned as the standard wants it')
    memory.readable(descriptorGpa, DESC_BYTES * size)
    memory.readable(driverGpa, 4)
    memory.readable(deviceGpa, 4)
    this.size = size
    this.#memory = memory
    this.#layout = layout
    this.#features = features
  }

  hasAvailable(): boolean {
    const flags = this.#memory.readU16(this.#descriptor(this.#nextAvailable) + 14)
    const available = (flags & DESC_AVAIL) !== 0
    const used = (flags & DESC_USED) !== 0
    return available === this.#availableWrap && used !== this.#availableWrap
  }

  pop(): Chain | null {
    if (!this.hasAvailable()) return null
    const chain = this.#follow()
    if (this.#inFlight + chain.entries > this.size)
      throw new GuestFault('virtio.bad-avail-index', 'more descriptors made available than the ring has')
    this.#nextAvailable += chain.entries
    if (this.#nextAvailable >= this.size) {
      this.#nextAvailable -= this.size
      this.#availableWrap = !this.#availableWrap
    }
    this.#inFlight += chain.entries
    return chain
  }

  unpop(chain: Chain): void {
    this.#nextAvailable -= chain.entries
    if (this.#nextAvailable < 0) {
      this.#nextAvailable += this.size
      this.#availableWrap = !this.#availableWrap
    }
    this.#inFlight -= chain.entries
  }

  push(chain: Chain, writtenBytes: number): void {
    const at = this.#descriptor(this.#nextUsed)
    this.#memory.writeU32(at + 8, writtenBytes)
    this.#memory.writeU16(at + 12, chain.id)
    const wrap = this.#usedWrap ? DESC_AVAIL | DESC_USED : 0
    this.#memory.writeU16(at + 14, wrap | (writtenBytes > 0 ? DESC_WRITE : 0))
    this.#nextUsed += chain.entries
    if (this.#nextUsed >= this.size) {
      this.#nextUsed -= this.size
      this.#usedWrap = !this.#usedWrap
    }
    this.#usedSinceSignal += chain.entries
    this.#inFlight -= chain.entries
  }

  shouldSignal(): boolean {
    const advanced = this.#usedSinceSignal
    if (advanced === 0) return false
    this.#usedSinceSignal = 0
    const flags = this.#memory.readU16(this.#layout.driverGpa + 2) & 3
    if (flags === EVENT_DESC && this.#features.eventIndex) {
      const event = this.#memory.readU16(this.#layout.driverGpa)
      // Places on a circle of two rounds, one for each value of the wrap counter.
      const round = 2 * this.size
      const now = this.#nextUsed + (this.#usedWrap ? 0 : this.size)
      const wanted = (event & ~EVENT_WRAP) + (event & EVENT_WRAP ? 0 : this.size)
      if (wanted >= round) return false
      return (wanted - now + advanced + 2 * round) % round < advanced
    }
    return flags === EVENT_ENABLE
  }

  setNotifications(wanted: boolean): void {
    const { deviceGpa } = this.#layout
    if (wanted && this.#features.eventIndex) {
      this.#memory.writeU16(deviceGpa, this.#nextAvailable | (this.#availableWrap ? EVENT_WRAP : 0))
      return this.#memory.writeU16(deviceGpa + 2, EVENT_DESC)
    }
    this.#memory.writeU16(deviceGpa + 2, wanted ? EVENT_ENABLE : EVENT_DISABLE)
  }

  savePosition(): QueuePosition {
    return {
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
      availableWrap: this.#availableWrap,
      usedWrap: this.#usedWrap,
      usedSinceSignal: this.#usedSinceSignal,
      inFlight: this.#inFlight,
    }
  }

  loadPosition(position: QueuePosition): void {
    this.#nextAvailable = position.nextAvailable
    this.#nextUsed = position.nextUsed
    this.#availableWrap = position.availableWrap
    this.#usedWrap = position.usedWrap
    this.#usedSinceSignal = position.usedSinceSignal
    this.#inFlight = position.inFlight
  }

  #descriptor(index: number): number {
    return this.#layout.descriptorGpa + DESC_BYTES * index
  }

  #follow(): Chain {
    const builder = new ChainBuilder(this.#memory)
    for (let entries = 1; entries <= this.size; entries++) {
      const at = this.#descriptor((this.#nextAvailable + entries - 1) % this.size)
      const gpa = this.#memory.readU64(at)
      const length = this.#memory.readU32(at + 8)
      const flags = this.#memory.readU16(at + 14)
      if (flags & DESC_INDIRECT) {
        if (!this.#features.indirect || entries > 1 || flags & DESC_NEXT)
          throw new GuestFault('virtio.bad-indirect', 'an indirect descriptor where none is allowed')
        this.#addIndirect(builder, gpa, length)
      } else builder.add(gpa, length, (flags & DESC_WRITE) !== 0)
      // The id of a chain stands in its last descriptor.
      if (!(flags & DESC_NEXT)) return builder.build(this.#memory.readU16(at + 12), entries)
    }
    throw new GuestFault('virtio.chain-too-long', 'a descriptor chain longer than the ring')
  }

  /** In an indirect table the descriptors simply follow each other; only WRITE means anything (2.8.7). */
  #addIndirect(builder: ChainBuilder, table: number, bytes: number): void {
    const entries = indirectEntries(bytes, this.size)
    this.#memory.readable(table, bytes)
    for (let at = table; at < table + DESC_BYTES * entries; at += DESC_BYTES) {
      const flags = this.#memory.readU16(at + 14)
      builder.add(this.#memory.readU64(at), this.#memory.readU32(at + 8), (flags & DESC_WRITE) !== 0)
    }
  }
}
