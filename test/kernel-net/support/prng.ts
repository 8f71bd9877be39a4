/** mulberry32: small, seeded, good enough to choose which frame to lose. */
export class Prng {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.next() * 256
    return bytes
  }
}
