/** The machine's end of the serial line: bytes of the guest are gathered, bytes for it are handed over as it takes them. */
import type { Uart16550 } from '../devices/uart16550.ts'
import { STOP_NONE, type Control } from './control.ts'
import type { RingReader, RingWriter } from './ring.ts'

const BUFFER_BYTES = 4096
const WAIT_MS = 1000

export class SerialPort {
  readonly #out: RingWriter
  readonly #in: RingReader
  readonly #control: Control
  readonly #ringBell: () => void
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  #used = 0
  /** How much of the oldest record has been given to the guest. */
  #given = 0
  #uart: Uart16550 | null = null

  constructor(out: RingWriter, input: RingReader, control: Control, ringBell: () => void) {
    this.#out = out
    this.#in = input
    this.#control = control
    this.#ringBell = ringBell
  }

  attach(uart: Uart16550): void {
    this.#uart = uart
    uart.onRoom = () => this.feed()
  }

  /** A byte of the guest. Blocks when the host does not keep up: no byte is lost, and no memory grows. */
  transmit(byte: number): void {
    this.#buffer[this.#used++] = byte
    if (this.#used === BUFFER_BYTES) this.flush()
  }

  /** Hands what was gathered to the host. */
  flush(): void {
    if (this.#used === 0) return
    const record = this.#buffer.subarray(0, this.#used)
    while (!this.#out.write(record)) {
      if (this.#control.stopReason !== STOP_NONE) break
      const { wakeCount } = this.#control
      this.#control.setBlocked()
      this.#ringBell()
      if (this.#out.write(record)) break
      this.#control.sleep(wakeCount, WAIT_MS)
    }
    this.#used = 0
    this.#ringBell()
  }

  /** Gives the guest as many bytes as its receiver has room for. */
  feed(): void {
    const uart = this.#uart
    if (uart === null) return
    for (let record = this.#in.peek(); record !== null && uart.room > 0; record = this.#in.peek()) {
      while (this.#given < record.length && uart.room > 0) uart.receive(record[this.#given++]!)
      if (this.#given < record.length) return
      this.#given = 0
      this.#in.next()
    }
  }
}
