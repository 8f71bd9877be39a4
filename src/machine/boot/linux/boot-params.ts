/** `boot_params`, the zero page of Linux (Documentation/arch/x86/zero-page.rst). */
import type { GuestMemory } from '../../../devices/guest-memory.ts'
import { memoryRegions } from '../../memory-map.ts'
import { type BootInfoWriter, setU64 } from '../boot-info.ts'
import type { PlacedModule } from '../boot.ts'
import { header, HEADER_BASE, type SetupHeader } from './setup-header.ts'

const BOOT_PARAMS_BYTES = 4096
const ACPI_RSDP_ADDR = 0x070
const E820_ENTRIES = 0x1e8
const E820_TABLE = 0x2d0
const E820_ENTRY_BYTES = 20
/** A loader without a number of its own. */
export const LOADER_UNDEFINED = 0xff

export interface LinuxParameters {
  readonly image: Uint8Array
  readonly setup: SetupHeader
  readonly memory: GuestMemory
  readonly ramBytes: number
  readonly rsdpGpa: number
  readonly loadAddress: number
  readonly cmdlineGpa: number
  readonly initrd: PlacedModule | null
}

/** Writes the zero page for the 32- and 64-bit entries; where it is. */
export function writeBootParams(info: BootInfoWriter, parameters: LinuxParameters): number {
  const { image, setup, ramBytes, rsdpGpa } = parameters
  const { gpa, view } = info.allocate(BOOT_PARAMS_BYTES)
  for (let at = HEADER_BASE; at < setup.headerEnd; at++) view.setUint8(at, image[at]!)
  fillHeader(view, parameters)
  setU64(view, ACPI_RSDP_ADDR, rsdpGpa)
  const regions = memoryRegions(ramBytes)
  view.setUint8(E820_ENTRIES, regions.length)
  for (const [i, { base, length, type }] of regions.entries()) {
    const at = E820_TABLE + E820_ENTRY_BYTES * i
    setU64(view, at, base)
    setU64(view, at + 8, length)
    view.setUint32(at + 16, type, true)
  }
  return gpa
}

/** The fields that a loader fills in, in a copy of the header. */
export function fillHeader(view: DataView, parameters: LinuxParameters): void {
  const { loadAddress, cmdlineGpa, initrd } = parameters
  view.setUint8(header.typeOfLoader, LOADER_UNDEFINED)
  view.setUint32(header.code32Start, loadAddress, true)
  view.setUint32(header.cmdLinePtr, cmdlineGpa, true)
  view.setUint32(header.ramdiskImage, initrd?.gpa ?? 0, true)
  view.setUint32(header.ramdiskSize, initrd?.bytes ?? 0, true)
}
