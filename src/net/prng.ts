/**
 * A small seeded generator (the mixing steps of SplitMix32 over a Weyl sequence): the same seed gives the same
 * numbers on every machine. Not for secrets.
 */
export class Prng {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 32 bits. */
  next32(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }

  /** At least 0 and less than 1. */
  next(): number {
    return this.next32() / 0x1_0000_0000
  }
}
