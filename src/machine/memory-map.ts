/** Where things are in guest-physical memory, and in the port space. */
import { type RamRange } from '../devices/guest-memory.ts'

export const KIB = 1024
export const MIB: number = 1024 * 1024
export const GIB: number = 1024 * 1024 * 1024

/** RAM below 4 GiB ends here at the latest; devices follow. */
export const LOW_RAM_LIMIT = 0xc000_0000
export const HIGH_RAM_BASE = 0x1_0000_0000
/** All RAM lies below the hole: a WebAssembly memory of 4 GiB holds no more beside the processor's own state. */
export const MAX_RAM_BYTES: number = LOW_RAM_LIMIT
export const MIN_RAM_BYTES: number = 2 * MIB

/** Video memory: device pages in the middle of RAM. */
export const VIDEO_BASE = 0xa_0000
export const VIDEO_BYTES = 0x2_0000
/** Boot information (command line, start info) that the guest is given below 1 MiB. */
export const BOOT_INFO_BASE = 0x9_0000
export const BOOT_INFO_END = 0x9_fc00
/** Extended BIOS data area, video memory, option ROMs: not for the guest to use as RAM. */
const LEGACY_BASE = 0x9_fc00
const LEGACY_END = 0xa_0000
/** Firmware tables, where a PC has its BIOS. */
export const FIRMWARE_BASE = 0xe_0000
export const FIRMWARE_END = 0x10_0000
export const IMAGE_BASE = 0x10_0000

/** BARs are placed here; kept clear of ECAM and the interrupt controllers. */
export const PCI_WINDOW_BASE = 0xc000_0000
export const PCI_WINDOW_END = 0xe000_0000
/** A BIOS places them at the end of this one. */
export const PCI_HIGH_WINDOW_BASE = 0xf000_0000
export const PCI_HIGH_WINDOW_END = 0xfec0_0000
export const ECAM_BASE = 0xe000_0000
export const ECAM_BYTES: number = 256 * MIB

export const E820_RAM = 1
export const E820_RESERVED = 2

export interface MemoryRegion {
  readonly base: number
  readonly length: number
  readonly type: number
}

/** RAM of `bytes` bytes, split around the hole; `offset` is where it starts in the host's buffer. */
export function ramRanges(bytes: number, offset: number): RamRange[] {
  const low = Math.min(bytes, LOW_RAM_LIMIT)
  const ranges = [{ gpa: 0, length: low, offset }]
  if (bytes > low) ranges.push({ gpa: HIGH_RAM_BASE, length: bytes - low, offset: offset + low })
  return ranges
}

/** The memory map as firmware would report it (E820), in ascending order. */
export function memoryRegions(ramBytes: number): MemoryRegion[] {
  const low = Math.min(ramBytes, LOW_RAM_LIMIT)
  const regions = [
    { base: 0, length: LEGACY_BASE, type: E820_RAM },
    { base: LEGACY_BASE, length: LEGACY_END - LEGACY_BASE, type: E820_RESERVED },
    { base: FIRMWARE_BASE, length: FIRMWARE_END - FIRMWARE_BASE, type: E820_RESERVED },
    { base: IMAGE_BASE, length: low - IMAGE_BASE, type: E820_RAM },
    { base: ECAM_BASE, length: ECAM_BYTES, type: E820_RESERVED },
  ]
  if (ramBytes > low) regions.push({ base: HIGH_RAM_BASE, length: ramBytes - low, type: E820_RAM })
  return regions
}
