/** A virtio device behind PCI, modern interface only (virtio 1.2 §4.1). */
import { read16, read32, read64, read8, write16, write32, write64, write8 } from '../lib/cpu'
import {
  barAddress,
  enableFunction,
  findCapability,
  PciFunction,
  readConfig,
  readConfigByte,
} from '../bus/pci'

export const VENDOR: u32 = 0x1af4

const CAPABILITY_VENDOR: u32 = 9
const COMMON: u32 = 1
const NOTIFY: u32 = 2
const DEVICE: u32 = 4

const STATUS_ACKNOWLEDGE: u32 = 1
const STATUS_DRIVER: u32 = 2
const STATUS_DRIVER_OK: u32 = 4
const STATUS_FEATURES_OK: u32 = 8
const STATUS_FAILED: u32 = 128

export const FEATURE_EVENT_INDEX: u64 = 1 << 29
export const FEATURE_VERSION_1: u64 = 1 << 32

export const NO_VECTOR: u32 = 0xffff

/** Offsets in the common configuration, §4.1.4.3. */
const DEVICE_FEATURE_SELECT: usize = 0
const DEVICE_FEATURE: usize = 4
const DRIVER_FEATURE_SELECT: usize = 8
const DRIVER_FEATURE: usize = 12
const CONFIG_VECTOR: usize = 16
const DEVICE_STATUS: usize = 20
const QUEUE_SELECT: usize = 22
const QUEUE_SIZE: usize = 24
const QUEUE_VECTOR: usize = 26
const QUEUE_ENABLE: usize = 28
const QUEUE_NOTIFY_OFFSET: usize = 30
const QUEUE_DESCRIPTORS: usize = 32
const QUEUE_DRIVER: usize = 40
const QUEUE_DEVICE: usize = 48

@unmanaged
export class VirtioDevice {
  pci: PciFunction
  common: usize
  notify: usize
  notifyMultiplier: u32
  config: usize
  features: u64

  /** Finds the configuration structures of function `pci` and resets the device. False if it is not a modern one. */
  open(pci: PciFunction): bool {
    this.pci = pci
    this.common = 0
    this.notify = 0
    this.config = 0
    enableFunction(pci)
    for (
      let at = findCapability(pci, CAPABILITY_VENDOR, 0);
      at != 0;
      at = findCapability(pci, CAPABILITY_VENDOR, at)
    ) {
      const kind = readConfigByte(pci, at + 3)
      if (kind != COMMON && kind != NOTIFY && kind != DEVICE) continue
      const bar = barAddress(pci, readConfigByte(pci, at + 4))
      if (bar == 0) continue
      const address = bar + readConfig(pci, at + 8)
      if (kind == COMMON && this.common == 0) this.common = address
      else if (kind == DEVICE && this.config == 0) this.config = address
      else if (kind == NOTIFY && this.notify == 0) {
        this.notify = address
        this.notifyMultiplier = readConfig(pci, at + 16)
      }
    }
    if (this.common == 0 || this.notify == 0) return false
    write8(this.common + DEVICE_STATUS, 0)
    while (read8(this.common + DEVICE_STATUS) != 0) {}
    return true
  }

  /** Negotiates: takes those of `wanted` that the device offers. False if it has no VERSION_1 or refuses (§3.1.1). */
  negotiate(wanted: u64): bool {
    this.addStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER)
    write32(this.common + DEVICE_FEATURE_SELECT, 0)
    const low = <u64>read32(this.common + DEVICE_FEATURE)
    write32(this.common + DEVICE_FEATURE_SELECT, 1)
    const offered = low | ((<u64>read32(this.common + DEVICE_FEATURE)) << 32)
    this.features = offered & (wanted | FEATURE_VERSION_1)
    if (!(this.features & FEATURE_VERSION_1)) return this.fail()
    write32(this.common + DRIVER_FEATURE_SELECT, 0)
    write32(this.common + DRIVER_FEATURE, <u32>this.features)
    write32(this.common + DRIVER_FEATURE_SELECT, 1)
    write32(this.common + DRIVER_FEATURE, <u32>(this.features >> 32))
    this.addStatus(STATUS_FEATURES_OK)
    if (!(read8(this.common + DEVICE_STATUS) & STATUS_FEATURES_OK)) return this.fail()
    write16(this.common + CONFIG_VECTOR, NO_VECTOR)
    return true
  }

  fail(): bool {
    this.addStatus(STATUS_FAILED)
    return false
  }

  has(feature: u64): bool {
    return (this.features & feature) != 0
  }

  addStatus(bits: u32): void {
    write8(this.common + DEVICE_STATUS, read8(this.common + DEVICE_STATUS) | bits)
  }

  /** The device may work from now on. */
  start(): void {
    this.addStatus(STATUS_DRIVER_OK)
  }

  /** Entries that queue `index` may have; 0 if there is no such queue. */
  queueSize(index: u32): u32 {
    write16(this.common + QUEUE_SELECT, index)
    return read16(this.common + QUEUE_SIZE)
  }

  /** Gives queue `index` its size, rings and MSI-X entry, and enables it. Returns the address to notify. */
  enableQueue(index: u32, size: u32, descriptors: usize, driver: usize, device: usize, vector: u32): usize {
    write16(this.common + QUEUE_SELECT, index)
    write16(this.common + QUEUE_SIZE, size)
    write16(this.common + QUEUE_VECTOR, vector)
    write64(this.common + QUEUE_DESCRIPTORS, descriptors)
    write64(this.common + QUEUE_DRIVER, driver)
    write64(this.common + QUEUE_DEVICE, device)
    const offset = read16(this.common + QUEUE_NOTIFY_OFFSET)
    write16(this.common + QUEUE_ENABLE, 1)
    return this.notify + offset * this.notifyMultiplier
  }

  /** Eight bytes of the device's own configuration. */
  readConfig64(offset: usize): u64 {
    return read64(this.config + offset)
  }
}
