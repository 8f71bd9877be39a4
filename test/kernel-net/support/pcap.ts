/** Frames in the libpcap format with nanosecond stamps (magic 0xa1b23c4d), for tshark. */
export class Pcap {
  readonly #chunks: Uint8Array[] = []
  frames = 0
  /** Frames beyond this are not kept. */
  limit = Infinity

  constructor() {
    const header = new DataView(new ArrayBuffer(24))
    header.setUint32(0, 0xa1b23c4d, true)
    header.setUint16(4, 2, true)
    header.setUint16(6, 4, true)
    header.setUint32(16, 262144, true)
    header.setUint32(20, 1, true)
    this.#chunks.push(new Uint8Array(header.buffer))
  }

  add(timeNs: number, frame: Uint8Array): void {
    if (this.frames >= this.limit) return
    const header = new DataView(new ArrayBuffer(16))
    header.setUint32(0, Math.floor(timeNs / 1e9), true)
    header.setUint32(4, timeNs % 1e9, true)
    header.setUint32(8, frame.length, true)
    header.setUint32(12, frame.length, true)
    this.#chunks.push(new Uint8Array(header.buffer), frame)
    this.frames++
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}
