/** What firmware does with the PCI bus before a kernel starts: places BARs, names interrupts, switches decoding on. */
import type { PciHostBridge } from '../devices/pci/host-bridge.ts'
import type { PciFunction } from '../devices/pci/function.ts'
import * as reg from '../devices/pci/registers.ts'
import { PCI_WINDOW_BASE } from './memory-map.ts'
import { pciInterrupt } from './pci-interrupts.ts'

const PORT_WINDOW_BASE = 0xc000

/** Gives every BAR on the bus an address of its own, aligned to its size. */
export function assignPciResources(bus: PciHostBridge): void {
  let nextMemory = PCI_WINDOW_BASE
  let nextPort = PORT_WINDOW_BASE
  for (const [slot, fn] of bus.functions) {
    for (const { index, kind, size } of fn.bars) {
      if (kind === 'io') nextPort = place(fn, index, size, nextPort)
      else nextMemory = place(fn, index, size, nextMemory)
    }
    if (fn.config[reg.INTERRUPT_PIN] !== 0) fn.writeConfig(reg.INTERRUPT_LINE, 1, pciInterrupt(slot))
    if (fn.bars.length > 0) fn.writeConfig(reg.COMMAND, 2, reg.COMMAND_MEMORY | reg.COMMAND_IO)
  }
}

function place(fn: PciFunction, index: number, size: number, next: number): number {
  const address = Math.ceil(next / size) * size
  fn.writeConfig(reg.BAR0 + 4 * index, 4, address)
  return address + size
}
