/** What hangs at a port of the keyboard controller: bytes go to it, bytes come from it, some time after. */
export interface Ps2Device {
  /** The controller sends a byte: a command, or what belongs to one. */
  receive(byte: number): void
  /** The oldest byte that the device has to send; undefined when it has none. */
  next(): number | undefined
  reset(): void
}

/** The replies that keyboards and mice share. */
export const ACKNOWLEDGE = 0xfa
export const RESEND = 0xfe
export const SELF_TEST_PASSED = 0xaa

/** Bytes that wait to be sent. Replies overtake what the user does; a new command makes the replies to the last one void. */
export class Ps2Queue {
  #replies: number[] = []
  #bytes: number[] = []
  #last = 0

  /** Bytes of what the user did. */
  get length(): number {
    return this.#bytes.length
  }

  push(...bytes: number[]): void {
    this.#bytes.push(...bytes)
  }

  reply(...bytes: number[]): void {
    this.#replies = bytes
  }

  next(): number | undefined {
    const byte = this.#replies.shift() ?? this.#bytes.shift()
    if (byte !== undefined) this.#last = byte
    return byte
  }

  /** The last byte goes out once more. */
  repeat(): void {
    this.#replies.unshift(this.#last)
  }

  clear(): void {
    this.#replies = []
    this.#bytes = []
  }

  save(): Ps2QueueState {
    return { replies: [...this.#replies], bytes: [...this.#bytes], last: this.#last }
  }

  load({ replies, bytes, last }: Ps2QueueState): void {
    this.#replies = [...replies]
    this.#bytes = [...bytes]
    this.#last = last
  }
}

export interface Ps2QueueState {
  replies: number[]
  bytes: number[]
  last: number
}
