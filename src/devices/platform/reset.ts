/** The ways in which a PC's software pulls the reset line. */
import type { PortDevice, Stateful } from '../device.ts'
import type { A20Gate } from './a20-gate.ts'

const RST_CPU = 0x04
const FAST_A20 = 0x02
const FAST_RESET = 0x01

/** Reset Control Register, port 0xcf9: RST_CPU going from 0 to 1 resets. */
export class ResetControl implements PortDevice, Stateful<number> {
  readonly widest = 1
  #value = 0
  readonly #onReset: () => void

  constructor(onReset: () => void) {
    this.#onReset = onReset
  }

  read(): number {
    return this.#value
  }

  write(_offset: number, _size: number, value: number): void {
    const rises = value & ~this.#value & RST_CPU
    this.#value = value & 0x0e
    if (rises) this.#onReset()
  }

  reset(): void {
    this.#value = 0
  }

  save(): number {
    return this.#value
  }

  load(state: number): void {
    this.#value = state
  }
}

/** System Control Port A, 0x92: gate A20, and a reset that is quicker than the keyboard controller's. */
export class SystemControlPort implements PortDevice, Stateful<number> {
  readonly widest = 1
  /** All bits but that of the gate. */
  #value = 0
  readonly #a20: A20Gate
  readonly #onReset: () => void

  constructor(a20: A20Gate, onReset: () => void) {
    this.#a20 = a20
    this.#onReset = onReset
  }

  read(): number {
    return this.#value | (this.#a20.isOpen ? FAST_A20 : 0)
  }

  write(_offset: number, _size: number, value: number): void {
    const rises = value & ~this.#value & FAST_RESET
    this.#value = value & ~FAST_A20
    this.#a20.set((value & FAST_A20) !== 0)
    if (rises) this.#onReset()
  }

  reset(): void {
    this.#value = 0
  }

  save(): number {
    return this.#value
  }

  load(state: number): void {
    this.#value = state
  }
}
