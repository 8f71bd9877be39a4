/** A port of 32 bits that a guest writes to where a measurement begins or ends: the machine notes its counters. Reads give 0. */
import type { AccessSize, PortDevice } from '../device.ts'

export const MEASURE_PORT = 0x4f0
export const MEASURE_BYTES = 4

export class MeasurePort implements PortDevice {
  readonly #onMark: (id: number) => void

  constructor(onMark: (id: number) => void) {
    this.#onMark = onMark
  }

  read(): number {
    return 0
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset === 0 && size === 4) this.#onMark(value >>> 0)
  }
}
