/** The tables for a BIOS that installs them itself (QEMU: hw/acpi/bios-linker-loader.c): three files of fw_cfg, one of them a script. */
import type { FwCfg } from '../../devices/firmware/fw-cfg.ts'
import { CHECKSUM_OFFSET } from './blob.ts'
import { type AcpiTables, buildRsdp } from './tables.ts'

const TABLES_FILE = 'etc/acpi/tables'
const RSDP_FILE = 'etc/acpi/rsdp'
const SCRIPT_FILE = 'etc/table-loader'

const COMMAND_BYTES = 128
const NAME_BYTES = 56
const ALLOCATE = 1
const ADD_POINTER = 2
const ADD_CHECKSUM = 3
/** Anywhere below 4 GiB; or from 0xf0000 on, where the RSDP is looked for. */
const ZONE_HIGH = 1
const ZONE_FSEG = 2
const TABLE_ALIGN = 64
const RSDP_ALIGN = 16
const RSDP_RSDT = 16
const RSDP_XSDT = 24

export function addAcpiFiles(fwCfg: FwCfg, tables: AcpiTables): void {
  const { block, rsdt, xsdt } = tables
  const script = new Script()
  script.allocate(TABLES_FILE, TABLE_ALIGN, ZONE_HIGH)
  script.allocate(RSDP_FILE, RSDP_ALIGN, ZONE_FSEG)
  for (const { offset, size } of block.pointers) script.addPointer(TABLES_FILE, TABLES_FILE, offset, size)
  for (const { start, length } of block.summed)
    script.addChecksum(TABLES_FILE, start + CHECKSUM_OFFSET, start, length)
  script.addPointer(RSDP_FILE, TABLES_FILE, RSDP_RSDT, 4)
  script.addPointer(RSDP_FILE, TABLES_FILE, RSDP_XSDT, 8)
  script.addChecksum(RSDP_FILE, 8, 0, 20)
  script.addChecksum(RSDP_FILE, 32, 0, 36)

  const rsdp = buildRsdp(rsdt, xsdt)
  rsdp[8] = 0
  rsdp[32] = 0
  fwCfg.addFile(TABLES_FILE, block.bytes)
  fwCfg.addFile(RSDP_FILE, rsdp)
  fwCfg.addFile(SCRIPT_FILE, script.bytes)
}

class Script {
  #commands: Uint8Array[] = []

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(COMMAND_BYTES * this.#commands.length)
    for (const [i, command] of this.#commands.entries()) bytes.set(command, COMMAND_BYTES * i)
    return bytes
  }

  allocate(file: string, align: number, zone: number): void {
    const { bytes, view } = this.#command(ALLOCATE)
    putName(bytes, 4, file)
    view.setUint32(4 + NAME_BYTES, align, true)
    bytes[8 + NAME_BYTES] = zone
  }

  addPointer(file: string, target: string, offset: number, size: number): void {
    const { bytes, view } = this.#command(ADD_POINTER)
    putName(bytes, 4, file)
    putName(bytes, 4 + NAME_BYTES, target)
    view.setUint32(4 + 2 * NAME_BYTES, offset, true)
    bytes[8 + 2 * NAME_BYTES] = size
  }

  addChecksum(file: string, offset: number, start: number, length: number): void {
    const { bytes, view } = this.#command(ADD_CHECKSUM)
    putName(bytes, 4, file)
    view.setUint32(4 + NAME_BYTES, offset, true)
    view.setUint32(8 + NAME_BYTES, start, true)
    view.setUint32(12 + NAME_BYTES, length, true)
  }

  #command(code: number): { bytes: Uint8Array; view: DataView } {
    const bytes = new Uint8Array(COMMAND_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, code, true)
    this.#commands.push(bytes)
    return { bytes, view }
  }
}

function putName(bytes: Uint8Array, at: number, name: string): void {
  bytes.set(
    Uint8Array.from(name, (c) => c.charCodeAt(0)),
    at,
  )
}
