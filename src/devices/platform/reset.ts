/** The ways in which a PC's software pulls the reset line. */
import type { PortDevice } from '../device.ts'

const RST_CPU = 0x04
const PULSE_RESET = 0xfe
const FAST_A20 = 0x02
const FAST_RESET = 0x01

/** Reset Control Register, port 0xcf9: RST_CPU going from 0 to 1 resets. */
export class ResetControl implements PortDevice {
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
}

/** Ports 0x60 and 0x64 of a keyboard controller without a keyboard: ready, empty, and able to pulse the reset line. */
export class KeyboardController implements PortDevice {
  readonly widest = 1
  readonly #onReset: () => void

  constructor(onReset: () => void) {
    this.#onReset = onReset
  }

  read(): number {
    return 0
  }

  write(offset: number, _size: number, value: number): void {
    if (offset === 4 && value === PULSE_RESET) this.#onReset()
  }
}

/** System Control Port A, 0x92. The A20 gate is always open. */
export class SystemControlPort implements PortDevice {
  readonly widest = 1
  #value = FAST_A20
  readonly #onReset: () => void

  constructor(onReset: () => void) {
    this.#onReset = onReset
  }

  read(): number {
    return this.#value
  }

  write(_offset: number, _size: number, value: number): void {
    const rises = value & ~this.#value & FAST_RESET
    this.#value = value | FAST_A20
    if (rises) this.#onReset()
  }

  reset(): void {
    this.#value = FAST_A20
  }
}
