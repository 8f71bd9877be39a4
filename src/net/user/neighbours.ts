import { IdleTable } from '../idle-table.ts'
import type { Ipv4, Mac } from '../wire/address.ts'

const MAX_WAITING = 64
const ASK_AGAIN_MS = 1000

interface Waiting {
  payloads: Uint8Array[]
  askedMs: number
}

/** Who is where on the wire (RFC 826), and the packets that wait until that is known. */
export class Neighbours {
  readonly #ask: (address: Ipv4) => void
  readonly #known = new IdleTable<Ipv4, Mac>({ capacity: 256, idleMs: 3_600_000 })
  readonly #waiting = new IdleTable<Ipv4, Waiting>({ capacity: 16, idleMs: 5000 })

  /** `ask` broadcasts a request. */
  constructor(ask: (address: Ipv4) => void) {
    this.#ask = ask
  }

  find(address: Ipv4): Mac | null {
    return this.#known.peek(address) ?? null
  }

  /** Notes a neighbour and gives the packets that have waited for it. */
  learn(address: Ipv4, mac: Mac): Uint8Array[] {
    this.#known.set(address, mac)
    const waiting = this.#waiting.peek(address)
    this.#waiting.delete(address)
    return waiting?.payloads ?? []
  }

  /** Keeps the pieces of a datagram until the neighbour answers; `false` when too many wait already. */
  wait(address: Ipv4, payloads: Uint8Array[]): boolean {
    const now = performance.now()
    let waiting = this.#waiting.peek(address)
    if (waiting === undefined) {
      waiting = { payloads: [], askedMs: -Infinity }
      this.#waiting.set(address, waiting)
    }
    const room = waiting.payloads.length + payloads.length <= MAX_WAITING
    if (room) waiting.payloads.push(...payloads)
    if (now - waiting.askedMs >= ASK_AGAIN_MS) {
      waiting.askedMs = now
      this.#ask(address)
    }
    return room
  }

  clear(): void {
    this.#known.clear()
    this.#waiting.clear()
  }
}
