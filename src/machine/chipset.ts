/** The bridges of the board, wired: shadow RAM, interrupt router, where the ACPI ports lie. */
import type { PageKind } from '../cpu/page-flags.ts'
import { HostBridgeI440fx } from '../devices/chipset/i440fx.ts'
import { IsaBridge, PowerManagementFunction } from '../devices/chipset/piix.ts'
import type { GuestMemory } from '../devices/guest-memory.ts'
import type { PciSlot } from '../devices/pci/function.ts'
import type { PciHostBridge } from '../devices/pci/host-bridge.ts'
import { ACPI_PM_BASE, ACPI_PM_BYTES, type AcpiPm } from '../devices/platform/acpi-pm.ts'
import { PIRQ_INTERRUPTS } from './pci-interrupts.ts'
import { SHADOW_BASE, SHADOW_BYTES, ShadowRam } from './shadow-ram.ts'

const HOST_BRIDGE_SLOT = 0
export const SOUTH_BRIDGE_SLOT = 1
const POWER_FUNCTION = 3

export interface ChipsetOptions {
  readonly memory: GuestMemory
  readonly pci: PciHostBridge
  readonly pm: AcpiPm
  readonly slot: (slot: number) => PciSlot
  readonly setIrq: (irq: number, asserted: boolean) => void
  readonly setPages: (gpa: number, length: number, kind: PageKind) => void
}

export class Chipset {
  readonly hostBridge: HostBridgeI440fx
  readonly isaBridge: IsaBridge
  readonly power: PowerManagementFunction
  readonly shadow: ShadowRam

  constructor({ memory, pci, pm, slot, setIrq, setPages }: ChipsetOptions) {
    this.shadow = new ShadowRam(memory, setPages)
    const hostSlot = slot(HOST_BRIDGE_SLOT)
    const southSlot = slot(SOUTH_BRIDGE_SLOT)
    this.hostBridge = new HostBridgeI440fx(hostSlot, (segment) => this.shadow.apply(segment))
    this.isaBridge = new IsaBridge(southSlot, setIrq)
    this.power = new PowerManagementFunction(southSlot, pm, ACPI_PM_BYTES)
    hostSlot.memory.map(SHADOW_BASE, SHADOW_BYTES, 'shadow-ram', this.shadow)
    pci.plug(HOST_BRIDGE_SLOT, this.hostBridge.fn)
    pci.plug(SOUTH_BRIDGE_SLOT, this.isaBridge.fn)
    pci.plug(SOUTH_BRIDGE_SLOT, this.power.fn, POWER_FUNCTION)
  }

  /** As after power-on: the BIOS reads as itself below 1 MiB too, and finds nothing set up. */
  showBios(bios: Uint8Array): void {
    this.shadow.setBios(bios)
    for (const segment of this.hostBridge.segments) this.shadow.apply(segment)
  }

  /** As a BIOS leaves it, for a system that is booted without one. */
  setUp(): void {
    this.hostBridge.openShadowRam()
    this.isaBridge.route(PIRQ_INTERRUPTS)
    this.power.place(ACPI_PM_BASE)
  }
}
