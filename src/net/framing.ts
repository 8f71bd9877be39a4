/**
 * Frames on a byte stream as QEMU's `-netdev stream` and passt have them: the length as a big-endian 32-bit number,
 * then so many bytes of Ethernet frame.
 */
import { MAX_FRAME_BYTES } from './link.ts'
import { get32, put32 } from './wire/bytes.ts'

export const LENGTH_BYTES = 4

/** The length that goes in front of a frame. */
export function emitLength(lengthBytes: number): Uint8Array {
  const header = new Uint8Array(LENGTH_BYTES)
  put32(header, 0, lengthBytes)
  return header
}

/** Finds the frames in a stream that arrives in arbitrary pieces. Holds at most one incomplete frame. */
export class FrameReader {
  readonly #header = new Uint8Array(LENGTH_BYTES)
  #headerUsed = 0
  #frame: Uint8Array | null = null
  #frameUsed = 0

  /**
   * Takes the next bytes and calls `onFrame` with each frame that is complete. Gives `false` when a frame claims to
   * be longer than any frame can be: the stream is not what we think, and nothing after that point has a meaning.
   */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): boolean {
    for (let at = 0; at < bytes.length;) {
      if (this.#frame === null) {
        const taken = Math.min(LENGTH_BYTES - this.#headerUsed, bytes.length - at)
        this.#header.set(bytes.subarray(at, at + taken), this.#headerUsed)
        this.#headerUsed += taken
        at += taken
        if (this.#headerUsed < LENGTH_BYTES) return true
        this.#headerUsed = 0
        const length = get32(this.#header, 0)
        if (length > MAX_FRAME_BYTES) return false
        if (length === 0) continue
        this.#frame = new Uint8Array(length)
        this.#frameUsed = 0
      }
      const frame = this.#frame
      const taken = Math.min(frame.length - this.#frameUsed, bytes.length - at)
      frame.set(bytes.subarray(at, at + taken), this.#frameUsed)
      this.#frameUsed += taken
      at += taken
      if (this.#frameUsed === frame.length) {
        this.#frame = null
        onFrame(frame)
      }
    }
    return true
  }
}
