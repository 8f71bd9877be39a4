/** File system device (virtio 1.2, 5.8; the 9P transport): requests of 9P2000.L, each answered in its own chain. */
import type { AccessSize } from '../../device.ts'
import { GuestFault } from '../../guest-fault.ts'
import type { VirtioDevice, VirtioHost } from '../device.ts'
import { TYPE_9P } from '../features.ts'
import { gather, scatter } from '../queue.ts'
import type { FileTree } from './file-tree.ts'
import { HEADER_BYTES } from './messages.ts'
import { FileServer, MAX_MESSAGE_BYTES, type ServerState } from './server.ts'

const QUEUE = 0
const MOUNT_TAG = 1n << 0n

export class Virtio9p implements VirtioDevice {
  readonly name = 'virtio-9p'
  readonly type: number = TYPE_9P
  readonly classCode = 0x000200
  readonly features: bigint = MOUNT_TAG
  readonly queues = 1
  readonly queueSize = 128
  readonly configBytes: number
  readonly #tag: Uint8Array
  readonly #server: FileServer
  #host!: VirtioHost

  /** `tag`: the name by which the guest mounts `tree`. */
  constructor(tag: string, tree: FileTree) {
    this.#tag = new TextEncoder().encode(tag)
    this.configBytes = 2 + this.#tag.length
    this.#server = new FileServer(tree)
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  /** Length, then tag. */
  readConfig(offset: number, size: AccessSize): number {
    const bytes = [this.#tag.length & 0xff, this.#tag.length >> 8, ...this.#tag]
    let value = 0
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[offset + i] ?? 0)
    return value
  }

  writeConfig(_offset: number, _size: AccessSize, _value: number): void {
    this.#host.counters.count('9p.config-write')
  }

  acceptsFeatures(_features: bigint): boolean {
    return true
  }

  start(_features: bigint): void {}

  notify(_index: number): void {
    const host = this.#host
    const queue = host.queue(QUEUE)
    if (queue === null) return
    for (let turn = 0; turn < queue.size; turn++) {
      const chain = queue.pop()
      if (chain === null) break
      if (chain.readableBytes < HEADER_BYTES || chain.readableBytes > MAX_MESSAGE_BYTES)
        throw new GuestFault('9p.bad-request', `a 9P request of ${chain.readableBytes} bytes`)
      const request = new Uint8Array(chain.readableBytes)
      gather(host.memory, chain, 0, request)
      const answer = this.#server.handle(request, chain.writableBytes)
      if (answer === null) throw new GuestFault('9p.no-room', 'a 9P request without room for its answer')
      queue.push(chain, scatter(host.memory, chain, 0, answer))
    }
    queue.setNotifications(true)
    host.signal(QUEUE)
  }

  reset(): void {
    this.#server.reset()
  }

  save(): ServerState {
    return this.#server.save()
  }

  load(state: unknown): void {
    this.#server.load(state as ServerState)
  }
}
