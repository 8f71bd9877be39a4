/** Where code may lie: in RAM, in a ROM, or in what answers for a device. */
import * as L from '../layout.ts'
import type { MemoryMap } from '../memory-map.ts'

const PAGE = 4096

/** Bytes outside RAM that never change: firmware in its flash. */
export interface Rom {
  readonly gpa: number
  readonly bytes: Uint8Array
}

export class CodeMemory {
  readonly #map: MemoryMap
  readonly #bytes: Uint8Array
  readonly #roms: Rom[] = []

  constructor(memory: ArrayBuffer, map: MemoryMap) {
    this.#map = map
    this.#bytes = new Uint8Array(memory)
  }

  /** Whole pages. */
  addRom(gpa: number, bytes: Uint8Array): void {
    if (gpa % PAGE !== 0 || bytes.length % PAGE !== 0) throw new RangeError('a ROM is made of whole pages')
    this.#roms.push({ gpa, bytes })
  }

  isRam(gpa: number): boolean {
    if (gpa >= this.#map.ramSize) return false
    return (this.#bytes[this.#map.pageFlags + Math.floor(gpa / PAGE)]! & L.PAGE_DEVICE) === 0
  }

  romAt(gpa: number): Rom | undefined {
    return this.#roms.find((rom) => gpa >= rom.gpa && gpa < rom.gpa + rom.bytes.length)
  }
}
