/** Protocol buffers' wire format: what a message of Perfetto's consists of. protobuf.dev, Encoding. */

const WIRE_VARINT = 0
const WIRE_FIXED64 = 1
const WIRE_BYTES = 2

/** One message; fields are written in the order of the calls. */
export class Message {
  #bytes = new Uint8Array(64)
  #length = 0

  /** An unsigned integer below 2^53, or an enumeration's number. */
  varint(field: number, value: number): this {
    this.#key(field, WIRE_VARINT)
    this.#raw(value)
    return this
  }

  fixed64(field: number, value: number): this {
    this.#key(field, WIRE_FIXED64)
    this.#room(8)
    const view = new DataView(this.#bytes.buffer)
    view.setBigUint64(this.#length, BigInt(value), true)
    this.#length += 8
    return this
  }

  text(field: number, value: string): this {
    return this.#block(field, new TextEncoder().encode(value))
  }

  message(field: number, value: Message): this {
    return this.#block(field, value.finish())
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #block(field: number, bytes: Uint8Array): this {
    this.#key(field, WIRE_BYTES)
    this.#raw(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  #key(field: number, wire: number): void {
    this.#raw(field * 8 + wire)
  }

  /** Seven bits a byte, the lowest first. */
  #raw(value: number): void {
    this.#room(10)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + bytes))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
