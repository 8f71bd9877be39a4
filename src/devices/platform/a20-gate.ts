/**
 * Gate A20 (IBM PC/AT Technical Reference, System Board): while it is closed, bit 20 of every address that the processor puts out is zero, as on an 8086, whose addresses wrapped at
 * 1 MiB. Keyboard controller and port 0x92 both work it; the last one to do so decides.
 */
import type { Stateful } from '../device.ts'

export class A20Gate implements Stateful<boolean> {
  #isOpen = true
  readonly #onChange: (isOpen: boolean) => void

  constructor(onChange: (isOpen: boolean) => void) {
    this.#onChange = onChange
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  set(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return
    this.#isOpen = isOpen
    this.#onChange(isOpen)
  }

  reset(): void {
    this.set(true)
  }

  save(): boolean {
    return this.#isOpen
  }

  /** The processor's own state holds what it masks. */
  load(state: boolean): void {
    this.#isOpen = state
  }
}
