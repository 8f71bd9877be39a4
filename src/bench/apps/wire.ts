/** A wire in guest time: a frame arrives at the other end after a fixed delay, never lost, never out of order. */
import type { FramePort } from '../../devices/virtio/net/net.ts'
import type { EventQueue } from './event-queue.ts'

export class Wire implements FramePort {
  /** The frame has reached the far end. */
  onFrame: (frame: Uint8Array) => void = () => {}
  /** A frame waits at the machine's end. */
  onArrival: () => void = () => {}
  readonly #events: EventQueue
  readonly #delayNs: number
  readonly #arrived: Uint8Array[] = []

  constructor(events: EventQueue, delayNs: number) {
    this.#events = events
    this.#delayNs = delayNs
  }

  transmit(frame: Uint8Array): boolean {
    const copy = frame.slice()
    this.#events.after(this.#delayNs, () => this.onFrame(copy))
    return true
  }

  /** From the far end to the machine. */
  send(frame: Uint8Array): void {
    this.#events.after(this.#delayNs, () => {
      this.#arrived.push(frame)
      this.onArrival()
    })
  }

  peek(): Uint8Array | null {
    return this.#arrived[0] ?? null
  }

  next(): void {
    this.#arrived.shift()
  }
}
