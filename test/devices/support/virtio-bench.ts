/** A PCI bus with one virtio device on it, driven through registers only, as a kernel's driver would. */
import { AddressSpace } from '../../../src/devices/bus.ts'
import { createDiagnostics, type Diagnostics } from '../../../src/devices/counters.ts'
import { GuestMemory } from '../../../src/devices/guest-memory.ts'
import { PciHostBridge } from '../../../src/devices/pci/host-bridge.ts'
import type { VirtioDevice } from '../../../src/devices/virtio/device.ts'
import { VirtioPci } from '../../../src/devices/virtio/pci.ts'
import { assignPciResources } from '../../../src/machine/pci-setup.ts'
import { type DriverQueue, PackedDriver, type QueuePlace, SplitDriver } from './virtqueue-driver.ts'

export const RAM_BYTES = 4 << 20
const SLOT = 3
const BASE_VECTOR = 0x40

export const F_INDIRECT = 1n << 28n
export const F_EVENT_IDX = 1n << 29n
export const F_VERSION_1 = 1n << 32n
export const F_PACKED = 1n << 34n
export const F_RING_RESET = 1n << 40n

export const ACKNOWLEDGE = 1
export const DRIVER = 2
export const DRIVER_OK = 4
export const FEATURES_OK = 8
export const NEEDS_RESET = 64

/** Fields of the common configuration: offset and size. */
const COMMON = {
  deviceFeatureSelect: [0, 4],
  deviceFeature: [4, 4],
  driverFeatureSelect: [8, 4],
  driverFeature: [12, 4],
  configVector: [16, 2],
  numQueues: [18, 2],
  status: [20, 1],
  generation: [21, 1],
  queueSelect: [22, 2],
  queueSize: [24, 2],
  queueVector: [26, 2],
  queueEnable: [28, 2],
  notifyOff: [30, 2],
  descriptor: [32, 8],
  driver: [40, 8],
  device: [48, 8],
  queueReset: [58, 2],
} as const

export class VirtioBench {
  readonly ram = new ArrayBuffer(RAM_BYTES)
  readonly diagnostics: Diagnostics = createDiagnostics()
  readonly mmio: AddressSpace
  readonly ports: AddressSpace
  readonly bridge: PciHostBridge
  readonly pci: VirtioPci
  readonly msis: number[] = []
  intx = false
  #common = 0
  #isr = 0
  #deviceConfig = 0
  #notify = 0
  #multiplier = 0

