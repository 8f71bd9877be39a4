/**
 * A queue of records between two threads: one writer, one reader, a SharedArrayBuffer. Positions count bytes modulo 2^32; the
 * writer owns TAIL, the reader HEAD. A record is its length and its bytes, padded to four; it never wraps: the rest of the
 * buffer is skipped instead.
 */
const HEAD = 0
const TAIL = 1
const HEADER_BYTES = 64
const LENGTH_BYTES = 4
/** In place of a length: the next record is at the start of the buffer. */
const SKIP = -1

/** Memory for a ring of `capacity` bytes, a power of two. The largest record is a quarter of it. */
export function createRing(capacity: number): SharedArrayBuffer {
  if (capacity < 64 || (capacity & (capacity - 1)) !== 0) throw new RangeError(`ring of ${capacity} bytes`)
  return new SharedArrayBuffer(HEADER_BYTES + capacity)
}

/** Where records come out. */
export interface RecordSource {
  readonly isEmpty: boolean
  /** The oldest record, in place: valid until `next`. Null when there is none. */
  peek(): Uint8Array | null
  /** Frees the record that `peek` showed. */
  next(): void
}

/** Where records go in. */
export interface RecordSink {
  /** The longest record that is taken. */
  readonly maxRecordBytes: number
  /** Copies a record in. False when there is no room now. */
  write(record: Uint8Array): boolean
}

abstract class Ring {
  protected readonly positions: Int32Array
  protected readonly words: Int32Array
  protected readonly bytes: Uint8Array
  protected readonly capacity: number

  constructor(buffer: SharedArrayBuffer) {
    this.capacity = buffer.byteLength - HEADER_BYTES
    this.positions = new Int32Array(buffer, 0, 2)
    this.words = new Int32Array(buffer, HEADER_BYTES)
    this.bytes = new Uint8Array(buffer, HEADER_BYTES)
  }

  get isEmpty(): boolean {
    return Atomics.load(this.positions, HEAD) === Atomics.load(this.positions, TAIL)
  }

  protected at(position: number): number {
    return position & (this.capacity - 1)
  }
}

export class RingWriter extends Ring implements RecordSink {
  /** The longest record this ring takes. */
  get maxRecordBytes(): number {
    return this.capacity / 4
  }

  /** Copies a record in. False when there is no room now. */
  write(record: Uint8Array): boolean {
    if (record.length > this.maxRecordBytes) throw new RangeError(`record of ${record.length} bytes`)
    const needed = LENGTH_BYTES + ((record.length + 3) & ~3)
    let tail = Atomics.load(this.positions, TAIL)
    const used = (tail - Atomics.load(this.positions, HEAD)) >>> 0
    const toEnd = this.capacity - this.at(tail)
    const skipped = needed > toEnd ? toEnd : 0
    if (used + skipped + needed > this.capacity) return false
    if (skipped > 0) {
      this.words[this.at(tail) >> 2] = SKIP
      tail = (tail + skipped) | 0
    }
    const start = this.at(tail)
    this.words[start >> 2] = record.length
    this.bytes.set(record, start + LENGTH_BYTES)
    Atomics.store(this.positions, TAIL, (tail + needed) | 0)
    return true
  }
}

export class RingReader extends Ring implements RecordSource {
  /** The oldest record, in place: valid until `next`. Null when there is none. */
  peek(): Uint8Array | null {
    const tail = Atomics.load(this.positions, TAIL)
    let head = Atomics.load(this.positions, HEAD)
    if (head === tail) return null
    if (this.words[this.at(head) >> 2] === SKIP) {
      head = (head + this.capacity - this.at(head)) | 0
      Atomics.store(this.positions, HEAD, head)
    }
    const start = this.at(head)
    const length = this.words[start >> 2]!
    return this.bytes.subarray(start + LENGTH_BYTES, start + LENGTH_BYTES + length)
  }

  /** Frees the record that `peek` showed. */
  next(): void {
    const head = Atomics.load(this.positions, HEAD)
    const length = this.words[this.at(head) >> 2]!
    Atomics.store(this.positions, HEAD, (head + LENGTH_BYTES + ((length + 3) & ~3)) | 0)
  }

  /** Takes the oldest record out as a copy. */
  read(): Uint8Array | null {
    const record = this.peek()
    if (record === null) return null
    const copy = new Uint8Array(record)
    this.next()
    return copy
  }
}
