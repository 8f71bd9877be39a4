/** Where a byte of the wasm module comes from. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: number
  readonly line: number
  readonly column: number
}

/** A source map of a wasm module: its "generated column" is the byte offset in the module. */
export class SourceMap {
  readonly files: readonly string[]
  readonly #offsets: number[] = []
  readonly #positions: SourcePosition[] = []

  /** @param json a source map, revision 3, as asc writes it. */
  constructor(json: string) {
    const map = JSON.parse(json) as { sources: string[]; sourceRoot?: string; mappings: string }
    this.files = map.sources
    let [offset, file, line, column] = [0, 0, 0, 0]
    for (const segment of (map.mappings.split(';')[0] ?? '').split(',')) {
      const fields = decodeVlq(segment)
      if (fields.length === 0) continue
      offset += fields[0]!
      if (fields.length < 4) continue
      file += fields[1]!
      line += fields[2]!
      column += fields[3]!
      this.#offsets.push(offset)
      this.#positions.push({ file, line: line + 1, column: column + 1 })
    }
  }

  /** The position of the last segment at or before `offset`, if any. */
  find(offset: number): SourcePosition | undefined {
    let low = 0
    let high = this.#offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#offsets[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return this.#positions[low - 1]
  }
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base-64 VLQ: groups of 5 bits, lowest first, bit 5 continues, bit 0 of the value is the sign. */
function decodeVlq(text: string): number[] {
  const values: number[] = []
  let value = 0
  let shift = 0
  for (const char of text) {
    const digit = digits.indexOf(char)
    value += (digit & 31) * 2 ** shift
    shift += 5
    if (digit & 32) continue
    const magnitude = Math.floor(value / 2)
    values.push(value % 2 ? -magnitude : magnitude)
    value = 0
    shift = 0
  }
  return values
}
