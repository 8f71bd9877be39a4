import type { AccessSize, PortDevice } from '../device.ts'

/**
 * QEMU's `isa-debug-exit`: a write of `value` ends the machine with exit status `(value << 1) | 1`. Four ports wide; reads
 * as zero, as QEMU's does.
 */
export class DebugExit implements PortDevice {
  readonly #onExit: (status: number) => void

  /** `onExit` gets the status as a process reports it: eight bits. */
  constructor(onExit: (status: number) => void) {
    this.#onExit = onExit
  }

  read(_offset: number, _size: AccessSize): number {
    return 0
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    this.#onExit(((value << 1) | 1) & 0xff)
  }
}