  constructor(device: VirtioDevice) {
    const { diagnostics } = this
    const memory = new GuestMemory(this.ram, [{ gpa: 0, length: RAM_BYTES, offset: 0 }], diagnostics.counters)
    this.mmio = new AddressSpace('mmio', diagnostics.counters)
    this.ports = new AddressSpace('port', diagnostics.counters)
    this.bridge = new PciHostBridge()
    this.pci = new VirtioPci(device, memory, {
      memory: this.mmio,
      ports: this.ports,
      msi: (_address, data) => this.msis.push(data),
      intx: (asserted) => (this.intx = asserted),
      diagnostics,
    })
    this.bridge.plug(SLOT, this.pci.fn)
    this.ports.map(0xcf8, 8, 'pci', this.bridge.ports)
    assignPciResources(this.bridge)
    this.#findCapabilities()
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    this.ports.write(0xcf8, 4, (0x8000_0000 | (SLOT << 11) | (offset & 0xfc)) >>> 0)
    return this.ports.read(0xcfc + (offset & 3), size)
  }

  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    this.ports.write(0xcf8, 4, (0x8000_0000 | (SLOT << 11) | (offset & 0xfc)) >>> 0)
    this.ports.write(0xcfc + (offset & 3), size, value)
  }

  get(field: keyof typeof COMMON): number {
    const [offset, size] = COMMON[field]
    return this.mmio.read(this.#common + offset, size as 1 | 2 | 4)
  }

  set(field: keyof typeof COMMON, value: number): void {
    const [offset, size] = COMMON[field]
    if (size !== 8) return this.mmio.write(this.#common + offset, size, value)
    this.mmio.write(this.#common + offset, 4, value % 2 ** 32)
    this.mmio.write(this.#common + offset + 4, 4, Math.floor(value / 2 ** 32))
  }

  readDevice(offset: number, size: 1 | 2 | 4): number {
    return this.mmio.read(this.#deviceConfig + offset, size)
  }

  readIsr(): number {
    return this.mmio.read(this.#isr, 1)
  }

  /** Where the structures are: for fuzzing. */
  get bases(): number[] {
    return [this.#common, this.#isr, this.#deviceConfig, this.#notify]
  }

  get offered(): bigint {
    this.set('deviceFeatureSelect', 0)
    const low = BigInt(this.get('deviceFeature'))
    this.set('deviceFeatureSelect', 1)
    return low | (BigInt(this.get('deviceFeature')) << 32n)
  }

  /** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK. False when the device refuses the features. */
  negotiate(features: bigint): boolean {
    this.set('status', 0)
    this.set('status', ACKNOWLEDGE)
    this.set('status', ACKNOWLEDGE | DRIVER)
    for (const select of [0, 1]) {
      this.set('driverFeatureSelect', select)
      this.set('driverFeature', Number((features >> BigInt(32 * select)) & 0xffff_ffffn))
    }
    this.set('status', ACKNOWLEDGE | DRIVER | FEATURES_OK)
    return (this.get('status') & FEATURES_OK) !== 0
  }

  /** Bus master and MSI-X with a vector for each queue, and one for the configuration. */
  enableMsix(): void {
    this.writeConfig(4, 2, 6)
    const capability = this.findCapability(0x11)
    const table = this.pci.fn.barAddress(this.readConfig(capability + 4, 4) & 7)
    const entries = (this.readConfig(capability + 2, 2) & 0x7ff) + 1
    for (let i = 0; i < entries; i++) {
      this.mmio.write(table + 16 * i, 4, 0xfee0_0000)
      this.mmio.write(table + 16 * i + 8, 4, BASE_VECTOR + i)
      this.mmio.write(table + 16 * i + 12, 4, 0)
    }
    this.writeConfig(capability + 2, 2, 0x8000)
  }

  setUpQueue(index: number, features: bigint, size: number, place: number): DriverQueue {
    const where = queuePlace(place, size)
    this.set('queueSelect', index)
    this.set('queueSize', size)
    this.set('queueVector', index)
    this.set('descriptor', where.descriptor)
    this.set('driver', where.driver)
    this.set('device', where.device)
    const Driver = features & F_PACKED ? PackedDriver : SplitDriver
    const queue = new Driver(this.ram, where, (features & F_EVENT_IDX) !== 0n)
    this.set('queueEnable', 1)
    return queue
  }

  start(): void {
    this.set('status', ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)
  }

  notify(index: number): void {
    this.set('queueSelect', index)
    this.mmio.write(this.#notify + this.get('notifyOff') * this.#multiplier, 2, index)
  }

  /** MSIs since the last call, as queue numbers. */
  takeInterrupts(): number[] {
    return this.msis.splice(0).map((data) => data - BASE_VECTOR)
  }

  findCapability(id: number, accept: (offset: number) => boolean = () => true): number {
    for (let at = this.readConfig(0x34, 1), n = 0; at !== 0 && n < 48; at = this.readConfig(at + 1, 1), n++)
      if (this.readConfig(at, 1) === id && accept(at)) return at
    throw new Error(`no capability ${id}`)
  }

  #findCapabilities(): void {
    const place = (cfgType: number): number => {
      const at = this.findCapability(9, (offset) => this.readConfig(offset + 3, 1) === cfgType)
      if (cfgType === 2) this.#multiplier = this.readConfig(at + 16, 4)
      return this.pci.fn.barAddress(this.readConfig(at + 4, 1)) + this.readConfig(at + 8, 4)
    }
    this.#common = place(1)
    this.#notify = place(2)
    this.#isr = place(3)
    if (this.pci.core.device.configBytes > 0) this.#deviceConfig = place(4)
  }
}

/** Memory of a queue from `base` on: 128 KiB. */
export function queuePlace(base: number, size: number): QueuePlace {
  return { size, descriptor: base, driver: base + 0x4000, device: base + 0x5000, indirect: base + 0x8000 }
}
export const QUEUE_BYTES = 0x28000
