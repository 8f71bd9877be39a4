/**
 * Stands between a ring of the host and the machine: what lies in the ring is there for the machine only once it was taken over, at a moment that the log knows.
 */
import type { RecordSource } from '../../machine/ring.ts'

export interface QueueState {
  readonly records: readonly Uint8Array[]
  readonly given: number
}

export class InputQueue implements RecordSource {
  readonly #source: RecordSource
  readonly #maxBytes: number
  /** Bytes that one `next` frees at most. */
  readonly #piece: number
  #records: Uint8Array[] = []
  /** How much of the oldest record has been taken. */
  #given = 0
  #bytes = 0

  /** `maxBytes` bounds what lies here. `piece`: a stream is handed on in pieces of so many bytes, records as they are. */
  constructor(source: RecordSource, maxBytes: number, piece = Infinity) {
    this.#source = source
    this.#maxBytes = maxBytes
    this.#piece = piece
  }

  /** Takes what the host has for us. */
  takeOver(): Uint8Array[] {
    const taken: Uint8Array[] = []
    let bytes = this.#bytes
    for (let record = this.#source.peek(); record !== null; record = this.#source.peek()) {
      if (bytes > this.#maxBytes) break
      taken.push(record.slice())
      bytes += record.length
      this.#source.next()
    }
    return taken
  }

  /** What the machine will find here. */
  add(records: readonly Uint8Array[]): void {
    for (const record of records) {
      this.#records.push(record)
      this.#bytes += record.length
    }
  }

  /** Whether the host has something that can be taken over. */
  get hasNews(): boolean {
    return this.#bytes <= this.#maxBytes && !this.#source.isEmpty
  }

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  peek(): Uint8Array | null {
    return this.#records[0]?.subarray(this.#given, this.#given + this.#piece) ?? null
  }

  next(): void {
    const oldest = this.#records[0]
    if (oldest === undefined) return
    this.#given += this.#piece
    if (this.#given < oldest.length) return
    this.#records.shift()
    this.#bytes -= oldest.length
    this.#given = 0
  }

  save(): QueueState {
    return { records: [...this.#records], given: this.#given }
  }

  load({ records, given }: QueueState): void {
    this.#records = [...records]
    this.#given = given
    this.#bytes = records.reduce((sum, record) => sum + record.length, 0)
  }
}
