import { Guest } from './guest.ts'
import type { Pcap } from './pcap.ts'

/** A stack in real time, its frames handed to whoever sets `output`. */
export class Live {
  guest!: Guest
  stack = 0
  nic = 0
  pcap: Pcap | null = null
  output: (frame: Uint8Array) => void = () => {}
  readonly owners: Map<number, (readiness: number) => void> = new Map()
  #timer: NodeJS.Timeout | null = null
  #owner = 0
  #stopped = false

  static async create(mac: number, address: number, prefix: number): Promise<Live> {
    const live = new Live()
    live.guest = await Guest.load('strict', {
      now: () => performance.now() * 1e6,
      transmit: (_context, frame) => {
        live.pcap?.add(Math.round(performance.now() * 1e6), frame)
        live.output(frame)
        return true
      },
      ready: (owner, readiness) => live.owners.get(owner)?.(readiness),
      pending: () => {},
      cancel: () => {},
      datagram: () => false,
      resolved: () => {},
      dhcp: () => {},
    })
    live.stack = live.guest.call.stackNew!()
    live.nic = live.guest.call.nicNew!(live.stack, mac, 1500, 0, 0)
    live.guest.call.nicSetAddress!(live.nic, address, prefix)
    return live
  }

  input(frame: Uint8Array): void {
    if (this.#stopped) return
    this.pcap?.add(Math.round(performance.now() * 1e6), frame)
    this.guest.call.stackReceive!(this.stack, this.nic, this.guest.stage(frame), frame.length, 0)
    this.arm()
  }

  own(handler: (readiness: number) => void): number {
    this.owners.set(++this.#owner, handler)
    return this.#owner
  }

  /** Looks when the stack wants to be polled next. */
  arm(): void {
    if (this.#stopped) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const deadline = this.guest.call.stackNext!(this.stack)
    if (deadline === Infinity) return
    const wait = Math.max(0, deadline / 1e6 - performance.now())
    this.#timer = setTimeout(
      () => {
        this.guest.call.stackPoll!(this.stack)
        this.arm()
      },
      Math.min(Math.ceil(wait), 1000),
    )
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.guest.call.stackDestroy!(this.stack)
  }
}
