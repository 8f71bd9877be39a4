/** Keys on their way from the host to the keyboard: a byte for each that goes down or up. */
import type { ByteReceiver } from '../devices/byte-receiver.ts'
import { KEY_NAMES, type KeyName } from '../devices/keyboard/scan-codes.ts'

export interface KeyEvent {
  readonly key: KeyName
  readonly isDown: boolean
}

const RELEASED = 0x80
const numbers: ReadonlyMap<string, number> = new Map(KEY_NAMES.map((name, i) => [name, i]))

/** Throws a RangeError when there is no such key. */
export function encodeKeys(events: readonly KeyEvent[]): Uint8Array {
  return Uint8Array.from(events, ({ key, isDown }) => {
    const number = numbers.get(key)
    if (number === undefined) throw new RangeError(`no such key: ${key}`)
    return isDown ? number : number | RELEASED
  })
}

/** What a keyboard must offer. */
interface Keyboard {
  readonly hasRoom: boolean
  onRoom: (() => void) | null
  key(name: KeyName, isDown: boolean): void
}

/** The keyboard as the end of such bytes. */
export class KeyReceiver implements ByteReceiver {
  readonly #keyboard: Keyboard
  readonly commit: () => void

  /** `commit`: the keyboard has something to say. */
  constructor(keyboard: Keyboard, commit: () => void) {
    this.#keyboard = keyboard
    this.commit = commit
  }

  get room(): number {
    return Number(this.#keyboard.hasRoom)
  }

  set onRoom(listener: (() => void) | null) {
    this.#keyboard.onRoom = listener
  }

  receive(byte: number): void {
    const name = KEY_NAMES[byte & ~RELEASED]
    if (name !== undefined) this.#keyboard.key(name, (byte & RELEASED) === 0)
  }
}
