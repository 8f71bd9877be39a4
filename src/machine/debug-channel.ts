/** The way between a debugger's two halves: what sits at the terminal or at the socket, and what drives the machine in the worker. Messages, each of a kind. */
import type { Control } from './control.ts'
import { createRing, type RingReader, type RingWriter } from './ring.ts'
import { WaitingWriter } from './waiting-writer.ts'

/* The first byte of a message from the host. */
/** Bytes from the other end follow. */
export const MESSAGE_DATA = 0
/** Somebody has come, or has gone. */
export const MESSAGE_CONNECTED = 1
export const MESSAGE_GONE = 2
/** The terminal has another size: u16 columns, u16 rows. */
export const MESSAGE_SIZE = 3

/** Who debugs. */
export type DebugFront = 'gdb' | 'step'

export interface DebugConfig {
  readonly front: DebugFront
  /** What the history of the run may take, in bytes. */
  readonly historyBytes: number
  readonly toMachine: SharedArrayBuffer
  readonly toHost: SharedArrayBuffer
}

const RING_BYTES: number = 256 * 1024

export function describeDebug(front: DebugFront, historyBytes: number): DebugConfig {
  return { front, historyBytes, toMachine: createRing(RING_BYTES), toHost: createRing(RING_BYTES) }
}

/** The machine's end. */
export class DebugChannel {
  readonly #in: RingReader
  readonly #out: WaitingWriter

  constructor(input: RingReader, out: RingWriter, control: Control, ringBell: () => void) {
    this.#in = input
    this.#out = new WaitingWriter(out, control, ringBell)
  }

  get hasMessage(): boolean {
    return !this.#in.isEmpty
  }

  /** The oldest message; null when there is none. */
  receive(): Uint8Array | null {
    return this.#in.read()
  }

  /** Hands bytes to the host; waits while it does not keep up. */
  send(bytes: Uint8Array): void {
    this.#out.writeAll(bytes)
  }
}
