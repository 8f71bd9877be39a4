import type { FramePort } from '../devices/virtio/net/net.ts'
import type { Control } from './control.ts'
import type { RingReader, RingWriter } from './ring.ts'

/** The network card's end of the two frame rings. */
export class RingFramePort implements FramePort {
  readonly #out: RingWriter
  readonly #in: RingReader
  readonly #control: Control
  readonly #ringBell: () => void

  constructor(out: RingWriter, input: RingReader, control: Control, ringBell: () => void) {
    this.#out = out
    this.#in = input
    this.#control = control
    this.#ringBell = ringBell
  }

  get hasReceived(): boolean {
    return !this.#in.isEmpty
  }

  transmit(frame: Uint8Array): boolean {
    if (!this.#out.write(frame)) {
      this.#control.setBlocked()
      this.#ringBell()
      // The host may have made room between the attempt and the word.
      return this.#out.write(frame)
    }
    this.#ringBell()
    return true
  }

  peek(): Uint8Array | null {
    return this.#in.peek()
  }

  next(): void {
    this.#in.next()
  }
}
