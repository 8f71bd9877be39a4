import { Guest } from './guest.ts'
import type { GuestRuntime } from './compile.ts'
import type { Pcap } from './pcap.ts'
import { Prng } from './prng.ts'

export const MS = 1e6
export const S = 1e9

/** What a link does to frames; all chances in [0, 1]. */
export interface LinkFaults {
  delayNs?: number
  /** Added to each delay, uniformly: reorders. */
  jitterNs?: number
  loss?: number
  duplicate?: number
  corrupt?: number
  /** Chance to hold a frame back for `reorderNs`. */
  reorder?: number
  reorderNs?: number
}

export interface Nic {
  index: number
  stack: number
  handle: number
  mac: number
  address: number
}

interface Event {
  time: number
  order: number
  run: () => void
}

/** Stacks and links in virtual time. Everything that happens is decided by the seed. */
export class World {
  nowNs = 1_000_000_000
  readonly nics: Nic[] = []
  readonly stacks: number[] = []
  readonly owners: Map<number, (readiness: number) => void> = new Map()
  /** By nic: what becomes of its frames. */
  readonly outputs: ((frame: Uint8Array) => boolean)[] = []
  readonly random: Prng
  pcap: Pcap | null = null
  frames = 0
  onPending: (context: number, pending: number) => void = () => {}
  onCancel: (context: number, pending: number) => void = () => {}
  onDatagram: (context: number, from: number[], payload: Uint8Array) => boolean = () => false
  onResolved: (context: number, status: number, addresses: number[]) => void = () => {}
  onDhcp: (context: number, client: number) => void = () => {}
  guest!: Guest
  #events: Event[] = []
  #order = 0
  #owner = 0

  private constructor(seed: number) {
    this.random = new Prng(seed)
  }

  static async create(seed: number, runtime: GuestRuntime = 'strict'): Promise<World> {
    const world = new World(seed)
    world.guest = await Guest.load(runtime, {
      now: () => world.nowNs,
      transmit: (context, frame) => {
        world.frames++
        return world.outputs[context]?.(frame) ?? true
      },
      ready: (owner, readiness) => world.owners.get(owner)?.(readiness),
      pending: (context, pending) => world.onPending(context, pending),
      cancel: (context, pending) => world.onCancel(context, pending),
      datagram: (context, from, payload) => world.onDatagram(context, from, payload),
      resolved: (context, status, addresses) => world.onResolved(context, status, addresses),
      dhcp: (context, client) => world.onDhcp(context, client),
    })
    world.guest.call.seedRandom!(seed)
    return world
  }

  addStack(): number {
    const stack = this.guest.call.stackNew!()
    this.stacks.push(stack)
    return stack
  }

  addNic(stack: number, mac: number, address: number, prefix = 24, mtu = 1500, offload = 0): Nic {
    const index = this.nics.length
    const handle = this.guest.call.nicNew!(stack, mac, mtu, index, offload)
    if (address) this.guest.call.nicSetAddress!(handle, address, prefix)
    const nic = { index, stack, handle, mac, address }
    this.nics.push(nic)
    return nic
  }

  /** Joins two interfaces by a wire with faults in both directions. */
  connect(a: Nic, b: Nic, faults: LinkFaults = {}): void {
    this.outputs[a.index] = (frame) => this.#carry(frame, b, faults)
    this.outputs[b.index] = (frame) => this.#carry(frame, a, faults)
  }

  /** Hands a frame to an interface at once. */
  deliver(nic: Nic, frame: Uint8Array, flags = 0): void {
    this.guest.call.stackReceive!(nic.stack, nic.handle, this.guest.stage(frame), frame.length, flags)
  }

  at(time: number, run: () => void): void {
    const event = { time, order: this.#order++, run }
    const events = this.#events
    let index = events.length
    events.push(event)
    while (index > 0) {
      const up = (index - 1) >> 1
      const parent = events[up]!
      if (!isBefore(event, parent)) break
      events[index] = parent
      index = up
    }
    events[index] = event
  }

  after(delay: number, run: () => void): void {
    this.at(this.nowNs + delay, run)
  }

  /** A fresh owner for a socket. */
  own(handler: (readiness: number) => void): number {
    this.owners.set(++this.#owner, handler)
    return this.#owner
  }

  /** Runs until the condition holds; throws if virtual time or all work runs out first. */
  run(until: () => boolean, limitNs: number = 600 * S): void {
    const end = this.nowNs + limitNs
    while (!until()) {
      if (!this.step(end))
        throw new Error(`nothing more happens, ${(end - this.nowNs) / S} s before the limit`)
    }
  }

  /** Lets virtual time pass. */
  pass(durationNs: number): void {
    const end = this.nowNs + durationNs
    while (this.step(end)) {}
    this.nowNs = end
  }

  /** Does the next thing that is due by `end`; false if there is none. */
  step(end: number): boolean {
    let next = this.#events[0]?.time ?? Infinity
    let due = -1
    for (const stack of this.stacks) {
      const deadline = this.guest.call.stackNext!(stack)
      if (deadline < next) {
        next = deadline
        due = stack
      }
    }
    if (next > end) return false
    if (next > this.nowNs) this.nowNs = next
    try {
      if (due >= 0) this.guest.call.stackPoll!(due)
      else this.#pop().run()
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      // vitest leaves frames of wasm out.
      throw new Error(`${error.stack}`, { cause: error })
    }
    return true
  }

  get pending(): number {
    return this.#events.length
  }

  destroy(): void {
    for (const stack of this.stacks.splice(0)) this.guest.call.stackDestroy!(stack)
  }

  #carry(frame: Uint8Array, to: Nic, faults: LinkFaults): boolean {
    const random = this.random
    this.pcap?.add(this.nowNs, frame)
    if (faults.loss && random.next() < faults.loss) return true
    const copies = faults.duplicate && random.next() < faults.duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      let delay = (faults.delayNs ?? 10_000) + (faults.jitterNs ? random.below(faults.jitterNs) : 0)
      if (faults.reorder && random.next() < faults.reorder) delay += faults.reorderNs ?? 2 * MS
      let bytes = frame
      if (faults.corrupt && random.next() < faults.corrupt) {
        bytes = frame.slice()
        // Not the Ethernet header: the FCS would have caught that, and nothing above it can.
        const at = 14 + random.below(bytes.length - 14)
        bytes[at] = bytes[at]! ^ (1 << random.below(8))
      }
      this.after(delay, () => this.deliver(to, bytes))
    }
    return true
  }

  #pop(): Event {
    const events = this.#events
    const first = events[0]!
    const last = events.pop()!
    const size = events.length
    if (size === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(events[child + 1]!, events[child]!)) child++
      if (!isBefore(events[child]!, last)) break
      events[index] = events[child]!
      index = child
    }
    events[index] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}

/** `ip(10, 0, 0, 1)` in host order. */
export function ip(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
