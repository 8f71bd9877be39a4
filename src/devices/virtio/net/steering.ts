/** Automatic receive steering (virtio 1.2, 5.1.6.5.6): a flow is received where it was last transmitted. */
import { findTransport, readU16 } from './checksum.ts'

const SLOTS = 256

export class Steering {
  #pairOfSlot = new Uint8Array(SLOTS)

  /** A frame of the guest left through queue pair `pair`. */
  learn(frame: Uint8Array, pair: number): void {
    const slot = flowSlot(frame)
    if (slot >= 0) this.#pairOfSlot[slot] = pair
  }

  /** The queue pair, below `pairs`, that should get a received frame. */
  choose(frame: Uint8Array, pairs: number): number {
    const slot = flowSlot(frame)
    return slot < 0 ? 0 : this.#pairOfSlot[slot]! % pairs
  }

  reset(): void {
    this.#pairOfSlot.fill(0)
  }

  save(): Uint8Array {
    return this.#pairOfSlot.slice()
  }

  load(state: Uint8Array): void {
    this.#pairOfSlot = state.slice()
  }
}

/** The same for both directions of a flow: addresses and ports enter by exclusive or. */
function flowSlot(frame: Uint8Array): number {
  const transport = findTransport(frame)
  if (transport === null || transport.offset + 4 > transport.end) return -1
  const { ipOffset, offset, isIpv6 } = transport
  const [from, to] = isIpv6 ? [ipOffset + 8, ipOffset + 40] : [ipOffset + 12, ipOffset + 20]
  let hash = readU16(frame, offset) ^ readU16(frame, offset + 2)
  for (let at = from; at < to; at += 2) hash ^= readU16(frame, at)
  return (hash ^ (hash >> 8)) % SLOTS
}
