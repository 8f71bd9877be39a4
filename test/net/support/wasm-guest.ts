import type { Link } from '../../../src/net/link.ts'
import { E_AGAIN, NetStack, type Handle } from '../../../src/net/user/netstack.ts'
import { ipv4, type Ipv4 } from '../../../src/net/wire/address.ts'

/** Ends of a guest's connection that are no end of stream. */
export class GuestSocketError extends Error {
  readonly errno: number

  constructor(errno: number) {
    super(`errno ${-errno}`)
    this.errno = -errno
  }
}

/** A guest that is the kernel's own TCP/IP stack, at 10.0.2.15, with sockets one can await. */
export class WasmGuest {
  readonly stack: NetStack
  readonly #sockets = new Map<number, GuestSocket | ((socket: GuestSocket) => void)>()
  readonly #listeners = new Map<number, Handle>()
  readonly #inbox: Uint8Array[] = []
  readonly #ready: [owner: number, readiness: number][] = []
  #scheduled = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #nextOwner = 1
  #closed = false

  constructor(link: Link, mtu = 1500) {
    const options = {
      mac: 0x5254_0012_3456,
      address: ipv4('10.0.2.15')!,
      prefixLength: 24,
      mtu,
      memoryLimit: 256 << 20,
    }
    this.stack = new NetStack(options, {
      // Later, as a machine would: not from within the call that brought the cause.
      transmit: (frame) => void setImmediate(() => link.send(frame)),
      ready: (owner, readiness) => void this.#ready.push([owner, readiness]),
      offer: () => {},
      withdraw: () => {},
    })
    this.stack.setGateway(ipv4('10.0.2.2')!)
    link.onFrame = (frame) => {
      this.#inbox.push(frame)
      this.#schedule()
    }
  }

  listen(port: number, onConnection: (socket: GuestSocket) => void): void {
    const owner = this.#nextOwner++
    const listener = this.stack.listen(owner, port, 256)
    if (listener === null) throw new Error(`port ${port} is taken in the guest`)
    this.#sockets.set(owner, onConnection)
    this.#listeners.set(owner, listener)
  }

  /** Resolves when the connection stands; rejects with a `GuestSocketError`. */
  async connect(address: Ipv4, port: number): Promise<GuestSocket> {
    const owner = this.#nextOwner++
    const handle = this.stack.connect(owner, address, port)
    if (handle === null) throw new Error('cannot connect')
    const socket = new GuestSocket(this, owner, handle)
    this.#sockets.set(owner, socket)
    this.settle()
    await socket.changed()
    const error = this.stack.takeError(handle)
    if (error !== 0) throw new GuestSocketError(error)
    return socket
  }

  /** To be called after every call of the stack: tells who is ready, and sets the timer. */
  settle(): void {
    for (;;) {
      const next = this.#ready.shift()
      if (next === undefined) break
      this.#tell(...next)
    }
    clearTimeout(this.#timer)
    const deadline = this.stack.deadline()
    if (deadline === Infinity || this.#closed) return
    const poll = (): void => {
      this.stack.poll()
      this.settle()
    }
    this.#timer = setTimeout(poll, Math.max(0, deadline - performance.now()))
  }

  forget(owner: number): void {
    this.#sockets.delete(owner)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #tell(owner: number, readiness: number): void {
    const target = this.#sockets.get(owner)
    if (target instanceof GuestSocket) return target.wake(readiness)
    const listener = this.#listeners.get(owner)
    if (target === undefined || listener === undefined) return
    for (;;) {
      const child = this.#nextOwner++
      const handle = this.stack.acceptNext(listener, child)
      if (handle === null) return
      const socket = new GuestSocket(this, child, handle)
      this.#sockets.set(child, socket)
      target(socket)
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#closed) return
      for (const frame of this.#inbox.splice(0)) this.stack.receive(frame)
      this.settle()
    })
  }
}

export class GuestSocket {
  readonly #guest: WasmGuest
  readonly #owner: number
  readonly #handle: Handle
  readonly #wakers: (() => void)[] = []

  constructor(guest: WasmGuest, owner: number, handle: Handle) {
    this.#guest = guest
    this.#owner = owner
    this.#handle = handle
  }

  /** Sends everything; rejects when the connection is reset. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const taken = this.#call((stack) => stack.send(this.#handle, bytes.subarray(at)))
      if (taken === E_AGAIN) await this.changed()
      else if (taken < 0) throw new GuestSocketError(taken)
      else at += taken
    }
  }

  /** The next bytes, or `null` at the end of the stream. */
  async read(maxBytes?: number): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.#call((stack) => stack.recv(this.#handle, maxBytes))
      if (typeof bytes !== 'number') return bytes.length > 0 ? bytes : null
      if (bytes !== E_AGAIN) throw new GuestSocketError(bytes)
      await this.changed()
    }
  }

  /** Everything up to the end of the stream. */
  async readAll(): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for (;;) {
      const bytes = await this.read()
      if (bytes === null) return Buffer.concat(parts)
      parts.push(bytes)
    }
  }

  /** Ends our direction. */
  end(): void {
    this.#call((stack) => stack.shutdown(this.#handle))
  }

  /** Gives the socket up in order. */
  close(): void {
    this.#guest.forget(this.#owner)
    this.#call((stack) => stack.close(this.#handle))
  }

  reset(): void {
    this.#guest.forget(this.#owner)
    this.#call((stack) => stack.abort(this.#handle))
  }

  /** Until anything about the connection changes. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve))
  }

  wake(_readiness: number): void {
    for (const waker of this.#wakers.splice(0)) waker()
  }

  #call<T>(action: (stack: NetStack) => T): T {
    const result = action(this.#guest.stack)
    this.#guest.settle()
    return result
  }
}
