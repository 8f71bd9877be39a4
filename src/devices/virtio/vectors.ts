/** Which MSI-X vector stands for which event (virtio 1.2, 4.1.5.1.2). Set through either interface. */
import type { Stateful } from '../device.ts'

export const NO_VECTOR = 0xffff

export interface VectorsState {
  config: number
  queues: number[]
}

export class Vectors implements Stateful<VectorsState> {
  #config = NO_VECTOR
  readonly #queues: number[]
  readonly #count: number

  /** `count`: how many MSI-X vectors there are to choose from. */
  constructor(queues: number, count: number) {
    this.#queues = Array.from({ length: queues }, () => NO_VECTOR)
    this.#count = count
  }

  get config(): number {
    return this.#config
  }

  set config(vector: number) {
    this.#config = this.#valid(vector)
  }

  queue(index: number): number {
    return this.#queues[index] ?? NO_VECTOR
  }

  setQueue(index: number, vector: number): void {
    if (index < this.#queues.length) this.#queues[index] = this.#valid(vector)
  }

  reset(): void {
    this.#config = NO_VECTOR
    this.#queues.fill(NO_VECTOR)
  }

  save(): VectorsState {
    return { config: this.#config, queues: this.#queues.slice() }
  }

  load(state: VectorsState): void {
    this.#config = state.config
    for (let i = 0; i < this.#queues.length; i++) this.#queues[i] = state.queues[i]!
  }

  /** A vector that does not exist is answered with NO_VECTOR: that is how the driver learns (4.1.5.1.2.1). */
  #valid(vector: number): number {
    return vector < this.#count ? vector : NO_VECTOR
  }
}
