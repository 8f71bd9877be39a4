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
    const count = bytes.length
    this.#reserve(count)
    // `set` costs more than a few bytes are worth.
    if (count > 16) this.#data.set(bytes, this.length)
    else for (let i = 0; i < count; i++) this.#data[this.length + i] = bytes[i]!
    this.length += count
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
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}

/** Signed LEB128 as an array, of an integer that a double holds exactly or of a bigint of 64 bits. */
export function signedLeb(value: number | bigint): number[] {
  const bytes: number[] = []
  let rest = Number(value)
  if (!Number.isSafeInteger(rest)) {
    let wide = BigInt(value)
    for (; wide < -64n || wide > 63n; wide >>= 7n) bytes.push(Number(wide & 0x7fn) | 0x80)
    rest = Number(wide)
  }
  for (; rest < -64 || rest > 63; rest = Math.floor(rest / 128))
    bytes.push((rest - Math.floor(rest / 128) * 128) | 0x80)
  bytes.push(rest & 0x7f)
  return bytes
}
