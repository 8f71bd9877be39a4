/** The static tables of ACPI (ACPI 6.5, 5.2; PCI Firmware 3.2 for MCFG). */
import type { GuestMemory } from '../../devices/guest-memory.ts'
import { IOAPIC_BASE } from '../../devices/interrupt/ioapic.ts'
import { LAPIC_BASE } from '../../devices/interrupt/lapic.ts'
import { ACPI_PM_BASE, PM1_CONTROL, PM1_EVENT, PM_TIMER } from '../../devices/platform/acpi-pm.ts'
import { HPET_BASE, HPET_ID } from '../../devices/time/hpet.ts'
import { ECAM_BASE, FIRMWARE_BASE } from '../memory-map.ts'
import { PCI_INTERRUPTS } from '../pci-interrupts.ts'
import { checksum, TableBlock, type TablePointer } from './blob.ts'
import { describeSystem } from './dsdt.ts'

const OEM_ID = 'ONERNG'
const OEM_TABLE_ID = 'ONERING '
const HEADER_BYTES = 36
const TABLES_BASE: number = FIRMWARE_BASE + 64
const FACS_WAKING_VECTOR = 12
const SCI_INTERRUPT = 9
const RTC_CENTURY = 0x32

/** FADT flags: WBINVD, C1 works, no fixed sleep button (but a power button and RTC wake), 32-bit timer, reset register. */
const FADT_FLAGS: number = (1 << 0) | (1 << 2) | (1 << 5) | (1 << 8) | (1 << 10)
/** There are ISA devices and a keyboard controller. */
const BOOT_ARCHITECTURE = 0x0003
const RESET_PORT = 0xcf9
const RESET_VALUE = 0x06

/** Interrupt source override flags: active high, level-triggered; and as the bus has it. */
const LEVEL_HIGH = 0x000d
const CONFORMS = 0x0000

/** All tables, wherever they will be, and where the two roots are among them. */
export interface AcpiTables {
  readonly block: TableBlock
  readonly rsdt: number
  readonly xsdt: number
}

export function buildAcpiTables(processors: number): AcpiTables {
  const block = new TableBlock()
  // First, where `readWakingVector` looks.
  const facs = block.add(buildFacs(), [], false)
  const dsdt = block.add(buildTable('DSDT', 2, describeSystem()))
  const fadt = block.add(buildFadt(facs, dsdt), FADT_POINTERS)
  const tables = [fadt, ...[buildMadt(processors), buildMcfg(), buildHpet()].map((table) => block.add(table))]
  const pointers = (size: 4 | 8) => tables.map((_, i) => ({ offset: HEADER_BYTES + size * i, size }))
  const rsdt = block.add(buildTable('RSDT', 1, flatten(tables.map((at) => u32(at)))), pointers(4))
  const xsdt = block.add(buildTable('XSDT', 1, flatten(tables.map((at) => u64(at)))), pointers(8))
  return { block, rsdt, xsdt }
}

/** Where a machine that slept goes on, in real mode, as the operating system has written it into the FACS; 0: nowhere. */
export function readWakingVector(memory: GuestMemory): number {
  return memory.readU32(TABLES_BASE + FACS_WAKING_VECTOR)
}

/** Writes all tables to the firmware area; returns the address of the RSDP, on a paragraph where guests search for it. */
export function writeAcpiTables(memory: GuestMemory, processors: number): number {
  const { block, rsdt, xsdt } = buildAcpiTables(processors)
  const base = TABLES_BASE
  const bytes = block.relocate(base)
  memory.writable(base, bytes.length).set(bytes)
  memory.writable(FIRMWARE_BASE, 36).set(buildRsdp(base + rsdt, base + xsdt))
  return FIRMWARE_BASE
}

export function buildRsdp(rsdt: number, xsdt: number): Uint8Array {
  const bytes = flatten([
    ascii('RSD PTR '),
    [0],
    ascii(OEM_ID),
    [2],
    u32(rsdt),
    u32(36),
    u64(xsdt),
    [0, 0, 0, 0],
  ])
  bytes[8] = checksum(bytes.subarray(0, 20))
  bytes[32] = checksum(bytes)
  return bytes
}

/** Version 0: a waking vector of real mode is all that there is. */
function buildFacs(): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set(ascii('FACS'))
  bytes[4] = 64
  return bytes
}

