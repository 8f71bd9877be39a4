/** The south bridge: ISA bridge of the PIIX3 (82371SB, 290550) with its router of PCI interrupts, power management of the PIIX4 (290562). */
import type { AddressSpace, Mapping } from '../bus.ts'
import type { PortDevice } from '../device.ts'
import { PciFunction, type PciSlot } from '../pci/function.ts'
import { HEADER_TYPE, INTERRUPT_LINE, INTERRUPT_PIN } from '../pci/registers.ts'

const INTEL = 0x8086
const MULTI_FUNCTION = 0x80

/** PIRQRC[A:D]: bit 7 disconnects, bits 3:0 are the interrupt. */
const PIRQ_ROUTE = 0x60
const PIRQ_OFF = 0x80
/** Registers of the ISA bridge that hold what was written, and what may be. */
const ISA_REGISTERS: readonly [offset: number, mask: number, initial: number][] = [
  [0x4c, 0xff, 0x4d],
  [0x4e, 0xff, 0x03],
  [0x4f, 0xff, 0x00],
  [0x69, 0xfe, 0x02],
  [0x6a, 0xff, 0x00],
  [0x76, 0x8f, 0x0c],
  [0x77, 0x8f, 0x0c],
  [0x80, 0x7f, 0x00],
  [0xa0, 0x1f, 0x08],
]

/** INTA# … INTD# of a slot are wired to PIRQA# … PIRQD# in turn, as on the usual PC: slot 1 begins with A. */
export function pirqOf(slot: number, pin: number): number {
  return (slot - 1 + pin - 1) & 3
}

export class IsaBridge {
  readonly fn: PciFunction
  readonly #setIrq: (irq: number, asserted: boolean) => void
  /** Slots that pull at each of the four PIRQ lines. */
  readonly #pulling: readonly Set<number>[] = [new Set(), new Set(), new Set(), new Set()]
  #asserted = 0

  constructor(slot: PciSlot, setIrq: (irq: number, asserted: boolean) => void) {
    this.#setIrq = setIrq
    this.fn = new PciFunction('isa-bridge', { vendor: INTEL, device: 0x7000, classCode: 0x060100 }, slot)
    this.fn.config[HEADER_TYPE] = MULTI_FUNCTION
    for (const [offset, mask, initial] of ISA_REGISTERS) {
      this.fn.config[offset] = initial
      this.fn.allowWrite(offset, [mask])
    }
    this.fn.config.fill(PIRQ_OFF, PIRQ_ROUTE, PIRQ_ROUTE + 4)
    this.fn.allowWrite(PIRQ_ROUTE, [0x8f, 0x8f, 0x8f, 0x8f])
    this.fn.onConfigWrite = () => this.#drive()
    this.fn.onLoad = () => this.#drive()
  }

  /** What firmware does: connects PIRQA# … PIRQD# with four interrupts. */
  route(irqs: readonly number[]): void {
    this.fn.config.set(irqs, PIRQ_ROUTE)
    this.#drive()
  }

  /** Pin 1 … 4 of a slot. */
  setPin(slot: number, pin: number, asserted: boolean): void {
    const slots = this.#pulling[pirqOf(slot, pin)]!
    if (asserted) slots.add(slot)
    else slots.delete(slot)
    this.#drive()
  }

  /** An interrupt is asserted while any of the lines that lead to it is. */
  #drive(): void {
    let asserted = 0
    for (const [pirq, slots] of this.#pulling.entries()) {
      const route = this.fn.config[PIRQ_ROUTE + pirq]!
      if (slots.size > 0 && !(route & PIRQ_OFF)) asserted |= 1 << (route & 0xf)
    }
    const changed = asserted ^ this.#asserted
    this.#asserted = asserted
    for (let irq = 0; irq < 16; irq++)
      if ((changed >> irq) & 1) this.#setIrq(irq, ((asserted >> irq) & 1) !== 0)
  }
}

const PM_BASE = 0x40
const PM_ENABLE = 0x80
/** DEVACTB.APMC_EN: says to firmware that system management mode is set up, or not to be had. */
const DEVICE_ACTIVITY_B = 0x58
const APMC_ENABLE_BYTE = 0x02
const SMBUS_BASE = 0x90
const SMBUS_CONFIG = 0xd2
const SCI_IRQ = 9

/** Function 3: puts the ports of the ACPI hardware where software wants them. */
export class PowerManagementFunction {
  readonly fn: PciFunction
  readonly #ports: AddressSpace
  readonly #device: PortDevice
  readonly #length: number
  #mapping: Mapping | null = null

  constructor(slot: PciSlot, device: PortDevice, length: number) {
    this.#ports = slot.ports
    this.#device = device
    this.#length = length
    this.fn = new PciFunction(
      'power-management',
      { vendor: INTEL, device: 0x7113, revision: 3, classCode: 0x068000 },
      slot,
    )
    this.fn.config[INTERRUPT_PIN] = 1
    this.fn.config[INTERRUPT_LINE] = SCI_IRQ
    this.fn.config[PM_BASE] = 1
    this.fn.allowWrite(PM_BASE, [0xc0, 0xff])
    this.fn.allowWrite(PM_ENABLE, [1])
    this.fn.config[DEVICE_ACTIVITY_B + 3] = APMC_ENABLE_BYTE
    this.fn.config[SMBUS_BASE] = 1
    this.fn.allowWrite(SMBUS_BASE, [0xf0, 0xff])
    this.fn.allowWrite(SMBUS_CONFIG, [0x0f])
    this.fn.onConfigWrite = () => this.#remap()
    this.fn.onLoad = () => this.#remap()
  }

  /** What firmware does: the ports at `base`, a multiple of 64. */
  place(base: number): void {
    this.fn.setU16(PM_BASE, base | 1)
    this.fn.config[PM_ENABLE] = 1
    this.#remap()
  }

  #remap(): void {
    const base = this.fn.u16(PM_BASE) & 0xffc0
    const enabled = (this.fn.config[PM_ENABLE]! & 1) !== 0
    if (this.#mapping !== null && enabled && this.#mapping.base === base) return
    if (this.#mapping !== null) this.#ports.unmap(this.#mapping)
    this.#mapping =
      enabled && base !== 0 ? this.#ports.map(base, this.#length, 'acpi-pm', this.#device) : null
  }
}
