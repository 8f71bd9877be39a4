/** A set of the 256 interrupt vectors, as the registers IRR, ISR and TMR show it: eight words. */
export class VectorSet {
  readonly words: Uint32Array = new Uint32Array(8)

  has(vector: number): boolean {
    return (this.words[vector >> 5]! & (1 << (vector & 31))) !== 0
  }

  add(vector: number): void {
    this.words[vector >> 5]! |= 1 << (vector & 31)
  }

  delete(vector: number): void {
    this.words[vector >> 5]! &= ~(1 << (vector & 31))
  }

  /** The highest vector, or -1. */
  highest(): number {
    for (let i = 7; i >= 0; i--) {
      const word = this.words[i]!
      if (word !== 0) return 32 * i + 31 - Math.clz32(word)
    }
    return -1
  }

  clear(): void {
    this.words.fill(0)
  }
}
