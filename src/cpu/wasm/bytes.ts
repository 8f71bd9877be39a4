/** A growing byte buffer with the variable-length integers of WebAssembly (core specification 5.2). */
export class Bytes {
  #data: Uint8Array = new Uint8Array(256)
  length = 0

  #reserve(count: number): void {
    if (this.length + count <= this.#data.length) return
    const grown = new Uint8Array(Math.max(this.#data.length * 2, this.length + count))
    grown.set(this.#data.subarray(0, this.length))
    this.#data = grown
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#data[this.length++] = value
  }

  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length)
    this.#data.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Unsigned LEB128; `value` < 2^32. */
  u32(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.u8(rest)
  }

  /** Signed LEB128 of 32 bits. */
  s32(value: number): void {
    let rest = value | 0
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    this.u8(rest & 0x7f)
  }

  /** Signed LEB128 of 64 bits. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value)
    while (rest < -64n || rest > 63n) {
      this.u8(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.u8(Number(rest & 0x7fn))
  }

  /** A name: its length in bytes, then UTF-8. */
  name(text: string): void {
    const encoded = new TextEncoder().encode(text)
    this.u32(encoded.length)
    this.append(encoded)
  }

  /** The bytes of `inner`, after their count. */
  sized(inner: Bytes): void {
    this.u32(inner.length)
    this.append(inner.view())
  }

  /** What has been written; valid until the next write. */
  view(): Uint8Array {
    return this.#data.subarray(0, this.length)
  }

  copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view())
  }
}

/** Unsigned LEB128 as an array, for immediates kept beside an opcode. */
export function leb(value: number): number[] {
  if (value >= 0 && value < 0x80) return [value]
  const bytes = new Bytes()
  bytes.u32(value)
  return [...bytes.view()]
}
