/** What a BIOS is told through fw_cfg: how much there is of everything, and tables that it installs. */
import * as cfg from '../devices/firmware/fw-cfg.ts'
import { addAcpiFiles } from './acpi/loader.ts'
import { buildAcpiTables } from './acpi/tables.ts'
import { E820_RAM, E820_RESERVED, ECAM_BASE, ECAM_BYTES, LOW_RAM_LIMIT, HIGH_RAM_BASE } from './memory-map.ts'
import type { MemoryRegion } from './memory-map.ts'

const E820_ENTRY_BYTES = 20

export interface FirmwareOptions {
  readonly ramBytes: number
  readonly processors: number
  /** The BIOS writes to the serial port what it would write to a screen. */
  readonly serialConsole: boolean
  readonly bootMenu: boolean
  /** Option ROM of the video card. */
  readonly vgaBios?: Uint8Array
}

export function configureFirmware(fwCfg: cfg.FwCfg, options: FirmwareOptions): void {
  const { ramBytes, processors } = options
  fwCfg.setNumber(cfg.FW_CFG_RAM_SIZE, ramBytes, 8)
  fwCfg.setNumber(cfg.FW_CFG_CPUS, processors, 2)
  fwCfg.setNumber(cfg.FW_CFG_MAX_CPUS, processors, 2)
  fwCfg.setNumber(cfg.FW_CFG_NOGRAPHIC, Number(options.serialConsole), 2)
  fwCfg.setNumber(cfg.FW_CFG_BOOT_MENU, Number(options.bootMenu), 2)
  fwCfg.addFile('etc/e820', describeMemory(ramBytes))
  addAcpiFiles(fwCfg, buildAcpiTables(processors))
  if (options.vgaBios !== undefined) fwCfg.addFile('vgaroms/vgabios.bin', options.vgaBios)
}

/** RAM as it is; what of it is not to be used below 1 MiB the BIOS knows itself. */
function describeMemory(ramBytes: number): Uint8Array {
  const low = Math.min(ramBytes, LOW_RAM_LIMIT)
  const regions: MemoryRegion[] = [
    { base: 0, length: low, type: E820_RAM },
    { base: ECAM_BASE, length: ECAM_BYTES, type: E820_RESERVED },
  ]
  if (ramBytes > low) regions.push({ base: HIGH_RAM_BASE, length: ramBytes - low, type: E820_RAM })
  const bytes = new Uint8Array(E820_ENTRY_BYTES * regions.length)
  const view = new DataView(bytes.buffer)
  for (const [i, { base, length, type }] of regions.entries()) {
    view.setBigUint64(E820_ENTRY_BYTES * i, BigInt(base), true)
    view.setBigUint64(E820_ENTRY_BYTES * i + 8, BigInt(length), true)
    view.setUint32(E820_ENTRY_BYTES * i + 16, type, true)
  }
  return bytes
}
