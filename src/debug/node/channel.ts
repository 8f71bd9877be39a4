/** The host's end of a debugger's channel: what does not fit now is kept and offered again. */
import { MESSAGE_DATA } from '../../machine/debug-channel.ts'
import type { Machine } from '../../machine/machine.ts'

const PIECE_BYTES = 16_384
const RETRY_MS = 5

export class HostChannel {
  readonly #machine: Machine
  readonly #waiting: { kind: number; bytes: Uint8Array }[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(machine: Machine) {
    this.#machine = machine
  }

  send(kind: number, bytes: Uint8Array = new Uint8Array(0)): void {
    this.#waiting.push({ kind, bytes })
    this.#flush()
  }

  data(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      this.send(MESSAGE_DATA, bytes.subarray(at, at + PIECE_BYTES))
  }

  /** Messages that the machine has not taken yet. */
  get backlog(): number {
    return this.#waiting.length
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#waiting.length = 0
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const { kind, bytes } = this.#waiting[0]!
      if (!this.#machine.debug(kind, bytes)) break
      this.#waiting.shift()
    }
    if (this.#waiting.length === 0 || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#flush()
    }, RETRY_MS)
  }
}
