import { GuestFault } from '../guest-fault.ts'
import type { GuestMemory } from '../guest-memory.ts'
import { type Buffer, type Chain, MAX_QUEUE_SIZE } from './queue.ts'

/** Descriptor flags, the same in both rings. */
export const DESC_NEXT = 1
export const DESC_WRITE = 2
export const DESC_INDIRECT = 4
export const DESC_BYTES = 16

/** More than any request needs, small enough that sums stay exact. */
const MAX_CHAIN_BYTES = 2 ** 32

/** Collects the buffers of one chain and holds them to the rules of 2.7.5 and 2.8. */
export class ChainBuilder {
  readonly #memory: GuestMemory
  readonly #readable: Buffer[] = []
  readonly #writable: Buffer[] = []
  #readableBytes = 0
  #writableBytes = 0

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  /** Adds a buffer. It must be RAM, not empty, and no readable one may follow a writable one. */
  add(gpa: number, length: number, isWritable: boolean): void {
    if (this.#readable.length + this.#writable.length >= MAX_QUEUE_SIZE)
      throw new GuestFault('virtio.chain-too-long', 'a descriptor chain has more entries than the queue')
    if (length === 0) throw new GuestFault('virtio.empty-buffer', 'a descriptor with length 0')
    if (!this.#memory.contains(gpa, length)) this.#memory.readable(gpa, length)
    if (isWritable) {
      this.#writable.push({ gpa, length })
      this.#writableBytes += length
    } else {
      if (this.#writable.length > 0)
        throw new GuestFault('virtio.bad-order', 'a readable descriptor follows a writable one')
      this.#readable.push({ gpa, length })
      this.#readableBytes += length
    }
    if (this.#readableBytes + this.#writableBytes > MAX_CHAIN_BYTES)
      throw new GuestFault('virtio.chain-too-long', 'a descriptor chain of more than 4 GiB')
  }

  build(id: number, entries: number): Chain {
    return {
      id,
      entries,
      readable: this.#readable,
      writable: this.#writable,
      readableBytes: this.#readableBytes,
      writableBytes: this.#writableBytes,
    }
  }
}

/** How many descriptors an indirect table of `bytes` bytes holds; refuses odd sizes and tables longer than `limit`. */
export function indirectEntries(bytes: number, limit: number): number {
  if (bytes === 0 || bytes % DESC_BYTES !== 0)
    throw new GuestFault('virtio.bad-indirect', `an indirect table of ${bytes} bytes`)
  if (bytes / DESC_BYTES > limit)
    throw new GuestFault('virtio.chain-too-long', 'an indirect table with more entries than the queue')
  return bytes / DESC_BYTES
}
