/** Reads the primitive values of the wasm binary format (WebAssembly core specification, §5.2). */
export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, position = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get done(): boolean {
    return this.position >= this.end
  }

  u8(): number {
    if (this.position >= this.end) throw new RangeError('unexpected end of the module')
    return this.bytes[this.position++]!
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let result = 0
    let shift = 0
    for (;;) {
      const byte = this.u8()
      result |= (byte & 0x7f) << shift
      if (byte < 0x80) return result >>> 0
      shift += 7
    }
  }

  /** Signed LEB128 of at most 32 bits. */
  s32(): number {
    let result = 0
    let shift = 0
    for (;;) {
      const byte = this.u8()
      result |= (byte & 0x7f) << shift
      shift += 7
      if (byte < 0x80) return shift < 32 && byte & 0x40 ? result | (-1 << shift) : result
    }
  }

  /** Signed LEB128 of at most 64 bits. */
  s64(): bigint {
    let result = 0n
    let shift = 0n
    for (;;) {
      const byte = this.u8()
      result |= BigInt(byte & 0x7f) << shift
      shift += 7n
      if (byte < 0x80) return BigInt.asIntN(64, byte & 0x40 ? result | (-1n << shift) : result)
    }
  }

  /** The bits of a little-endian IEEE 754 single, as a signed 32-bit number. */
  f32Bits(): number {
    return this.u8() | (this.u8() << 8) | (this.u8() << 16) | (this.u8() << 24)
  }

  /** The bits of a little-endian IEEE 754 double, as a signed 64-bit bigint. */
  f64Bits(): bigint {
    const low = this.f32Bits() >>> 0
    return (BigInt(this.f32Bits()) << 32n) | BigInt(low)
  }

  take(length: number): Uint8Array {
    if (this.position + length > this.end) throw new RangeError('unexpected end of the module')
    const bytes = this.bytes.subarray(this.position, this.position + length)
    this.position += length
    return bytes
  }

  name(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.take(this.u32()))
  }
}
