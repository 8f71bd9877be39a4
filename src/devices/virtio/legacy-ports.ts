/**
 * The legacy interface (virtio 1.2, 4.1.4.10; virtio 0.9.5): a short header in the port space, then the device configuration. All in the
 * guest's endianness, which on this machine is little-endian.
 */
import type { AccessSize, PortDevice, Stateful } from '../device.ts'
import type { VirtioCore } from './core.ts'
import type { Vectors } from './vectors.ts'

/** Where the device configuration starts; the two vectors are in the header only while MSI-X is enabled. */
const HEADER_BYTES = 0x14
const HEADER_BYTES_MSIX = 0x18
/** Rings lie in one piece, the used ring on a page of its own (2.7.2). */
const PAGE = 4096

interface Register {
  read(): number
  write?(value: number): void
}

/** What the header needs of the function that it belongs to. */
export interface LegacyHost {
  readonly isMsixEnabled: boolean
  /** Reads the interrupt status, which clears it. */
  readIsr(): number
  /** Some old drivers never switch bus mastering on; they are helped, as on other machines. */
  allowDma(): void
}

/** How many ports the registers of a device take, a power of two. */
export function legacyPortCount(configBytes: number): number {
  return 2 ** Math.ceil(Math.log2(HEADER_BYTES_MSIX + configBytes))
}

export class LegacyPorts implements PortDevice, Stateful<{ queueSelect: number }> {
  readonly #core: VirtioCore
  readonly #vectors: Vectors
  readonly #host: LegacyHost
  readonly #registers: Readonly<Record<number, Register>>
  #queueSelect = 0

  constructor(core: VirtioCore, vectors: Vectors, host: LegacyHost) {
    this.#core = core
    this.#vectors = vectors
    this.#host = host
    this.#registers = this.#describe()
  }

  /** A register answers at its own offset, whatever the width. */
  read(offset: number, size: AccessSize): number {
    const { device } = this.#core
    const within = offset - this.#headerBytes
    if (within >= 0) return within + size <= device.configBytes ? device.readConfig(within, size) : 0
    const register = this.#registers[offset]
    if (register !== undefined) return register.read()
    this.#core.counters.count('virtio.bad-access')
    return 0
  }

  write(offset: number, size: AccessSize, value: number): void {
    const { device } = this.#core
    const within = offset - this.#headerBytes
    if (within >= 0) {
      if (within + size <= device.configBytes && this.#core.claim('legacy'))
        device.writeConfig(within, size, value)
      return
    }
    const write = this.#registers[offset]?.write
    if (write === undefined) this.#core.counters.count('virtio.bad-access')
    else write(value)
  }

  reset(): void {
    this.#queueSelect = 0
  }

  save(): { queueSelect: number } {
    return { queueSelect: this.#queueSelect }
  }

  load(state: { queueSelect: number }): void {
    this.#queueSelect = state.queueSelect
  }

  get #headerBytes(): number {
    return this.#host.isMsixEnabled ? HEADER_BYTES_MSIX : HEADER_BYTES
  }

  #describe(): Record<number, Register> {
    const core = this.#core
    const vectors = this.#vectors
    const setup = () => core.setups[this.#queueSelect]
    return {
      0x00: { read: () => Number(core.legacyOffered) },
      0x04: {
        read: () => Number(core.driverFeatures & 0xffff_ffffn),
        write: (value) => core.writeLegacyFeatures(value),
      },
      0x08: {
        read: () =>
          Math.floor((setup()?.descriptor[0] ?? 0) / PAGE) + (setup()?.descriptor[1] ?? 0) * 2 ** 20,
        write: (value) => this.#writePageNumber(value),
      },
      0x0c: { read: () => setup()?.size ?? 0 },
      0x0e: { read: () => this.#queueSelect, write: (value) => (this.#queueSelect = value & 0xffff) },
      0x10: { read: () => 0, write: (value) => core.notify(value & 0xffff) },
      0x12: { read: () => core.status, write: (value) => this.#writeStatus(value & 0xff) },
      0x13: { read: () => this.#host.readIsr() },
      0x14: { read: () => vectors.config, write: (value) => (vectors.config = value & 0xffff) },
      0x16: {
        read: () => vectors.queue(this.#queueSelect),
        write: (value) => vectors.setQueue(this.#queueSelect, value & 0xffff),
      },
    }
  }

  /** The page that a queue starts on; 0 takes the queue away. */
  #writePageNumber(page: number): void {
    const size = this.#core.setups[this.#queueSelect]?.size ?? 0
    const descriptorGpa = page * PAGE
    const driverGpa = descriptorGpa + 16 * size
    const deviceGpa = Math.ceil((driverGpa + 6 + 2 * size) / PAGE) * PAGE
    this.#core.placeLegacyQueue(
      this.#queueSelect,
      page === 0 ? null : { descriptorGpa, driverGpa, deviceGpa },
    )
  }

  #writeStatus(value: number): void {
    if (value !== 0) this.#host.allowDma()
    this.#core.writeStatus(value, 'legacy')
  }
}
