/** ChaCha20 (RFC 8439) as a random number generator: the same seed gives the same bytes on every host. */
import type { Stateful } from './device.ts'

const BLOCK_BYTES = 64
const ROUNDS = 20
/** "expand 32-byte k". */
const CONSTANTS = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
/** Columns, then diagonals. */
const QUARTERS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
]

export interface RandomState {
  key: Uint32Array
  counter: number
  used: number
}

export class SeededRandom implements Stateful<RandomState> {
  #key: Uint32Array
  #counter = 0
  #block = new Uint8Array(BLOCK_BYTES)
  #used = BLOCK_BYTES

  /** `seed`: any number of bytes; the first 32 count. */
  constructor(seed: Uint8Array) {
    const bytes = new Uint8Array(32)
    bytes.set(seed.subarray(0, 32))
    this.#key = new Uint32Array(bytes.buffer)
  }

  /** A generator from a number, such as a command line gives. */
  static fromNumber(seed: number): SeededRandom {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setFloat64(0, seed, true)
    return new SeededRandom(bytes)
  }

  generate(target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      if (this.#used === BLOCK_BYTES) this.#nextBlock()
      const take = Math.min(BLOCK_BYTES - this.#used, target.length - done)
      target.set(this.#block.subarray(this.#used, this.#used + take), done)
      this.#used += take
      done += take
    }
  }

  save(): RandomState {
    return { key: this.#key.slice(), counter: this.#counter, used: this.#used }
  }

  load(state: RandomState): void {
    this.#key = state.key.slice()
    this.#counter = state.counter
    if (state.used < BLOCK_BYTES) {
      this.#counter--
      this.#nextBlock()
    }
    this.#used = state.used
  }

  #nextBlock(): void {
    const input = new Uint32Array(16)
    input.set(CONSTANTS)
    input.set(this.#key, 4)
    input[12] = this.#counter
    input[13] = Math.floor(this.#counter / 2 ** 32)
    this.#counter++
    this.#used = 0
    const x = input.slice()
    for (let round = 0; round < ROUNDS; round += 2)
      for (const [a, b, c, d] of QUARTERS) quarterRound(x, a, b, c, d)
    const view = new DataView(this.#block.buffer)
    for (let i = 0; i < 16; i++) view.setUint32(4 * i, x[i]! + input[i]!, true)
  }
}

function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  x[a]! += x[b]!
  x[d] = rotateLeft(x[d]! ^ x[a]!, 16)
  x[c]! += x[d]!
  x[b] = rotateLeft(x[b]! ^ x[c]!, 12)
  x[a]! += x[b]!
  x[d] = rotateLeft(x[d]! ^ x[a]!, 8)
  x[c]! += x[d]!
  x[b] = rotateLeft(x[b]! ^ x[c]!, 7)
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
