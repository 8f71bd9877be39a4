import type { Counters } from './counters.ts'
import type { AccessSize, MmioDevice } from './device.ts'

/** A device in an address space. */
export interface Mapping {
  readonly base: number
  readonly length: number
  readonly name: string
  readonly device: MmioDevice
}

/** Addresses whose device is remembered. */
const MAX_KNOWN = 4096

/**
 * Address ranges → devices, for memory-mapped registers or for ports. Where ranges overlap (a guest may place a BAR anywhere)
 * the one mapped first wins, so that nothing can be put over the fixed devices of the board.
 */
export class AddressSpace {
  readonly #mappings: Mapping[] = []
  readonly #counters: Counters
  readonly #unassignedRead: string
  readonly #unassignedWrite: string
  /** The last one found, when no other overlaps it. */
  #last: Mapping | undefined
  /** Those that share addresses with others. */
  #disputed = new Set<Mapping>()
  /** What `#find` has found, by address. */
  readonly #known = new Map<number, Mapping | undefined>()

  /** `name` (`mmio`, `port`) goes into the names of the counters. */
  constructor(name: string, counters: Counters) {
    this.#counters = counters
    this.#unassignedRead = `${name}.unassigned-read`
    this.#unassignedWrite = `${name}.unassigned-write`
  }

  map(base: number, length: number, name: string, device: MmioDevice): Mapping {
    const mapping = { base, length, name, device }
    this.#mappings.push(mapping)
    this.#changed()
    return mapping
  }

  unmap(mapping: Mapping): void {
    const index = this.#mappings.indexOf(mapping)
    if (index >= 0) this.#mappings.splice(index, 1)
    this.#changed()
  }

  /** Reads `size` bytes, unsigned. What nobody answers reads as all ones. */
  read(address: number, size: AccessSize): number {
    const mapping = this.#find(address)
    if (mapping === undefined) {
      this.#counters.count(this.#unassignedRead)
      return allOnes(size)
    }
    const { device, base, length } = mapping
    const offset = address - base
    if (size <= (device.widest ?? 4) && offset + size <= length)
      return truncate(device.read(offset, size), size)
    const half = (size >>> 1) as AccessSize
    return (this.read(address, half) + this.read(address + half, half) * 2 ** (8 * half)) >>> 0
  }

  /** Writes the low `size` bytes of `value`. What nobody takes is dropped. */
  write(address: number, size: AccessSize, value: number): void {
    const mapping = this.#find(address)
    if (mapping === undefined) return this.#counters.count(this.#unassignedWrite)
    const { device, base, length } = mapping
    const offset = address - base
    if (size <= (device.widest ?? 4) && offset + size <= length)
      return device.write(offset, size, truncate(value, size))
    const half = (size >>> 1) as AccessSize
    this.write(address, half, truncate(value, half))
    this.write(address + half, half, value >>> (8 * half))
  }

  /** Who answers at an address, for messages. */
  nameAt(address: number): string | undefined {
    return this.#find(address)?.name
  }

  #find(address: number): Mapping | undefined {
    const last = this.#last
    // Only an undisputed mapping is remembered: with overlaps the order of the list decides.
    if (last !== undefined && address >= last.base && address - last.base < last.length) return last
    let mapping = this.#known.get(address)
    if (mapping === undefined && !this.#known.has(address)) {
      mapping = this.#mappings.find((one) => address >= one.base && address - one.base < one.length)
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(address, mapping)
    }
    if (mapping !== undefined && !this.#disputed.has(mapping)) this.#last = mapping
    return mapping
  }

  #changed(): void {
    this.#last = undefined
    this.#known.clear()
    this.#disputed = new Set(this.#mappings.filter((mapping) => this.#isOverlapped(mapping)))
  }

  #isOverlapped(one: Mapping): boolean {
    return this.#mappings.some(
      (other) => other !== one && one.base < other.base + other.length && other.base < one.base + one.length,
    )
  }
}

/** The value of an open bus. */
export function allOnes(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : (1 << (8 * size)) - 1
}

function truncate(value: number, size: AccessSize): number {
  return size === 4 ? value >>> 0 : value & allOnes(size)
}
