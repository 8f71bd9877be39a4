/**
 * QEMU's `pc-testdev` (hw/misc/pc-testdev.c), by which kvm-unit-tests try accesses and interrupt lines: a latch in the port space, one that
 * takes only bytes, a port that invalidates a page behind the guest's back, interrupt lines by port, and a page-sized buffer in memory space.
 */
import type { AccessSize, MmioDevice, PortDevice, Stateful } from '../device.ts'

export const TEST_LATCH_PORT = 0xe0
export const TEST_FLUSH_PORT = 0xe4
export const TEST_BYTE_PORT = 0xe8
export const TEST_IRQ_PORT = 0x2000
export const TEST_IRQ_LINES = 24
export const TEST_MMIO_BASE = 0xff00_0000
export const TEST_MMIO_BYTES = 0x1_0000

export interface TestDeviceState {
  latch: Uint8Array
  bytes: Uint8Array
  buffer: Uint8Array
}

export class TestDevice implements Stateful<TestDeviceState> {
  readonly latch: PortDevice
  readonly byteLatch: PortDevice
  /** A write asks the host to drop what it knows of a page. There is nothing to drop here: the guest cannot tell. */
  readonly flush: PortDevice = { read: () => 0, write: () => {} }
  readonly lines: PortDevice
  readonly buffer: MmioDevice
  readonly #latch = new Uint8Array(4)
  readonly #bytes = new Uint8Array(4)
  readonly #buffer = new Uint8Array(TEST_MMIO_BYTES)

  /** `setLine` drives ISA interrupt 0 … 15, or IOAPIC pin 16 … 23. */
  constructor(setLine: (line: number, asserted: boolean) => void) {
    this.latch = registers(this.#latch)
    this.byteLatch = { ...registers(this.#bytes), widest: 1 }
    this.lines = { widest: 1, read: () => 0, write: (line, _size, value) => setLine(line, value !== 0) }
    this.buffer = registers(this.#buffer)
  }

  save(): TestDeviceState {
    return { latch: this.#latch.slice(), bytes: this.#bytes.slice(), buffer: this.#buffer.slice() }
  }

  load(state: TestDeviceState): void {
    this.#latch.set(state.latch)
    this.#bytes.set(state.bytes)
    this.#buffer.set(state.buffer)
  }
}

/** Registers that hold what was written, in accesses of any width. */
function registers(bytes: Uint8Array): MmioDevice {
  return {
    read(offset: number, size: AccessSize): number {
      let value = 0
      for (let i = 0; i < size; i++) value += bytes[offset + i]! * 2 ** (8 * i)
      return value
    },
    write(offset: number, size: AccessSize, value: number): void {
      for (let i = 0; i < size; i++) bytes[offset + i] = value >>> (8 * i)
    },
  }
}
