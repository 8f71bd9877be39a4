/** Virtio over PCI, modern (virtio 1.2, 4.1). BAR0 stays free for the ports of the legacy interface. */
import type { AccessSize, MmioDevice, Stateful } from '../device.ts'
import { PciFunction, type PciFunctionState, type PciSlot } from '../pci/function.ts'
import { Msix, type MsixState } from '../pci/msix.ts'
import { CAP_VENDOR } from '../pci/registers.ts'
import type { GuestMemory } from '../guest-memory.ts'
import { CommonConfig, type CommonConfigState } from './common-config.ts'
import { VirtioCore, type VirtioCoreState } from './core.ts'
import type { VirtioDevice } from './device.ts'
import { ConfigWindow } from './config-window.ts'

const VENDOR = 0x1af4
const MODERN_DEVICE_BASE = 0x1040

const MSIX_BAR = 1
const MODERN_BAR = 4
const MODERN_BAR_SIZE = 0x4000
const NOTIFY_MULTIPLIER = 4
const ISR_QUEUE = 1
const ISR_CONFIG = 2

/** The structures behind the modern BAR (4.1.4): each has its page and is announced by a capability. */
const STRUCTURES = {
  common: { cfgType: 1, offset: 0x0000 },
  isr: { cfgType: 3, offset: 0x1000 },
  device: { cfgType: 4, offset: 0x2000 },
  notify: { cfgType: 2, offset: 0x3000 },
} as const
const CFG_TYPE_PCI = 5
const STRUCTURE_BYTES = 0x1000

export interface VirtioPciState {
  fn: PciFunctionState
  msix: MsixState
  common: CommonConfigState
  core: VirtioCoreState
  isr: number
}

/** A virtio device plugged into a PCI slot. */
export class VirtioPci implements MmioDevice, Stateful<VirtioPciState> {
  readonly fn: PciFunction
  readonly core: VirtioCore
  readonly #msix: Msix
  readonly #common: CommonConfig
  #isr = 0

  constructor(device: VirtioDevice, memory: GuestMemory, slot: PciSlot) {
    const id = MODERN_DEVICE_BASE + device.type
    this.fn = new PciFunction(
      device.name,
      {
        vendor: VENDOR,
        device: id,
        revision: 1,
        classCode: device.classCode,
        subsystemVendor: VENDOR,
        subsystem: id,
      },
      slot,
    )
    this.fn.usePin()
    this.#msix = new Msix(this.fn, MSIX_BAR, device.queues + 1)
    this.core = new VirtioCore(
      device,
      memory,
      {
        queue: (index) => this.#interrupt(ISR_QUEUE, this.#common.queueVector(index)),
        config: () => this.#interrupt(ISR_CONFIG, this.#common.configVector),
      },
      slot.diagnostics,
    )
    this.core.mayDma = () => this.fn.isBusMaster
    this.#common = new CommonConfig(this.core, this.#msix.vectors)
    this.fn.addBar(MODERN_BAR, { kind: 'memory64', size: MODERN_BAR_SIZE, device: this })
    this.#addCapabilities()
    const window = new ConfigWindow(
      this.fn,
      this.#addCapability(CFG_TYPE_PCI, 0, 0, 4),
      MODERN_BAR,
      this,
      MODERN_BAR_SIZE,
    )
    this.fn.onConfigRead = (offset, size) => window.beforeRead(offset, size)
    this.fn.onConfigWrite = (offset, size) => {
      window.afterWrite(offset, size)
      this.#msix.configWritten()
    }
  }

  read(offset: number, size: AccessSize): number {
    const within = offset % STRUCTURE_BYTES
    switch (offset - within) {
      case STRUCTURES.common.offset:
        return this.#common.read(within, size)
      case STRUCTURES.isr.offset:
        return within === 0 ? this.#readIsr() : 0
      case STRUCTURES.device.offset:
        return within + size <= this.core.device.configBytes ? this.core.device.readConfig(within, size) : 0
      default:
        return 0
    }
  }

  write(offset: number, size: AccessSize, value: number): void {
    const within = offset % STRUCTURE_BYTES
    switch (offset - within) {
      case STRUCTURES.common.offset:
        return this.#writeCommon(within, size, value)
      case STRUCTURES.device.offset:
        if (within + size <= this.core.device.configBytes) this.core.device.writeConfig(within, size, value)
        return
      case STRUCTURES.notify.offset:
        return this.core.notify(within / NOTIFY_MULTIPLIER)
      default:
        this.fn.diagnostics.counters.count('virtio.bad-write')
    }
  }

  /** As at power-on, with the BARs where they are. */
  reset(): void {
    this.#common.reset()
    this.core.reset()
    this.#setIsr(0)
  }

  save(): VirtioPciState {
    return {
      fn: this.fn.save(),
      msix: this.#msix.save(),
      common: this.#common.save(),
      core: this.core.save(),
      isr: this.#isr,
    }
  }

  load(state: VirtioPciState): void {
    this.#msix.load(state.msix)
    this.#common.load(state.common)
    this.core.load(state.core)
    this.fn.load(state.fn)
    this.#isr = state.isr
  }

  #writeCommon(offset: number, size: AccessSize, value: number): void {
    this.#common.write(offset, size, value)
    if (this.core.status === 0) this.#setIsr(0)
  }

  #interrupt(cause: number, vector: number): void {
    if (this.#msix.enabled) this.#msix.notify(vector)
    else this.#setIsr(this.#isr | cause)
  }

  #readIsr(): number {
    const isr = this.#isr
    this.#setIsr(0)
    return isr
  }

  #setIsr(isr: number): void {
    this.#isr = isr
    this.fn.setIntx(isr !== 0)
  }

  #addCapabilities(): void {
    const { common, isr, device, notify } = STRUCTURES
    this.#addCapability(common.cfgType, common.offset, STRUCTURE_BYTES)
    this.#addCapability(isr.cfgType, isr.offset, STRUCTURE_BYTES)
    if (this.core.device.configBytes > 0) this.#addCapability(device.cfgType, device.offset, STRUCTURE_BYTES)
    const offset = this.#addCapability(notify.cfgType, notify.offset, STRUCTURE_BYTES, 4)
    this.fn.setU32(offset + 16, NOTIFY_MULTIPLIER)
  }

  /** `struct virtio_pci_cap`, with `extra` bytes behind it. */
  #addCapability(cfgType: number, offset: number, length: number, extra = 0): number {
    const body = new Uint8Array(14 + extra)
    const view = new DataView(body.buffer)
    body[0] = body.length + 2
    body[1] = cfgType
    body[2] = MODERN_BAR
    view.setUint32(6, offset, true)
    view.setUint32(10, length, true)
    return this.fn.addCapability(CAP_VENDOR, body)
  }
}
