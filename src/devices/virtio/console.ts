/** Console device with one port (virtio 1.2, 5.3): `hvc0` of a Linux guest. */
import type { ByteReceiver } from '../byte-receiver.ts'
import type { AccessSize } from '../device.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import { TYPE_CONSOLE } from './features.ts'
import { gather, scatter } from './queue.ts'

const RECEIVE = 0
const TRANSMIT = 1
/** A character that the driver writes into the configuration is printed at once, before there are queues. */
const EMERG_WRITE = 1n << 2n
const EMERGENCY_OFFSET = 8
const MAX_PORTS_OFFSET = 4
/** What is typed waits here until the driver offers buffers. */
const MAX_WAITING_BYTES = 4096
/** Output is handed on in pieces of at most this size. */
const PIECE_BYTES = 64 * 1024
/** More in one request is dropped. */
const MAX_OUTPUT_BYTES = 1 << 20

export class VirtioConsole implements VirtioDevice, ByteReceiver {
  readonly name = 'virtio-console'
  readonly type: number = TYPE_CONSOLE
  readonly classCode = 0x078000
  readonly features: bigint = EMERG_WRITE
  readonly queues = 2
  readonly queueSize = 128
  readonly configBytes = 12
  onRoom: (() => void) | null = null
  readonly #output: (bytes: Uint8Array) => void
  #waiting: number[] = []
  #host!: VirtioHost

  /** `output` is given what the guest prints; the bytes are valid during the call. */
  constructor(output: (bytes: Uint8Array) => void) {
    this.#output = output
  }

  get room(): number {
    return MAX_WAITING_BYTES - this.#waiting.length
  }

  receive(byte: number): void {
    this.#waiting.push(byte)
  }

  commit(): void {
    this.#host.renotify(RECEIVE)
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  readConfig(offset: number, _size: AccessSize): number {
    return offset === MAX_PORTS_OFFSET ? 1 : 0
  }

  writeConfig(offset: number, _size: AccessSize, value: number): void {
    if (offset === EMERGENCY_OFFSET) this.#output(Uint8Array.of(value))
    else this.#host.counters.count('console.config-write')
  }

  acceptsFeatures(_features: bigint): boolean {
    return true
  }

  start(_features: bigint): void {
    this.commit()
  }

  notify(index: number): void {
    if (index === RECEIVE) this.#deliver()
    else this.#print()
  }

  reset(): void {}

  save(): number[] {
    return this.#waiting.slice()
  }

  load(state: unknown): void {
    this.#waiting = (state as number[]).slice()
  }

  #deliver(): void {
    const queue = this.#host.queue(RECEIVE)
    if (queue === null) return
    for (let turn = 0; turn < queue.size && this.#waiting.length > 0; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      const written = scatter(this.#host.memory, chain, 0, Uint8Array.from(this.#waiting))
      this.#waiting.splice(0, written)
      queue.push(chain, written)
    }
    queue.setNotifications(true)
    this.#host.signal(RECEIVE)
    if (this.room > 0) this.onRoom?.()
  }

  #print(): void {
    const host = this.#host
    const queue = host.queue(TRANSMIT)
    if (queue === null) return
    for (let turn = 0; turn < queue.size; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      if (chain.readableBytes > MAX_OUTPUT_BYTES) host.counters.count('console.output-too-long')
      const bytes = Math.min(chain.readableBytes, MAX_OUTPUT_BYTES)
      for (let done = 0; done < bytes; done += PIECE_BYTES) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes - done))
        gather(host.memory, chain, done, piece)
        this.#output(piece)
      }
      queue.push(chain, 0)
    }
    queue.setNotifications(true)
    host.signal(TRANSMIT)
  }
}
