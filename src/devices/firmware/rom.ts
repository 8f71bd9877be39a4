import { allOnes } from '../bus.ts'
import type { AccessSize, MmioDevice } from '../device.ts'

/** Bytes that can only be read. */
export class Rom implements MmioDevice {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(offset: number, size: AccessSize): number {
    if (offset + size > this.#bytes.length) return allOnes(size)
    let value = 0
    for (let i = 0; i < size; i++) value += this.#bytes[offset + i]! * 2 ** (8 * i)
    return value
  }

  write(): void {}
}
