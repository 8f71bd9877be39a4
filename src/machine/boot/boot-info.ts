import type { GuestMemory } from '../../devices/guest-memory.ts'
import { BOOT_INFO_BASE, BOOT_INFO_END } from '../memory-map.ts'
import { ImageError } from './image-error.ts'

/** Hands out the memory below 1 MiB that the boot information is written to. */
export class BootInfoWriter {
  readonly #memory: GuestMemory
  #next = BOOT_INFO_BASE

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  /** Room for a structure, zeroed, aligned to `align` bytes, a power of two. */
  allocate(bytes: number, align: number = 16): { gpa: number; view: DataView } {
    const gpa = (this.#next + align - 1) & -align
    this.#next = gpa + bytes
    if (this.#next > BOOT_INFO_END)
      throw new ImageError(
        'the command line and the list of modules are too long: together they may take about 30 KiB',
      )
    const target = this.#memory.writable(gpa, bytes)
    target.fill(0)
    return { gpa, view: new DataView(target.buffer, target.byteOffset, bytes) }
  }

  /** A string with a zero at its end; where it is. */
  string(text: string): number {
    const bytes = new TextEncoder().encode(text)
    const { gpa, view } = this.allocate(bytes.length + 1)
    bytes.forEach((byte, i) => view.setUint8(i, byte))
    return gpa
  }
}

export function setU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true)
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
}
