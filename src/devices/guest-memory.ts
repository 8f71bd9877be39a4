import type { Counters } from './counters.ts'
import { GuestFault } from './guest-fault.ts'

/** A stretch of guest RAM: guest-physical `gpa` … `gpa + length` lies at `offset` of the host's buffer. */
export interface RamRange {
  readonly gpa: number
  readonly length: number
  readonly offset: number
}

/**
 * Guest RAM as devices see it. Every address comes from the guest: one that is not wholly inside one stretch of RAM is
 * refused with a GuestFault and counted as `dma.refused`. All values little-endian.
 */
export class GuestMemory {
  readonly ranges: readonly RamRange[]
  /** Told before a device changes RAM, so that the CPU can forget decoded code. */
  onWrite: ((gpa: number, length: number) => void) | null = null
  readonly #buffer: ArrayBufferLike
  readonly #view: DataView
  readonly #counters: Counters

  constructor(buffer: ArrayBufferLike, ranges: readonly RamRange[], counters: Counters) {
    this.#buffer = buffer
    this.#view = new DataView(buffer)
    this.#counters = counters
    this.ranges = ranges
  }

  /** Whether `length` bytes from `gpa` on are RAM. */
  contains(gpa: number, length: number): boolean {
    return this.#find(gpa, length) >= 0
  }

  /** The bytes themselves, not a copy, to read from. */
  readable(gpa: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#offset(gpa, length), length)
  }

  /** The bytes themselves, to be written before anything else happens on the board. */
  writable(gpa: number, length: number): Uint8Array {
    const offset = this.#offset(gpa, length)
    this.onWrite?.(gpa, length)
    return new Uint8Array(this.#buffer, offset, length)
  }

  readU16(gpa: number): number {
    return this.#view.getUint16(this.#offset(gpa, 2), true)
  }

  readU32(gpa: number): number {
    return this.#view.getUint32(this.#offset(gpa, 4), true)
  }

  /** As a number: an address beyond 2^53 loses low bits, and is outside RAM either way. */
  readU64(gpa: number): number {
    const offset = this.#offset(gpa, 8)
    return this.#view.getUint32(offset, true) + this.#view.getUint32(offset + 4, true) * 2 ** 32
  }

  writeU16(gpa: number, value: number): void {
    const offset = this.#offset(gpa, 2)
    this.onWrite?.(gpa, 2)
    this.#view.setUint16(offset, value, true)
  }

  writeU32(gpa: number, value: number): void {
    const offset = this.#offset(gpa, 4)
    this.onWrite?.(gpa, 4)
    this.#view.setUint32(offset, value, true)
  }

  #offset(gpa: number, length: number): number {
    const offset = this.#find(gpa, length)
    if (offset < 0) throw this.#refuse(gpa, length)
    return offset
  }

  #find(gpa: number, length: number): number {
    for (const range of this.ranges) {
      const start = gpa - range.gpa
      if (start >= 0 && start + length <= range.length) return range.offset + start
    }
    return -1
  }

  #refuse(gpa: number, length: number): GuestFault {
    this.#counters.count('dma.refused')
    return new GuestFault('dma.outside-ram', `DMA to 0x${gpa.toString(16)}, ${length} bytes: not RAM`)
  }
}
