/** Records to the host that must all arrive: the machine waits while the ring is full. */
import type { Control } from './control.ts'
import type { RecordSink } from './ring.ts'

const WAIT_MS = 1000

export class WaitingWriter {
  readonly #out: RecordSink
  readonly #control: Control
  readonly #ringBell: () => void

  constructor(out: RecordSink, control: Control, ringBell: () => void) {
    this.#out = out
    this.#control = control
    this.#ringBell = ringBell
  }

  /** One record, unless `isGivenUp` says while it waits that nobody takes it any more. The host is told of it by whoever has no more to write. */
  write(record: Uint8Array, isGivenUp: () => boolean = () => false): void {
    while (!this.#out.write(record)) {
      if (isGivenUp()) return
      const { wakeCount } = this.#control
      this.#control.setBlocked()
      this.#ringBell()
      // The host may have made room between the attempt and the word.
      if (this.#out.write(record)) return
      this.#control.sleep(wakeCount, WAIT_MS)
    }
  }

  /** Bytes in as many records as the ring wants, and the host is told. */
  writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.#out.maxRecordBytes)
      this.write(bytes.subarray(at, at + this.#out.maxRecordBytes))
    this.#ringBell()
  }
}
