import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { MAX_FRAME_BYTES } from '../link.ts'
import type { Endpoint, Ipv4, Mac } from '../wire/address.ts'

/** Readiness bits, as in `epoll`. */
export const READY_IN = 0x001
export const READY_OUT = 0x004
export const READY_ERR = 0x008

/** Negative errno of a call that would have to wait. */
export const E_AGAIN = -11

/** A socket or an offer inside the stack. */
export type Handle = number

/** What the stack tells its user, always from within a call of a method of the stack. */
export interface NetStackEvents {
  transmit(frame: Uint8Array): void
  ready(owner: number, readiness: number): void
  offer(pending: Handle, source: Endpoint, destination: Endpoint): void
  withdraw(pending: Handle): void
}

interface Exports {
  memory: WebAssembly.Memory
  create(
    macHigh: number,
    macLow: number,
    address: number,
    prefix: number,
    mtu: number,
    memoryLimit: number,
  ): void
  setGateway(address: number): void
  acceptAny(maxPending: number): void
  buffer(): number
  receive(length: number): void
  poll(): void
  deadline(): number
  connect(owner: number, address: number, port: number): number
  listen(owner: number, port: number, backlog: number): number
  acceptNext(listener: number, owner: number): number
  accept(pending: number, owner: number): number
  refuse(pending: number): void
  forget(pending: number): void
  send(socket: number, length: number): number
  recv(socket: number, length: number): number
  takeError(socket: number): number
  shutdown(socket: number): number
  close(socket: number): void
  abort(socket: number): void
  memoryUsed(): number
}

export interface NetStackOptions {
  mac: Mac
  address: Ipv4
  prefixLength: number
  mtu: number
  /** Bytes that all socket buffers together may take. */
  memoryLimit: number
  /** Monotonic milliseconds, with a fraction. Default: `performance.now()`. */
  now?: () => number
  /** 32 bits that a peer cannot guess. Default: of the host. */
  random?: () => number
}

let module: WebAssembly.Module | null = null

function compiledModule(): WebAssembly.Module {
  module ??= new WebAssembly.Module(readFileSync(new URL('../../../build/netstack.wasm', import.meta.url)))
  return module
}

function endpoint(address: number, port: number): Endpoint {
  return { address: address >>> 0, port }
}

function abort(): never {
  throw new WebAssembly.RuntimeError('the TCP/IP stack has failed an assertion')
}

/** The kernel's TCP/IP stack (`src/kernel/net`), run on the host: one interface, and sockets named by handles. */
export class NetStack {
  readonly #wasm: Exports
  readonly #buffer: number

  constructor(options: NetStackOptions, events: NetStackEvents) {
    const host = {
      now: options.now ?? ((): number => performance.now()),
      random: options.random ?? ((): number => randomBytes(4).readUInt32LE()),
      transmit: (frame: number, length: number): void => events.transmit(this.#copy(frame, length)),
      ready: (owner: number, readiness: number): void => events.ready(owner, readiness),
      offer: (pending: number, source: number, sourcePort: number, to: number, toPort: number): void =>
        events.offer(pending, endpoint(source, sourcePort), endpoint(to, toPort)),
      withdraw: (pending: number): void => events.withdraw(pending),
    }
    const instance = new WebAssembly.Instance(compiledModule(), { host, env: { abort } })
    this.#wasm = instance.exports as unknown as Exports
    this.#buffer = this.#wasm.buffer()
    const { mac, address, prefixLength, mtu, memoryLimit } = options
    const [macHigh, macLow] = [Math.floor(mac / 0x1_0000_0000), mac % 0x1_0000_0000]
    this.#wasm.create(macHigh, macLow, address, prefixLength, mtu, memoryLimit)
  }

  /** Sends packets for foreign networks to a router. */
  setGateway(address: Ipv4): void {
    this.#wasm.setGateway(address)
  }

  /** Takes connections to any address: each is offered, at most `maxPending` at once. */
  acceptAny(maxPending: number): void {
    this.#wasm.acceptAny(maxPending)
  }

  /** Takes a frame from the wire; one that is too long is ignored. */
  receive(frame: Uint8Array): void {
    if (frame.length > MAX_FRAME_BYTES) return
    this.#view(frame.length).set(frame)
    this.#wasm.receive(frame.length)
  }

  /** Runs what is due. */
  poll(): void {
    this.#wasm.poll()
  }

  /** When `poll` is next to be called, on the clock of `now`; `Infinity` for never. */
  deadline(): number {
    const at = this.#wasm.deadline()
    return at === Number.MAX_VALUE ? Infinity : at
  }

  /** Starts a connection; `null` when that cannot even be tried. */
  connect(owner: number, address: Ipv4, port: number): Handle | null {
    return this.#wasm.connect(owner, address, port) || null
  }

  /** Listens on a port of the stack's own; `null` when it is taken. */
  listen(owner: number, port: number, backlog: number): Handle | null {
    return this.#wasm.listen(owner, port, backlog) || null
  }

  /** The next connection of a listener, or `null`. */
  acceptNext(listener: Handle, owner: number): Handle | null {
    return this.#wasm.acceptNext(listener, owner) || null
  }

  /** Completes an offered connection; `null` when memory is out. */
  accept(pending: Handle, owner: number): Handle | null {
    return this.#wasm.accept(pending, owner) || null
  }

  /** Resets an offered connection. */
  refuse(pending: Handle): void {
    this.#wasm.refuse(pending)
  }

  /** Forgets an offered connection without an answer. */
  forget(pending: Handle): void {
    this.#wasm.forget(pending)
  }

  /** Gives bytes to send: how many were taken, or a negative errno. */
  send(socket: Handle, bytes: Uint8Array): number {
    const length = Math.min(bytes.length, MAX_FRAME_BYTES)
    this.#view(length).set(bytes.subarray(0, length))
    return this.#wasm.send(socket, length)
  }

  /** Received bytes, an empty array at the end of the stream, or a negative errno. */
  recv(socket: Handle, maxBytes: number = 65_536): Uint8Array | number {
    const length = this.#wasm.recv(socket, Math.min(maxBytes, MAX_FRAME_BYTES))
    return length < 0 ? length : this.#copy(this.#buffer, length)
  }

  /** The error that ended a connection, as a negative errno, or 0. */
  takeError(socket: Handle): number {
    return this.#wasm.takeError(socket)
  }

  /** Nothing more will be sent; the other direction stays open. */
  shutdown(socket: Handle): void {
    this.#wasm.shutdown(socket)
  }

  /** Gives a socket up in order: what was sent still arrives. */
  close(socket: Handle): void {
    this.#wasm.close(socket)
  }

  /** Resets a connection and gives its socket up. */
  abort(socket: Handle): void {
    this.#wasm.abort(socket)
  }

  /** Bytes in all socket buffers. */
  get memoryUsed(): number {
    return this.#wasm.memoryUsed()
  }

  #view(length: number): Uint8Array {
    // Made anew each time: the memory moves when it grows.
    return new Uint8Array(this.#wasm.memory.buffer, this.#buffer, length)
  }

  #copy(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#wasm.memory.buffer, at, length).slice()
  }
}
