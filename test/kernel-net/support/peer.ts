import { World } from './world.ts'

export const IN = 1
export const OUT = 4
export const ERR = 8
export const HUP = 16
export const RDHUP = 0x2000
export const EAGAIN = 11

/** Sends `data`, then FIN, and collects what comes until the peer's FIN. */
export class Exchange {
  readonly received: Uint8Array
  sent = 0
  got = 0
  ended = false
  failed = 0
  closed = false
  readonly #world: World
  readonly socket: number
  readonly #data: Uint8Array
  readonly #chunk: number

  constructor(world: World, socket: number, data: Uint8Array, expected: number, chunk = 32768) {
    this.#world = world
    this.socket = socket
    this.#data = data
    this.#chunk = chunk
    this.received = new Uint8Array(expected)
    world.guest.call.tcpOwner!(
      socket,
      world.own(() => this.work()),
    )
  }

  /** Does what can be done without waiting. */
  work(): void {
    if (this.closed) return
    const { call } = this.#world.guest
    if (call.tcpReadiness!(this.socket) & ERR) {
      this.failed = call.tcpError!(this.socket)
      this.finish()
      return
    }
    this.#receive()
    this.#send()
    if (this.ended && this.sent > this.#data.length) this.finish()
  }

  finish(): void {
    if (this.closed) return
    this.closed = true
    this.#world.guest.call.tcpClose!(this.socket)
  }

  #send(): void {
    const { guest } = this.#world
    while (this.sent < this.#data.length) {
      const piece = this.#data.subarray(this.sent, this.sent + this.#chunk)
      const taken = guest.call.tcpSend!(this.socket, guest.stage(piece), piece.length)
      if (taken < 0) return
      this.sent += taken
    }
    if (this.sent === this.#data.length && guest.call.tcpShutdown!(this.socket, 1) === 0) this.sent++
  }

  #receive(): void {
    const { guest } = this.#world
    while (!this.ended) {
      const count = guest.call.tcpRecv!(this.socket, guest.staging, this.#chunk, 0)
      if (count < 0) return
      if (count === 0) this.ended = true
      if (this.got + count > this.received.length) throw new Error('more arrived than was sent')
      this.received.set(guest.read(guest.staging, count), this.got)
      this.got += count
    }
  }
}

/** A listener that answers each connection with what `serve` makes of it. */
export function serve(
  world: World,
  stack: number,
  port: number,
  backlog: number,
  accept: (socket: number) => { work(): void },
): number {
  const { call } = world.guest
  const listener = call.tcpOpen!(stack)
  if (call.tcpBind!(listener, 0, port) < 0) throw new Error('bind')
  if (call.tcpListen!(listener, backlog) < 0) throw new Error('listen')
  const onReady = (): void => {
    for (let socket = call.tcpAccept!(listener); socket; socket = call.tcpAccept!(listener))
      accept(socket).work()
  }
  call.tcpOwner!(listener, world.own(onReady))
  return listener
}
