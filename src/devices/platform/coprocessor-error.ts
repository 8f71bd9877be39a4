/**
 * The PC's old way to tell of floating-point exceptions, used while CR0.NE is clear: the processor drives FERR#, which the chipset latches as IRQ 13. A write of
 * anything to port 0xf0 clears the latch and asserts IGNNE#, with which the processor goes on, until it releases FERR#. SDM Vol. 1, appendix D.2.
 */
import type { InterruptLine, PortDevice, Stateful } from '../device.ts'

interface State {
  ferr: boolean
  ignne: boolean
}

export class CoprocessorError implements PortDevice, Stateful<State> {
  readonly widest = 1
  #ferr = false
  #ignne = false
  readonly #interrupt: InterruptLine

  constructor(interrupt: InterruptLine) {
    this.#interrupt = interrupt
  }

  /** The processor drives FERR#. Answers whether IGNNE# is asserted. */
  drive(asserted: boolean): boolean {
    this.#ferr = asserted
    if (!asserted) this.#ignne = false
    else if (!this.#ignne) this.#interrupt(true)
    return this.#ignne
  }

  read(): number {
    return 0
  }

  write(offset: number): void {
    if (offset !== 0) return
    this.#interrupt(false)
    this.#ignne = this.#ferr
  }

  save(): State {
    return { ferr: this.#ferr, ignne: this.#ignne }
  }

  load({ ferr, ignne }: State): void {
    this.#ferr = ferr
    this.#ignne = ignne
  }
}
