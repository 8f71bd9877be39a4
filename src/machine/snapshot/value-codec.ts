/**
 * Plain data ↔ bytes: what `structuredClone` copies, as far as devices use it. A tag byte, then the value; lengths are u32, all little-endian.
 * Equal values give equal bytes, so that they can be hashed.
 */
import { SnapshotError } from './snapshot-error.ts'

const NULL = 0
const FALSE = 1
const TRUE = 2
const NUMBER = 3
const BIGINT = 4
const STRING = 5
const ARRAY = 6
const OBJECT = 7
/** Typed arrays: this plus their index below. */
const TYPED = 16
const TYPED_ARRAYS = [Uint8Array, Uint16Array, Uint32Array, Int32Array] as const
/** Deeper data is not ours. */
const MAX_DEPTH = 64

export function encodeValue(value: unknown): Uint8Array {
  const writer = new Writer()
  write(writer, value, 0)
  return writer.finish()
}

/** Throws a SnapshotError when the bytes are not what `encodeValue` made. */
export function decodeValue(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = read(reader, 0)
  if (!reader.isAtEnd) throw malformed()
  return value
}

function write(out: Writer, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError('state that contains itself')
  if (value === null || value === undefined) return out.u8(NULL)
  if (typeof value === 'boolean') return out.u8(value ? TRUE : FALSE)
  if (typeof value === 'number') {
    out.u8(NUMBER)
    return out.f64(value)
  }
  if (typeof value === 'bigint' || typeof value === 'string') {
    out.u8(typeof value === 'bigint' ? BIGINT : STRING)
    return out.bytes(new TextEncoder().encode(String(value)))
  }
  if (Array.isArray(value)) {
    out.u8(ARRAY)
    out.u32(value.length)
    for (const item of value) write(out, item, depth + 1)
    return
  }
  if (ArrayBuffer.isView(value)) return writeTyped(out, value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  out.u8(OBJECT)
  out.u32(entries.length)
  for (const [name, item] of entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    out.bytes(new TextEncoder().encode(name))
    write(out, item, depth + 1)
  }
}

function writeTyped(out: Writer, value: ArrayBufferView): void {
  // Node's Buffer is a Uint8Array.
  const index = TYPED_ARRAYS.findIndex((constructor) => value instanceof constructor)
  if (index < 0) throw new TypeError(`state with a ${value.constructor.name}`)
  out.u8(TYPED + index)
  out.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
}

function read(from: Reader, depth: number): unknown {
  if (depth > MAX_DEPTH) throw malformed()
  const tag = from.u8()
  switch (tag) {
    case NULL:
      return null
    case FALSE:
    case TRUE:
      return tag === TRUE
    case NUMBER:
      return from.f64()
    case BIGINT:
      return readBigint(from.text())
    case STRING:
      return from.text()
    case ARRAY:
      return Array.from({ length: from.count() }, () => read(from, depth + 1))
    case OBJECT:
      return Object.fromEntries(
        Array.from({ length: from.count() }, () => [from.text(), read(from, depth + 1)]),
      )
    default: {
      const constructor = TYPED_ARRAYS[tag - TYPED]
      if (constructor === undefined) throw malformed()
      const bytes = from.take(from.u32()).slice()
      if (bytes.length % constructor.BYTES_PER_ELEMENT !== 0) throw malformed()
      return new constructor(bytes.buffer)
    }
  }
}

function readBigint(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw malformed()
  return BigInt(text)
}

function malformed(): SnapshotError {
  return new SnapshotError('the snapshot is damaged')
}

class Writer {
  #bytes = new Uint8Array(4096)
  #length = 0

  u8(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  u32(value: number): void {
    const at = this.#grow(4)
    new DataView(this.#bytes.buffer).setUint32(at, value, true)
  }

  f64(value: number): void {
    const at = this.#grow(8)
    new DataView(this.#bytes.buffer).setFloat64(at, value, true)
  }

  /** With their length before them. */
  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length)
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return at
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw malformed()
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  u8(): number {
    return this.take(1)[0]!
  }

  u32(): number {
    this.take(4)
    return this.#view.getUint32(this.#at - 4, true)
  }

  f64(): number {
    this.take(8)
    return this.#view.getFloat64(this.#at - 8, true)
  }

  /** A number of items, each of which takes at least a byte. */
  count(): number {
    const count = this.u32()
    if (count > this.#bytes.length - this.#at) throw malformed()
    return count
  }

  text(): string {
    return new TextDecoder().decode(this.take(this.u32()))
  }
}
