import type { Socket } from 'node:net'
import { concat } from '../wire/bytes.ts'
import { E_AGAIN, READY_ERR, READY_IN, READY_OUT, type Handle, type NetStack } from './netstack.ts'
import { resetSocket } from './reset.ts'

/**
 * Joins a TCP connection of the host with one of the guest. Each side's bytes wait on the other: while the guest's
 * window is full the host's socket is not read, and while the host's socket is full the guest's bytes stay in the
 * stack, whose window closes. An end of stream passes as an end of stream, a reset as a reset.
 */
export class TcpRelay {
  readonly #stack: NetStack
  readonly #socket: Socket
  readonly #onDone: () => void
  /** The guest's connection; `null` before it is made and after it is given up. */
  #guest: Handle | null = null
  #done = false
  /** Bytes of the host that the stack has not taken yet. */
  #waiting: Uint8Array | null = null
  #hostEnded = false
  #hostFull = false
  #guestEnded = false
  #guestShut = false

  /**
   * `socket` must be made with `allowHalfOpen` and be paused. Events of the host happen inside `run`. `onDone` is
   * called once, when both sides are finished.
   */
  constructor(stack: NetStack, socket: Socket, run: (action: () => void) => void, onDone: () => void) {
    this.#stack = stack
    this.#socket = socket
    this.#onDone = onDone
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => run(() => this.#fromHost(bytes)))
    socket.on('end', () => run(() => this.#endOfHost()))
    socket.on('drain', () => run(() => this.#drained()))
    socket.on('error', () => run(() => this.reset()))
    socket.on('close', () => run(() => this.#closedByHost()))
    socket.pause()
  }

  /** Gives the relay its guest's side. Bytes flow once that reports that it is ready. */
  attach(guest: Handle): void {
    this.#guest = guest
  }

  /** Bytes that wait here for one of the sides. */
  get waitingBytes(): number {
    return (this.#waiting?.length ?? 0) + this.#socket.writableLength
  }

  /** The guest's side is ready for something. */
  ready(readiness: number): void {
    if (this.#guest === null) return
    if (readiness & READY_ERR && this.#stack.takeError(this.#guest) !== 0) return this.reset()
    if (readiness & READY_OUT) this.#toGuest()
    if (readiness & READY_IN) this.#fromGuest()
  }

  /** Ends both sides with a reset. */
  reset(): void {
    const guest = this.#guest
    if (guest !== null) this.#stack.abort(guest)
    this.orphan()
  }

  /** Resets the host's side only: the guest's is gone already. */
  orphan(): void {
    this.#guest = null
    resetSocket(this.#socket)
    this.#finish()
  }

  #fromHost(bytes: Uint8Array): void {
    this.#waiting = this.#waiting ? concat(this.#waiting, bytes) : bytes
    this.#socket.pause()
    this.#toGuest()
  }

  #toGuest(): void {
    const guest = this.#guest
    if (guest === null) return
    while (this.#waiting !== null && this.#waiting.length > 0) {
      const taken = this.#stack.send(guest, this.#waiting)
      if (taken === E_AGAIN || taken === 0) return
      if (taken < 0) return this.reset()
      this.#waiting = this.#waiting.subarray(taken)
    }
    this.#waiting = null
    if (!this.#hostEnded) this.#socket.resume()
    else this.#shutdownGuest(guest)
  }

  #endOfHost(): void {
    this.#hostEnded = true
    if (this.#waiting === null && this.#guest !== null) this.#shutdownGuest(this.#guest)
  }

  #shutdownGuest(guest: Handle): void {
    if (this.#guestShut) return
    this.#guestShut = true
    this.#stack.shutdown(guest)
    this.#settle()
  }

  #closedByHost(): void {
    if (!this.#guestEnded || !this.#hostEnded) this.reset()
  }

  #fromGuest(): void {
    for (;;) {
      const guest = this.#guest
      if (guest === null || this.#hostFull || this.#guestEnded) return
      const bytes = this.#stack.recv(guest)
      if (bytes === E_AGAIN) return
      if (typeof bytes === 'number') return this.reset()
      if (bytes.length === 0) {
        this.#guestEnded = true
        this.#socket.end()
        this.#settle()
      } else this.#hostFull = !this.#socket.write(bytes)
    }
  }

  #drained(): void {
    this.#hostFull = false
    this.#fromGuest()
  }

  /** Lets go of the guest's side when both directions have ended; the host's kernel delivers the rest. */
  #settle(): void {
    if (!this.#guestEnded || !this.#hostEnded || this.#waiting !== null || this.#guest === null) return
    this.#stack.close(this.#guest)
    this.#guest = null
    this.#finish()
  }

  #finish(): void {
    if (this.#done) return
    this.#done = true
    this.#onDone()
  }
}
