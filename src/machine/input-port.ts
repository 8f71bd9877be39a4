/** The machine's end of what is typed: bytes are handed over as their receiver takes them. */
import type { ByteReceiver } from '../devices/byte-receiver.ts'
import type { RecordSource } from './ring.ts'

export class InputPort {
  readonly #in: RecordSource
  /** How much of the oldest record has been given to the guest. */
  #given = 0
  #receiver: ByteReceiver | null = null

  constructor(input: RecordSource) {
    this.#in = input
  }

  /** Where what is typed goes. */
  attach(receiver: ByteReceiver): void {
    this.#receiver = receiver
    receiver.onRoom = () => this.feed()
  }

  /** Gives the guest as many bytes as its receiver has room for. */
  feed(): void {
    const receiver = this.#receiver
    if (receiver === null || receiver.room === 0) return
    let fed = 0
    for (let record = this.#in.peek(); record !== null && receiver.room > 0; record = this.#in.peek()) {
      for (; this.#given < record.length && receiver.room > 0; fed++) receiver.receive(record[this.#given++]!)
      if (this.#given < record.length) break
      this.#given = 0
      this.#in.next()
    }
    if (fed > 0) receiver.commit?.()
  }
}
