/** Fields of 9P messages: little-endian numbers, and strings with their length before them. */
import { FileError } from './file-tree.ts'

/** Reads a request. A request that ends too soon is a FileError. */
export class MessageReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = at
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true)
  }

  /** A position in a file. */
  offset(): number {
    const offset = this.u64()
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileError('EINVAL')
    return Number(offset)
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.u16()))
  }

  /** In place. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) throw new FileError('EPROTO')
    this.#at += count
    return at
  }
}

/** Builds an answer within a fixed buffer. One that finds no room is a FileError. */
export class MessageWriter {
  readonly buffer: Uint8Array
  readonly #view: DataView
  #at: number

  constructor(buffer: Uint8Array, at: number) {
    this.buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    this.#at = at
  }

  get length(): number {
    return this.#at
  }

  /** Bytes that there is still room for. */
  get room(): number {
    return this.buffer.length - this.#at
  }

  u8(value: number): void {
    this.#view.setUint8(this.skip(1), value)
  }

  u16(value: number): void {
    this.#view.setUint16(this.skip(2), value, true)
  }

  u32(value: number): void {
    this.#view.setUint32(this.skip(4), value, true)
  }

  u64(value: bigint): void {
    this.#view.setBigUint64(this.skip(8), value, true)
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    if (bytes.length > 0xffff) throw new FileError('ENAMETOOLONG')
    this.u16(bytes.length)
    this.buffer.set(bytes, this.skip(bytes.length))
  }

  /** Leaves room for `count` bytes; returns where. */
  skip(count: number): number {
    const at = this.#at
    if (count > this.room) throw new FileError('EPROTO')
    this.#at += count
    return at
  }
}
