/** The machine's end of the terminal: bytes of the guest are gathered. */
import { STOP_NONE, type Control } from './control.ts'
import type { RecordSink } from './ring.ts'
import { WaitingWriter } from './waiting-writer.ts'

const BUFFER_BYTES = 4096

export class SerialPort {
  readonly #out: WaitingWriter
  readonly #control: Control
  readonly #ringBell: () => void
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  #used = 0

  constructor(out: RecordSink, control: Control, ringBell: () => void) {
    this.#out = new WaitingWriter(out, control, ringBell)
    this.#control = control
    this.#ringBell = ringBell
  }

  /** A byte of the guest. Blocks when the host does not keep up: no byte is lost, and no memory grows. */
  transmit(byte: number): void {
    this.#buffer[this.#used++] = byte
    if (this.#used === BUFFER_BYTES) this.flush()
  }

  print(bytes: Uint8Array): void {
    for (const byte of bytes) this.transmit(byte)
  }

  /** Hands what was gathered to the host. */
  flush(): void {
    if (this.#used === 0) return
    const record = this.#buffer.subarray(0, this.#used)
    this.#out.write(record, () => this.#control.stopReason !== STOP_NONE)
    this.#used = 0
    this.#ringBell()
  }
}
