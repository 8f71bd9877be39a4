import type { FramePort } from '../devices/virtio/net/net.ts'
import type { Control } from './control.ts'
import type { RecordSink, RecordSource } from './ring.ts'

/** The network card's end of the two frame rings. */
export class RingFramePort implements FramePort {
  readonly #out: RecordSink
  readonly #in: RecordSource
  readonly #control: Control
  readonly #ringBell: () => void
  #hasNews = false

  constructor(out: RecordSink, input: RecordSource, control: Control, ringBell: () => void) {
    this.#out = out
    this.#in = input
    this.#control = control
    this.#ringBell = ringBell
  }

  /** Tells the host of what was transmitted: at the end of a slice and before sleep, not for each frame. */
  flush(): void {
    if (!this.#hasNews) return
    this.#hasNews = false
    this.#ringBell()
  }

  get hasReceived(): boolean {
    return !this.#in.isEmpty
  }

  transmit(frame: Uint8Array): boolean {
    this.#hasNews = true
    if (this.#out.write(frame)) return true
    this.#control.setBlocked()
    this.#ringBell()
    // The host may have made room between the attempt and the word.
    return this.#out.write(frame)
  }

  peek(): Uint8Array | null {
    return this.#in.peek()
  }

  next(): void {
    this.#in.next()
  }
}
