/** ACPI tables as one block of bytes whose pointers are still relative, to be put anywhere by us or by a BIOS. */

/** A field of `size` bytes that holds an offset in the block, and becomes an address. */
export interface TablePointer {
  readonly offset: number
  readonly size: 4 | 8
}

/** A table whose bytes must add up to zero, by its byte 9. */
export interface TableRange {
  readonly start: number
  readonly length: number
}

export const CHECKSUM_OFFSET = 9
/** FACS wants 64; all get it. */
const ALIGN = 64

export class TableBlock {
  readonly pointers: TablePointer[] = []
  readonly summed: TableRange[] = []
  #bytes = new Uint8Array(0)

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Appends a table; `pointers` are the places in it that hold offsets in the block. Returns its offset. */
  add(table: Uint8Array, pointers: readonly TablePointer[] = [], isSummed = true): number {
    const start = Math.ceil(this.#bytes.length / ALIGN) * ALIGN
    const grown = new Uint8Array(start + table.length)
    grown.set(this.#bytes)
    grown.set(table, start)
    this.#bytes = grown
    for (const { offset, size } of pointers) this.pointers.push({ offset: start + offset, size })
    if (isSummed) this.summed.push({ start, length: table.length })
    return start
  }

  /** The bytes as they must be at `base`: addresses and checksums are right. */
  relocate(base: number): Uint8Array {
    const bytes = this.#bytes.slice()
    const view = new DataView(bytes.buffer)
    for (const { offset } of this.pointers) view.setUint32(offset, view.getUint32(offset, true) + base, true)
    for (const { start, length } of this.summed) {
      const table = bytes.subarray(start, start + length)
      table[CHECKSUM_OFFSET] = 0
      table[CHECKSUM_OFFSET] = checksum(table)
    }
    return bytes
  }
}

/** What makes the sum of all bytes zero. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff
}
