/** A small seeded generator (xorshift32): the same seed gives the same program everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1
  }

  /** 32 random bits, signed. */
  bits(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return Math.imul(state, 0x2c1b3c6d)
  }

  /** 0 … limit − 1. */
  below(limit: number): number {
    return (this.bits() >>> 8) % limit
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** Integers of the kind that find mistakes: small, near powers of two, or anything. */
  integer(bits: 32 | 64): bigint {
    const shape = this.below(8)
    let value: bigint
    if (shape < 3) value = BigInt(this.below(20) - 8)
    else if (shape < 5) value = (1n << BigInt(this.below(bits))) + BigInt(this.below(3) - 1)
    else if (shape < 6) value = -(1n << BigInt(this.below(bits)))
    else value = (BigInt(this.bits()) << 32n) ^ BigInt(this.bits())
    return BigInt.asIntN(bits, value)
  }

  float(): number {
    const shape = this.below(8)
    if (shape === 0) return this.pick([0, -0, Infinity, -Infinity, NaN])
    if (shape < 4) return this.below(40) - 20 + this.pick([0, 0.5, 0.25])
    if (shape < 6) return this.pick([1, -1]) * 2 ** (this.below(140) - 70) * (1 + this.below(1000) / 1000)
    return Number(this.integer(64))
  }
}
