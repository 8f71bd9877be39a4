/** The same bus, driven through the legacy interface (virtio 0.9.5, 2.2 and 2.3). */
import { VirtioBench } from './virtio-bench.ts'
import { type DriverQueue, SplitDriver } from './virtqueue-driver.ts'

const PAGE = 4096

/** Offsets and sizes in the header. */
const HEADER = {
  deviceFeatures: [0x00, 4],
  driverFeatures: [0x04, 4],
  queuePage: [0x08, 4],
  queueSize: [0x0c, 2],
  queueSelect: [0x0e, 2],
  queueNotify: [0x10, 2],
  status: [0x12, 1],
  isr: [0x13, 1],
  configVector: [0x14, 2],
  queueVector: [0x16, 2],
} as const

export class LegacyBench extends VirtioBench {
  get #ports(): number {
    return this.readConfig(0x10, 4) & 0xfffc
  }

  getLegacy(field: keyof typeof HEADER): number {
    const [offset, size] = HEADER[field]
    return this.ports.read(this.#ports + offset, size)
  }

  setLegacy(field: keyof typeof HEADER, value: number): void {
    const [offset, size] = HEADER[field]
    this.ports.write(this.#ports + offset, size, value)
  }

  /** Byte `offset` of the device configuration, wherever MSI-X has moved it. */
  configPort(offset: number): number {
    const isMsix = (this.readConfig(this.findCapability(0x11) + 2, 2) & 0x8000) !== 0
    return this.#ports + (isMsix ? 0x18 : 0x14) + offset
  }

  /** Reset, ACKNOWLEDGE, DRIVER, features: those of them that are offered. */
  negotiateLegacy(features: number): void {
    this.setLegacy('status', 0)
    this.setLegacy('status', 1)
    this.setLegacy('status', 3)
    this.setLegacy('driverFeatures', this.getLegacy('deviceFeatures') & features)
  }

  /** Places queue `index` at `gpa`, a page boundary, as `vring_init` with an alignment of 4096 lays it out. */
  placeQueue(index: number, gpa: number, eventIndex = false): DriverQueue {
    this.setLegacy('queueSelect', index)
    const size = this.getLegacy('queueSize')
    const driver = gpa + 16 * size
    const device = (driver + 4 + 2 * size + 2 + PAGE - 1) & -PAGE
    const indirect = (device + 6 + 8 * size + PAGE - 1) & -PAGE
    const queue = new SplitDriver(this.ram, { size, descriptor: gpa, driver, device, indirect }, eventIndex)
    this.setLegacy('queuePage', gpa / PAGE)
    return queue
  }
}
