/** Entropy device (virtio 1.2, 5.4). */
import type { AccessSize } from '../device.ts'
import type { RandomState, SeededRandom } from '../random.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import { TYPE_RNG } from './features.ts'
import { scatter } from './queue.ts'

const QUEUE = 0
/** At most so much for one request: the driver is told how much it got. */
const MAX_BYTES = 64 * 1024

export class VirtioRng implements VirtioDevice {
  readonly name = 'virtio-rng'
  readonly type: number = TYPE_RNG
  readonly classCode = 0x00ff00
  readonly features = 0n
  readonly queues = 1
  readonly queueSize = 64
  readonly configBytes = 0
  #host!: VirtioHost
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  readConfig(_offset: number, _size: AccessSize): number {
    return 0
  }

  writeConfig(_offset: number, _size: AccessSize, _value: number): void {}

  acceptsFeatures(_features: bigint): boolean {
    return true
  }

  start(_features: bigint): void {}

  notify(index: number): void {
    const queue = this.#host.queue(index)
    if (queue === null) return
    // No more turns than the queue is long: a driver that refills it while we work cannot hold us here.
    for (let turn = 0; turn < queue.size; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      const bytes = new Uint8Array(Math.min(chain.writableBytes, MAX_BYTES))
      this.#random.generate(bytes)
      queue.push(chain, scatter(this.#host.memory, chain, 0, bytes))
    }
    queue.setNotifications(true)
    this.#host.signal(QUEUE)
  }

  reset(): void {}

  save(): RandomState {
    return this.#random.save()
  }

  load(state: unknown): void {
    this.#random.load(state as RandomState)
  }
}
