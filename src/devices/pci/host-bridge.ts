import { allOnes } from '../bus.ts'
import type { AccessSize, MmioDevice, PortDevice } from '../device.ts'
import type { PciFunction } from './function.ts'
import { CONFIG_SIZE } from './registers.ts'

/** CONFIG_ADDRESS[31]: the data port reaches configuration space. */
const ENABLE = 0x8000_0000
/** One bus: 32 devices × 8 functions of 4 KiB. */
export const ECAM_BUS_BYTES: number = 32 * 8 * 4096

/** Bus 0, reached through configuration mechanism #1 (ports 0xcf8 … 0xcff) and through ECAM. */
export class PciHostBridge {
  #address = 0
  readonly #functions = new Map<number, PciFunction>()

  /** Everything plugged in, in the order of device and function numbers. */
  get functions(): [device: number, fn: PciFunction][] {
    const sorted = [...this.#functions].toSorted(([a], [b]) => a - b)
    return sorted.map(([devfn, fn]) => [devfn >> 3, fn])
  }

  /** Plugs a function in as `device`, 0 … 31; function 0 of a device with several says so in its header type. */
  plug(device: number, fn: PciFunction, functionNumber = 0): void {
    this.#functions.set((device << 3) | functionNumber, fn)
  }

  /**
   * Ports 0xcf8 … 0xcff. CONFIG_ADDRESS takes only 32-bit accesses; narrower ones pass it by (PCI 3.0, 3.2.2.3.2), and nothing is behind it:
   * kernels write a byte to 0xcfb to tell mechanism #1 from #2.
   */
  readonly ports: PortDevice = {
    read: (offset, size) => {
      if (offset >= 4) return this.#readData(offset - 4, size)
      return size === 4 ? this.#address : allOnes(size)
    },
    write: (offset, size, value) => {
      if (offset >= 4) this.#writeData(offset - 4, size, value)
      else if (size === 4) this.#address = (value & 0x80ff_fffc) >>> 0
    },
  }

  /** The memory-mapped configuration space of bus 0 (PCI Express Base, 7.2.2). */
  readonly ecam: MmioDevice = {
    read: (offset, size) => this.#read((offset >> 12) & 0xff, offset & 0xfff, size),
    write: (offset, size, value) => this.#write((offset >> 12) & 0xff, offset & 0xfff, size, value),
  }

  reset(): void {
    this.#address = 0
  }

  save(): { address: number } {
    return { address: this.#address }
  }

  load(state: { address: number }): void {
    this.#address = state.address
  }

  #readData(offset: number, size: AccessSize): number {
    const address = this.#address
    if (!(address & ENABLE) || address & 0x00ff_0000) return allOnes(size)
    return this.#read((address >> 8) & 0xff, (address & 0xfc) + offset, size)
  }

  #writeData(offset: number, size: AccessSize, value: number): void {
    const address = this.#address
    if (!(address & ENABLE) || address & 0x00ff_0000) return
    this.#write((address >> 8) & 0xff, (address & 0xfc) + offset, size, value)
  }

  #read(devfn: number, offset: number, size: AccessSize): number {
    const fn = this.#find(devfn)
    if (fn === undefined) return allOnes(size)
    if (offset + size > CONFIG_SIZE) return 0
    return fn.readConfig(offset, size)
  }

  #write(devfn: number, offset: number, size: AccessSize, value: number): void {
    if (offset + size <= CONFIG_SIZE) this.#find(devfn)?.writeConfig(offset, size, value)
  }

  #find(devfn: number): PciFunction | undefined {
    return this.#functions.get(devfn)
  }
}
