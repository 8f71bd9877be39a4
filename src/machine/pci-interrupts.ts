/** Which interrupts PCI slots get: the wiring of the slots to the router's four lines, and where firmware leads these. */
import { pirqOf } from '../devices/chipset/piix.ts'

/** PIRQA# … PIRQD#, as SeaBIOS routes them too. */
export const PIRQ_INTERRUPTS = [10, 10, 11, 11] as const

/** Interrupt of INTA# of device `slot`, 1 … 31. Level-triggered, active high at the IOAPIC. */
export function pciInterrupt(slot: number): number {
  return PIRQ_INTERRUPTS[pirqOf(slot, 1)]!
}

/** All interrupts that PCI slots share. */
export const PCI_INTERRUPTS: readonly number[] = [...new Set(PIRQ_INTERRUPTS)]
