/** Bytes that grow, little-endian. */
export class ByteWriter {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  #reserve(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return at
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  u64(value: number): this {
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, BigInt(value), true)
    return this
  }

  uleb(value: number): this {
    do {
      const rest = Math.floor(value / 128)
      this.u8((value % 128) | (rest > 0 ? 0x80 : 0))
      value = rest
    } while (value > 0)
    return this
  }

  sleb(value: number): this {
    for (;;) {
      const low = value & 0x7f
      value >>= 7
      const done = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)
      this.u8(done ? low : low | 0x80)
      if (done) return this
    }
  }

  bytes(values: Uint8Array): this {
    const at = this.#reserve(values.length)
    this.#bytes.set(values, at)
    return this
  }

  /** UTF-8 with a zero byte behind it. */
  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value)).u8(0)
  }

  align(to: number): this {
    while (this.#length % to !== 0) this.u8(0)
    return this
  }

  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Strings one after another, each once, as ELF string tables hold them. */
export class StringTable {
  readonly #writer = new ByteWriter().u8(0)
  readonly #offsets = new Map<string, number>([['', 0]])

  add(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    const offset = this.#writer.length
    this.#writer.text(text)
    this.#offsets.set(text, offset)
    return offset
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}
