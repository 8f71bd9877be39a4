/** Bytes that grow. Little-endian. */
export class CodeBuffer {
  #bytes = new Uint8Array(4096)
  /** Bytes written so far. */
  length = 0

  /** Makes room for `count` more bytes, so that `u8` need not check. */
  reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  u8(value: number): void {
    this.#bytes[this.length++] = value
  }

  /** The low `size` bytes of an integer, any sign. */
  integer(value: number | bigint, size: number): void {
    if (typeof value === 'bigint') {
      const wide = BigInt.asUintN(64, value)
      for (let i = 0; i < size; i++) this.u8(Number((wide >> BigInt(8 * i)) & 0xffn))
      return
    }
    if (size > 4) {
      this.integer(value | 0, 4)
      this.integer(Math.floor(value / 0x100000000), size - 4)
      return
    }
    for (let i = 0; i < size; i++) this.u8(value >> (8 * i))
  }

  append(bytes: ArrayLike<number>): void {
    this.reserve(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Overwrites `size` bytes at `offset`. */
  patch(offset: number, value: number, size: number): void {
    for (let i = 0; i < size; i++) this.#bytes[offset + i] = value >> (8 * i)
  }

  /** A copy of what has been written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }
}
