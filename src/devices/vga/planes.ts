/**
 * The memory of a VGA: four planes of 64 KiB, which the processor reaches through the graphics controller, one byte at a time. The four
 * bytes at an address of the planes lie side by side: index = 4 × address + plane.
 */
import * as reg from './registers.ts'

export const PLANES_BYTES = 0x4_0000
/** Where the planes appear, by bits 3:2 of the miscellaneous graphics register: offset from 0xa0000 and size. */
const WINDOWS: readonly (readonly [offset: number, bytes: number])[] = [
  [0, 0x2_0000],
  [0, 0x1_0000],
  [0x1_0000, 0x8000],
  [0x1_8000, 0x8000],
]

export interface ControllerRegisters {
  readonly sequencer: Uint8Array
  readonly graphics: Uint8Array
}

export class Planes {
  readonly bytes: Uint8Array = new Uint8Array(PLANES_BYTES)
  readonly #registers: () => ControllerRegisters
  /** What the last read left in the four latches. */
  latches = new Uint8Array(4)

  constructor(registers: () => ControllerRegisters) {
    this.#registers = registers
  }

  /** A byte at an offset from 0xa0000; what lies outside the window answers with ones. */
  read(offset: number): number {
    const { sequencer, graphics } = this.#registers()
    const address = this.#address(offset, graphics)
    if (address < 0) return 0xff
    if (sequencer[reg.SEQ_MEMORY_MODE]! & reg.MEMORY_CHAIN4) return this.bytes[address]!
    const mode = graphics[reg.GFX_MODE]!
    if (mode & reg.MODE_ODD_EVEN) {
      const plane = (graphics[reg.GFX_READ_MAP]! & 2) | (address & 1)
      return this.bytes[(((address & ~1) << 1) | plane) % PLANES_BYTES]!
    }
    const at = (address * 4) % PLANES_BYTES
    for (let plane = 0; plane < 4; plane++) this.latches[plane] = this.bytes[at + plane]!
    if (!(mode & reg.MODE_READ_COMPARE)) return this.latches[graphics[reg.GFX_READ_MAP]! & 3]!
    let differs = 0
    for (let plane = 0; plane < 4; plane++) {
      if (!((graphics[reg.GFX_COLOR_DONT_CARE]! >> plane) & 1)) continue
      differs |= this.latches[plane]! ^ spread(graphics[reg.GFX_COLOR_COMPARE]!, plane)
    }
    return ~differs & 0xff
  }

  write(offset: number, value: number): void {
    const { sequencer, graphics } = this.#registers()
    const address = this.#address(offset, graphics)
    if (address < 0) return
    const mask = sequencer[reg.SEQ_MAP_MASK]!
    if (sequencer[reg.SEQ_MEMORY_MODE]! & reg.MEMORY_CHAIN4) {
      if ((mask >> (address & 3)) & 1) this.bytes[address] = value
      return
    }
    if (graphics[reg.GFX_MODE]! & reg.MODE_ODD_EVEN) {
      const plane = (graphics[reg.GFX_READ_MAP]! & 2) | (address & 1)
      if ((mask >> plane) & 1) this.bytes[(((address & ~1) << 1) | plane) % PLANES_BYTES] = value
      return
    }
    const at = (address * 4) % PLANES_BYTES
    for (let plane = 0; plane < 4; plane++)
      if ((mask >> plane) & 1) this.bytes[at + plane] = this.#combine(plane, value, graphics)
  }

  #address(offset: number, graphics: Uint8Array): number {
    const [start, bytes] = WINDOWS[(graphics[reg.GFX_MISC]! >> 2) & 3]!
    const address = offset - start
    return address >= 0 && address < bytes ? address : -1
  }

  /** Write modes 0 to 3: what a plane gets. */
  #combine(plane: number, value: number, graphics: Uint8Array): number {
    const mode = graphics[reg.GFX_MODE]! & 3
    const latch = this.latches[plane]!
    if (mode === 1) return latch
    const rotated = rotate(value, graphics[reg.GFX_ROTATE]! & 7)
    let bitMask = graphics[reg.GFX_BIT_MASK]!
    let input = rotated
    if (mode === 0 && (graphics[reg.GFX_ENABLE_SET_RESET]! >> plane) & 1)
      input = spread(graphics[reg.GFX_SET_RESET]!, plane)
    if (mode === 2) input = spread(value, plane)
    if (mode === 3) {
      bitMask &= rotated
      input = spread(graphics[reg.GFX_SET_RESET]!, plane)
    }
    const result = [input, input & latch, input | latch, input ^ latch][(graphics[reg.GFX_ROTATE]! >> 3) & 3]!
    return (result & bitMask) | (latch & ~bitMask & 0xff)
  }
}

function rotate(value: number, by: number): number {
  return ((value >> by) | (value << (8 - by))) & 0xff
}

/** All ones when the bit of this plane is set. */
function spread(bits: number, plane: number): number {
  return (bits >> plane) & 1 ? 0xff : 0
}
