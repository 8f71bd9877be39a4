/** Where INTA# of a PCI slot goes: the same global interrupt at the IOAPIC and at the 8259 pair. */
const INTERRUPTS = [10, 11] as const

/** Interrupt of the pin of device `slot`, 0 … 31. Level-triggered, active high at the IOAPIC. */
export function pciInterrupt(slot: number): number {
  return INTERRUPTS[slot % INTERRUPTS.length]!
}

/** All interrupts that PCI slots share. */
export const PCI_INTERRUPTS: readonly number[] = INTERRUPTS
