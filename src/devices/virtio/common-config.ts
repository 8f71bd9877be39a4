/** `struct virtio_pci_common_cfg` (virtio 1.2, 4.1.4.3), one row a field. */
import type { AccessSize, MmioDevice, Stateful } from '../device.ts'
import type { QueueSetup, VirtioCore } from './core.ts'
import type { Vectors } from './vectors.ts'

/** Offset of `device_status`. */
export const DEVICE_STATUS = 0x14

export interface CommonConfigState {
  deviceFeatureSelect: number
  driverFeatureSelect: number
  queueSelect: number
}

interface Field {
  readonly size: AccessSize
  read(): number
  write?(value: number): void
}

export class CommonConfig implements MmioDevice, Stateful<CommonConfigState> {
  #state: CommonConfigState
  readonly #core: VirtioCore
  readonly #vectors: Vectors
  readonly #fields: ReadonlyMap<number, Field>

  constructor(core: VirtioCore, vectors: Vectors) {
    this.#core = core
    this.#vectors = vectors
    this.#state = initialState()
    this.#fields = new Map(this.#describeFields())
  }

  /** A field is read in its own width; a 64-bit one in halves (4.1.3.1). */
  read(offset: number, size: AccessSize): number {
    const field = this.#fields.get(offset)
    if (field?.size === size) return field.read()
    this.#core.counters.count('virtio.bad-access')
    return 0
  }

  write(offset: number, size: AccessSize, value: number): void {
    const field = this.#fields.get(offset)
    if (field?.size === size && field.write !== undefined) field.write(value)
    else this.#core.counters.count('virtio.bad-access')
  }

  reset(): void {
    this.#state = initialState()
  }

  save(): CommonConfigState {
    return structuredClone(this.#state)
  }

  load(state: CommonConfigState): void {
    this.#state = structuredClone(state)
  }

  get #setup(): QueueSetup | undefined {
    return this.#core.setups[this.#state.queueSelect]
  }

  *#describeFields(): Iterable<[offset: number, field: Field]> {
    const core = this.#core
    const selects = (name: 'deviceFeatureSelect' | 'driverFeatureSelect'): Field => ({
      size: 4,
      read: () => this.#state[name],
      write: (value) => (this.#state[name] = value),
    })
    yield [0x00, selects('deviceFeatureSelect')]
    yield [0x04, { size: 4, read: () => featureWord(core.offered, this.#state.deviceFeatureSelect) }]
    yield [0x08, selects('driverFeatureSelect')]
    yield [
      0x0c,
      {
        size: 4,
        read: () => featureWord(core.driverFeatures, this.#state.driverFeatureSelect),
        write: (value) => core.writeDriverFeatures(this.#state.driverFeatureSelect, value),
      },
    ]
    yield [
      0x10,
      {
        size: 2,
        read: () => this.#vectors.config,
        write: (value) => (this.#vectors.config = value),
      },
    ]
    yield [0x12, { size: 2, read: () => core.setups.length }]
    yield [DEVICE_STATUS, { size: 1, read: () => core.status, write: (value) => core.writeStatus(value) }]
    yield [0x15, { size: 1, read: () => core.generation }]
    yield [
      0x16,
      { size: 2, read: () => this.#state.queueSelect, write: (value) => (this.#state.queueSelect = value) },
    ]
    yield* this.#describeQueueFields()
  }

  /** The fields that belong to the selected queue; of a queue that does not exist they read as zero. */
  *#describeQueueFields(): Iterable<[offset: number, field: Field]> {
    const core = this.#core
    const selected = (): number => this.#state.queueSelect
    yield [
      0x18,
      {
        size: 2,
        read: () => this.#setup?.size ?? 0,
        write: (value) => core.writeQueueSize(selected(), value),
      },
    ]
    yield [
      0x1a,
      {
        size: 2,
        read: () => this.#vectors.queue(selected()),
        write: (value) => this.#vectors.setQueue(selected(), value),
      },
    ]
    yield [
      0x1c,
      {
        size: 2,
        read: () => (this.#setup?.enabled ? 1 : 0),
        write: (value) =>
          value === 1 ? core.enableQueue(selected()) : core.counters.count('virtio.bad-enable'),
      },
    ]
    yield [0x1e, { size: 2, read: () => (this.#setup === undefined ? 0 : selected()) }]
    const areas = ['descriptor', 'driver', 'device'] as const
    for (const [i, area] of areas.entries()) {
      yield [0x20 + 8 * i, this.#addressHalf(area, 0)]
      yield [0x24 + 8 * i, this.#addressHalf(area, 1)]
    }
    yield [0x38, { size: 2, read: () => 0 }]
    yield [
      0x3a,
      {
        size: 2,
        // The reset is complete when the write returns.
        read: () => 0,
        write: (value) => {
          if (value === 1) core.resetQueue(selected())
        },
      },
    ]
  }

  #addressHalf(area: 'descriptor' | 'driver' | 'device', half: 0 | 1): Field {
    return {
      size: 4,
      read: () => this.#setup?.[area][half] ?? 0,
      write: (value) => {
        const setup = this.#setup
        if (setup === undefined || setup.enabled) this.#core.counters.count('virtio.bad-queue')
        else setup[area][half] = value
      },
    }
  }
}

function featureWord(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(32 * select)) & 0xffff_ffffn)
}

function initialState(): CommonConfigState {
  return { deviceFeatureSelect: 0, driverFeatureSelect: 0, queueSelect: 0 }
}
