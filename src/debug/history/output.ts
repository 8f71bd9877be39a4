import type { RecordSink } from '../../machine/ring.ts'

/**
 * What the guest sends. It is never refused, so that the guest does not depend on how quick the host is: who is not ready is waited for. What is sent once more,
 * in a replay, goes nowhere.
 */
export class Output implements RecordSink {
  readonly maxRecordBytes: number
  readonly #sink: RecordSink
  readonly #wait: () => void
  readonly #isLive: () => boolean
  readonly #isGivenUp: () => boolean

  constructor(sink: RecordSink, wait: () => void, isLive: () => boolean, isGivenUp: () => boolean) {
    this.maxRecordBytes = sink.maxRecordBytes
    this.#sink = sink
    this.#wait = wait
    this.#isLive = isLive
    this.#isGivenUp = isGivenUp
  }

  write(record: Uint8Array): boolean {
    if (!this.#isLive()) return true
    while (!this.#sink.write(record)) {
      if (this.#isGivenUp()) return true
      this.#wait()
    }
    return true
  }
}
