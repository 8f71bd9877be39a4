/** The machine's end of the terminal: bytes of the guest are gathered, bytes for it are handed over as it takes them. */
import type { ByteReceiver } from '../devices/byte-receiver.ts'
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
  #receiver: ByteReceiver | null = null

  constructor(out: RingWriter, input: RingReader, control: Control, ringBell: () => void) {
    this.#out = out
    this.#in = input
    this.#control = control
    this.#ringBell = ringBell
  }

  /** Where what is typed goes. */
  attach(receiver: ByteReceiver): void {
    this.#receiver = receiver
    receiver.onRoom = () => this.feed()
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
