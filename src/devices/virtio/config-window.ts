import type { AccessSize, MmioDevice } from '../device.ts'
import type { PciFunction } from '../pci/function.ts'

/** Offsets in the capability (4.1.4.9). */
const BAR = 4
const OFFSET = 8
const LENGTH = 12
const DATA = 16

/** VIRTIO_PCI_CAP_PCI_CFG: the registers of a BAR reached through configuration space, for a driver that cannot map them. */
export class ConfigWindow {
  readonly #fn: PciFunction
  readonly #capability: number
  readonly #bar: number
  readonly #registers: MmioDevice
  readonly #limit: number

  constructor(fn: PciFunction, capability: number, bar: number, registers: MmioDevice, limit: number) {
    this.#fn = fn
    this.#capability = capability
    this.#bar = bar
    this.#registers = registers
    this.#limit = limit
    fn.allowWrite(capability + BAR, [0xff])
    fn.allowWrite(
      capability + OFFSET,
      Array.from({ length: 12 }, () => 0xff),
    )
  }

  /** The driver is about to read `pci_cfg_data`: fetches it. */
  beforeRead(offset: number, size: AccessSize): void {
    const target = this.#target(offset, size)
    if (target !== null)
      this.#fn.setU32(this.#capability + DATA, this.#registers.read(target.offset, target.size))
  }

  /** The driver has written `pci_cfg_data`: passes it on. */
  afterWrite(offset: number, size: AccessSize): void {
    const target = this.#target(offset, size)
    if (target === null) return
    const value = this.#fn.u32(this.#capability + DATA)
    this.#registers.write(
      target.offset,
      target.size,
      target.size === 4 ? value : value & (2 ** (8 * target.size) - 1),
    )
  }

  #target(at: number, size: AccessSize): { offset: number; size: AccessSize } | null {
    const data = this.#capability + DATA
    if (at >= data + 4 || at + size <= data) return null
    const offset = this.#fn.u32(this.#capability + OFFSET)
    const length = this.#fn.u32(this.#capability + LENGTH)
    const isValid =
      at === data &&
      this.#fn.config[this.#capability + BAR] === this.#bar &&
      (length === 1 || length === 2 || length === 4) &&
      offset % length === 0 &&
      offset + length <= this.#limit
    if (!isValid) this.#fn.diagnostics.counters.count('virtio.bad-config-window')
    return isValid ? { offset, size: length } : null
  }
}
