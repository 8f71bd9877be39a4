import type { PortDevice } from '../device.ts'

/**
 * A port that firmware writes its log to, byte by byte: 0xe9 of Bochs, 0x402 of QEMU. Both read as 0xe9, by which
 * firmware knows that somebody listens.
 */
export class DebugPort implements PortDevice {
  readonly widest = 1
  readonly #transmit: (byte: number) => void

  constructor(transmit: (byte: number) => void) {
    this.#transmit = transmit
  }

  read(): number {
    return 0xe9
  }

  write(_offset: number, _size: number, value: number): void {
    this.#transmit(value)
  }
}
