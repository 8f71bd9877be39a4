/** Packets of gdb's remote serial protocol: `$data#checksum`, acknowledged by `+` or `-` until both agree to leave that. GDB manual, appendix E. */
const PLUS = 0x2b
const MINUS = 0x2d
const DOLLAR = 0x24
const HASH = 0x23
const ESCAPE = 0x7d
const INTERRUPT = 0x03
/** What one packet may hold; a longer one is not ours. */
export const MAX_PACKET_BYTES = 0x8000

export type Incoming =
  | { readonly kind: 'packet'; readonly data: Uint8Array }
  /** The checksum is wrong, or it is too long. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'resend' }
  | { readonly kind: 'interrupt' }

/** Takes bytes as they come, and gives what they say. */
export class PacketReader {
  #data: number[] = []
  /** Outside a packet; in its data; one or both digits of its checksum missing. */
  #state: 'outside' | 'data' | 'sum1' | 'sum2' = 'outside'
  #digits = ''
  #isTooLong = false

  read(bytes: Uint8Array): Incoming[] {
    const found: Incoming[] = []
    for (const byte of bytes) {
      const incoming = this.#take(byte)
      if (incoming !== null) found.push(incoming)
    }
    return found
  }

  #take(byte: number): Incoming | null {
    // It stands for nothing but the beginning of a packet, so the last one was cut off.
    if (byte === DOLLAR) {
      const isCut = this.#state === 'sum1' || this.#state === 'sum2'
      this.#begin()
      return isCut ? { kind: 'damaged' } : null
    }
    switch (this.#state) {
      case 'outside':
        if (byte === INTERRUPT) return { kind: 'interrupt' }
        else if (byte === MINUS) return { kind: 'resend' }
        return null
      case 'data':
        if (byte === HASH) this.#state = 'sum1'
        else if (this.#data.length < MAX_PACKET_BYTES) this.#data.push(byte)
        else this.#isTooLong = true
        return null
      case 'sum1':
        this.#digits = String.fromCharCode(byte)
        this.#state = 'sum2'
        return null
      case 'sum2':
        this.#state = 'outside'
        return this.#finish(this.#digits + String.fromCharCode(byte))
    }
  }

  #begin(): void {
    this.#data = []
    this.#isTooLong = false
    this.#state = 'data'
  }

  #finish(digits: string): Incoming {
    const sum = this.#data.reduce((total, byte) => (total + byte) & 0xff, 0)
    if (this.#isTooLong || Number.parseInt(digits, 16) !== sum) return { kind: 'damaged' }
    return { kind: 'packet', data: unescape(this.#data) }
  }
}

function unescape(data: readonly number[]): Uint8Array {
  const plain: number[] = []
  for (let i = 0; i < data.length; i++)
    plain.push(data[i] === ESCAPE && i + 1 < data.length ? data[++i]! ^ 0x20 : data[i]!)
  return Uint8Array.from(plain)
}

/** Characters that mean something in a packet. `*` would begin a run length. */
const SPECIAL = new Set([...'#$}*'].map((letter) => letter.charCodeAt(0)))

/** A packet with this text, in Latin-1. */
export function framePacket(text: string): Uint8Array {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) & 0xff
    if (SPECIAL.has(code)) bytes.push(ESCAPE, code ^ 0x20)
    else bytes.push(code)
  }
  const sum = bytes.reduce((total, byte) => (total + byte) & 0xff, 0)
  const digits = toHex(Uint8Array.of(sum))
  return Uint8Array.of(DOLLAR, ...bytes, HASH, digits.charCodeAt(0), digits.charCodeAt(1))
}

export const ACKNOWLEDGED: Uint8Array = Uint8Array.of(PLUS)
export const REFUSED: Uint8Array = Uint8Array.of(MINUS)

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Null when it is not an even number of digits. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return null
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}
