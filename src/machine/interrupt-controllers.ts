/** The interrupt controllers, wired: lines reach the IOAPIC and the 8259 pair, messages the local APIC, and that pulls at the processor. */
import type { AddressSpace, Mapping } from '../devices/bus.ts'
import type { Diagnostics } from '../devices/counters.ts'
import type { GuestMemory } from '../devices/guest-memory.ts'
import { IoApic } from '../devices/interrupt/ioapic.ts'
import { LAPIC_BASE, LAPIC_BYTES, LocalApic } from '../devices/interrupt/lapic.ts'
import { type InterruptMessage, parseMsi } from '../devices/interrupt/message.ts'
import { PicPair } from '../devices/interrupt/pic8259.ts'
import type { ProcessorWires } from './board-options.ts'
import type { Clock } from './clock.ts'

export const TIMER_IRQ = 0
/** ISA interrupt 0 is wired to pin 2 of the IOAPIC. */
const TIMER_PIN = 2

export interface InterruptControllersOptions {
  readonly clock: Clock
  readonly processor: ProcessorWires
  readonly memory: GuestMemory
  /** Where the registers of the local APIC are, which a guest may move. */
  readonly mmio: AddressSpace
  readonly diagnostics: Diagnostics
}

export class InterruptControllers {
  readonly lapic: LocalApic
  readonly ioapic: IoApic
  readonly pics: PicPair
  readonly #memory: GuestMemory
  readonly #mmio: AddressSpace
  readonly #diagnostics: Diagnostics
  #lapicMapping: Mapping

  constructor({ clock, processor, memory, mmio, diagnostics }: InterruptControllersOptions) {
    this.#memory = memory
    this.#mmio = mmio
    this.#diagnostics = diagnostics
    this.lapic = this.#createLapic(clock, processor)
    this.ioapic = new IoApic((message) => this.#send(message), diagnostics)
    this.pics = new PicPair((asserted) => this.lapic.setLint0(asserted))
    this.#lapicMapping = mmio.map(LAPIC_BASE, LAPIC_BYTES, 'lapic', this.lapic)
  }

  /** ISA interrupt `irq`, at the IOAPIC and at the 8259 pair. */
  setIrq(irq: number, asserted: boolean): void {
    this.ioapic.setLine(irq === TIMER_IRQ ? TIMER_PIN : irq, asserted)
    this.pics.setLine(irq, asserted)
  }

  /** A device writes to memory what may be an interrupt. */
  sendMsi(address: number, data: number): void {
    const message = parseMsi(address, data)
    if (message !== null) this.#send(message)
    else if (this.#memory.contains(address, 4)) this.#memory.writeU32(address, data)
    else this.#diagnostics.counters.count('msi.bad-address')
  }

  reset(): void {
    for (const controller of [this.pics, this.ioapic, this.lapic]) controller.reset()
  }

  #createLapic(clock: Clock, processor: ProcessorWires): LocalApic {
    return new LocalApic(
      0,
      clock,
      {
        intr: (asserted) => processor.setInterrupt(asserted),
        nmi: () => processor.nmi(),
        startup: () => this.#diagnostics.warnings.text('INIT and STARTUP messages find no other processor'),
        endOfInterrupt: (vector) => this.ioapic.endOfInterrupt(vector),
        send: (message, exceptSelf) => {
          if (!exceptSelf) this.#send(message)
        },
        acknowledgeExtInt: () => this.pics.acknowledge(),
        tscOffset: () => processor.tscOffset(),
        moved: (gpa) => this.#moveLapic(gpa),
        taskPriority: (value) => processor.setTaskPriority(value),
      },
      this.#diagnostics,
    )
  }

  #send(message: InterruptMessage): void {
    if (this.lapic.accepts(message.destination, message.isLogical)) this.lapic.deliver(message)
    else this.#diagnostics.counters.count('interrupt.no-destination')
  }

  #moveLapic(gpa: number): void {
    if (this.#lapicMapping.base === gpa) return
    this.#mmio.unmap(this.#lapicMapping)
    this.#lapicMapping = this.#mmio.map(gpa, LAPIC_BYTES, 'lapic', this.lapic)
  }
}
