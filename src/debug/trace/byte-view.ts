/** Fields in network order; what lies beyond the end reads as zero, because a frame may be cut. */
export class ByteView {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  u8(at: number): number {
    return this.#bytes[at] ?? 0
  }

  u16(at: number): number {
    return (this.u8(at) << 8) | this.u8(at + 1)
  }

  ipv4(at: number): string {
    return [0, 1, 2, 3].map((i) => this.u8(at + i)).join('.')
  }
}