/** FIRMWARE_CTRL, DSDT, X_DSDT. */
const FADT_POINTERS: readonly TablePointer[] = [
  { offset: 36, size: 4 },
  { offset: 40, size: 4 },
  { offset: 140, size: 8 },
]

/** Revision 5, 268 bytes (ACPI 5.0). */
function buildFadt(facs: number, dsdt: number): Uint8Array {
  const body = new Uint8Array(268 - HEADER_BYTES)
  const view = new DataView(body.buffer)
  const at = (offset: number): number => offset - HEADER_BYTES
  view.setUint32(at(36), facs, true)
  view.setUint32(at(40), dsdt, true)
  view.setUint16(at(46), SCI_INTERRUPT, true)
  view.setUint32(at(56), pmPort(PM1_EVENT), true)
  view.setUint32(at(64), pmPort(PM1_CONTROL), true)
  view.setUint32(at(76), pmPort(PM_TIMER), true)
  view.setUint8(at(88), 4)
  view.setUint8(at(89), 2)
  view.setUint8(at(91), 4)
  // C2 and C3 are not supported.
  view.setUint16(at(96), 0xffff, true)
  view.setUint16(at(98), 0xffff, true)
  view.setUint8(at(108), RTC_CENTURY)
  view.setUint16(at(109), BOOT_ARCHITECTURE, true)
  view.setUint32(at(112), FADT_FLAGS, true)
  body.set(genericPort(RESET_PORT, 8), at(116))
  view.setUint8(at(128), RESET_VALUE)
  body.set(u64(dsdt), at(140))
  body.set(genericPort(pmPort(PM1_EVENT), 32), at(148))
  body.set(genericPort(pmPort(PM1_CONTROL), 16), at(172))
  body.set(genericPort(pmPort(PM_TIMER), 32), at(208))
  return buildTable('FACP', 5, body)
}

function pmPort(offset: number): number {
  return ACPI_PM_BASE + offset
}

function buildMadt(processors: number): Uint8Array {
  const entries: number[][] = [u32(LAPIC_BASE), u32(1)]
  for (let id = 0; id < processors; id++) entries.push([0, 8, id, id, ...u32(1)])
  entries.push([1, 12, 0, 0, ...u32(IOAPIC_BASE), ...u32(0)])
  // The timer is wired to pin 2.
  entries.push(sourceOverride(0, 2, CONFORMS))
  for (const irq of [SCI_INTERRUPT, ...PCI_INTERRUPTS]) entries.push(sourceOverride(irq, irq, LEVEL_HIGH))
  // LINT1 of every local APIC is NMI.
  entries.push([4, 6, 0xff, 0, 0, 1])
  return buildTable('APIC', 4, flatten(entries))
}

function sourceOverride(irq: number, pin: number, flags: number): number[] {
  return [2, 10, 0, irq, ...u32(pin), flags & 0xff, flags >> 8]
}

function buildMcfg(): Uint8Array {
  return buildTable('MCFG', 1, flatten([u64(0), u64(ECAM_BASE), [0, 0, 0, 255], u32(0)]))
}

/** The description table of the HPET (IA-PC HPET specification 1.0a, 3.2.4): the first one, periodic interrupts from 100 ticks on, no page of its own. */
function buildHpet(): Uint8Array {
  const address = [0, 64, 0, 0, ...u64(HPET_BASE)]
  return buildTable('HPET', 1, flatten([u32(HPET_ID), address, [0], [100, 0], [0]]))
}

/** Generic Address Structure in the port space. */
function genericPort(port: number, bits: number): number[] {
  const accessSize = { 8: 1, 16: 2, 32: 3 }[bits]!
  return [1, bits, 0, accessSize, ...u64(port)]
}

function buildTable(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const table = new Uint8Array(HEADER_BYTES + body.length)
  table.set(
    flatten([
      ascii(signature),
      u32(table.length),
      [revision, 0],
      ascii(OEM_ID),
      ascii(OEM_TABLE_ID),
      u32(1),
      ascii('ONER'),
      u32(1),
    ]),
  )
  table.set(body, HEADER_BYTES)
  table[9] = checksum(table)
  return table
}

function ascii(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0))
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]
}

function u64(value: number): number[] {
  return [...u32(value), ...u32(Math.floor(value / 2 ** 32))]
}

function flatten(parts: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flat())
}
