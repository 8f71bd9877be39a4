/** Reads little-endian fields one behind the other. Reading beyond the end throws a RangeError, which the callers turn into "no symbols". */
export class ByteReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  get atEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  u8(): number {
    return this.#view.getUint8(this.at++)
  }

  i8(): number {
    return this.#view.getInt8(this.at++)
  }

  u16(): number {
    this.at += 2
    return this.#view.getUint16(this.at - 2, true)
  }

  u32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4, true)
  }

  u64(): bigint {
    this.at += 8
    return this.#view.getBigUint64(this.at - 8, true)
  }

  /** A word of an ELF file's or DWARF unit's class. */
  word(is64: boolean): bigint {
    return is64 ? this.u64() : BigInt(this.u32())
  }

  /** Unsigned LEB128, as a number: what is beyond 2^53 loses its low bits. */
  uleb(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }

  sleb(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value
    }
  }

  /** Up to the next NUL. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.at)
    if (end < 0) throw new RangeError('a text without an end')
    const text = new TextDecoder().decode(this.#bytes.subarray(this.at, end))
    this.at = end + 1
    return text
  }
}
