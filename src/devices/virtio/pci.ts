/** Virtio over PCI, transitional (virtio 1.2, 4.1): the legacy interface in the ports of BAR0, the modern one behind capabilities. */
import type { AccessSize, MmioDevice, Stateful } from '../device.ts'
import { PciFunction, type PciFunctionState, type PciSlot } from '../pci/function.ts'
import { Msix, type MsixState } from '../pci/msix.ts'
import { CAP_VENDOR } from '../pci/registers.ts'
import type { GuestMemory } from '../guest-memory.ts'
import { CommonConfig, DEVICE_STATUS, type CommonConfigState } from './common-config.ts'
import { VirtioCore, type VirtioCoreState } from './core.ts'
import type { VirtioDevice } from './device.ts'
import { ConfigWindow } from './config-window.ts'
import * as types from './features.ts'
import { legacyPortCount, LegacyPorts } from './legacy-ports.ts'
import { Vectors, type VectorsState } from './vectors.ts'

const VENDOR = 0x1af4
/** Transitional PCI device IDs (4.1.2.1) by device type; the subsystem ID is the type itself. */
const DEVICE_IDS: Readonly<Record<number, number>> = {
  [types.TYPE_NET]: 0x1000,
  [types.TYPE_BLOCK]: 0x1001,
  [types.TYPE_CONSOLE]: 0x1003,
  [types.TYPE_RNG]: 0x1005,
  [types.TYPE_9P]: 0x1009,
}

const LEGACY_BAR = 0
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
  legacy: { queueSelect: number }
  vectors: VectorsState
  core: VirtioCoreState
  isr: number
}

/** A virtio device plugged into a PCI slot. */
export class VirtioPci implements MmioDevice, Stateful<VirtioPciState> {
  readonly fn: PciFunction
  readonly core: VirtioCore
  readonly #msix: Msix
  readonly #vectors: Vectors
  readonly #common: CommonConfig
  readonly #legacy: LegacyPorts
  #isr = 0

  constructor(device: VirtioDevice, memory: GuestMemory, slot: PciSlot) {
    this.fn = new PciFunction(
      device.name,
      {
        vendor: VENDOR,
        device: DEVICE_IDS[device.type]!,
        classCode: device.classCode,
        subsystemVendor: VENDOR,
        subsystem: device.type,
      },
      slot,
    )
    this.fn.usePin()
    this.#msix = new Msix(this.fn, MSIX_BAR, device.queues + 1)
    this.core = new VirtioCore(
      device,
      memory,
      {
        queue: (index) => this.#interrupt(ISR_QUEUE, this.#vectors.queue(index)),
        config: () => this.#interrupt(ISR_CONFIG, this.#vectors.config),
        reset: () => this.#wasReset(),
      },
      slot.diagnostics,
    )
    this.core.mayDma = () => this.fn.isBusMaster
    this.#vectors = new Vectors(device.queues, this.#msix.vectors)
    this.#common = new CommonConfig(this.core, this.#vectors)
    this.#legacy = this.#createLegacyPorts()
    this.fn.addBar(LEGACY_BAR, {
      kind: 'io',
      size: legacyPortCount(device.configBytes),
      device: this.#legacy,
    })
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
        // Only the reset is for everyone.
        if (this.core.isLegacy && !(within === DEVICE_STATUS && value === 0))
          return void this.core.claim('modern')
        return this.#common.write(within, size, value)
      case STRUCTURES.device.offset:
        if (within + size <= this.core.device.configBytes && this.core.claim('modern'))
          this.core.device.writeConfig(within, size, value)
        return
      case STRUCTURES.notify.offset:
        return this.core.notify(within / NOTIFY_MULTIPLIER)
      default:
        this.fn.diagnostics.counters.count('virtio.bad-write')
    }
  }

  /** As at power-on, with the BARs where they are. */
  reset(): void {
    this.core.reset()
  }

  save(): VirtioPciState {
    return {
      fn: this.fn.save(),
      msix: this.#msix.save(),
      common: this.#common.save(),
      legacy: this.#legacy.save(),
      vectors: this.#vectors.save(),
      core: this.core.save(),
      isr: this.#isr,
    }
  }

  load(state: VirtioPciState): void {
    this.#msix.load(state.msix)
    this.#common.load(state.common)
    this.#legacy.load(state.legacy)
    this.#vectors.load(state.vectors)
    this.core.load(state.core)
    this.fn.load(state.fn)
    this.#isr = state.isr
  }

  #createLegacyPorts(): LegacyPorts {
    const { fn } = this
    const msix = this.#msix
    return new LegacyPorts(this.core, this.#vectors, {
      get isMsixEnabled() {
        return msix.enabled
      },
      readIsr: () => this.#readIsr(),
      allowDma: () => fn.setBusMaster(),
    })
  }

  #wasReset(): void {
    this.#vectors.reset()
    this.#common.reset()
    this.#legacy.reset()
    this.#setIsr(0)
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
