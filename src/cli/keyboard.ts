/** Standard input as the guest's keyboard: what is typed or piped goes to its serial port, or to the keyboard beside its screen. */
import type { ReadStream } from 'node:tty'

const CTRL_A = 0x01
/** Between two attempts to hand over what the guest had no room for. */
const RETRY_MS = 10
/** Well below the room of the line, so that a piece fits once the guest has read on. */
const PIECE_BYTES = 4096

export const ESCAPE_HELP =
  'every key goes to the guest; Ctrl-A x ends it, Ctrl-A p presses its power button, Ctrl-A Ctrl-A types one Ctrl-A, Ctrl-A h shows this line'

export interface EscapeActions {
  quit(): void
  powerButton(): void
  help(): void
}

/** Takes the commands behind Ctrl-A out of what is typed. */
export class EscapeFilter {
  readonly #actions: EscapeActions
  #isEscaped = false

  constructor(actions: EscapeActions) {
    this.#actions = actions
  }

  /** What is left for the guest. */
  filter(typed: Uint8Array): Uint8Array {
    return typed.filter((key) => this.#passes(key))
  }

  #passes(key: number): boolean {
    if (!this.#isEscaped) {
      this.#isEscaped = key === CTRL_A
      return !this.#isEscaped
    }
    this.#isEscaped = false
    const letter = String.fromCharCode(key).toLowerCase()
    if (letter === 'x') this.#actions.quit()
    else if (letter === 'p') this.#actions.powerButton()
    else if (letter === 'h' || letter === '?') this.#actions.help()
    return key === CTRL_A
  }
}

export interface KeyboardOptions extends EscapeActions {
  /** Keys go to the guest one by one, Ctrl-C too, when the input is a terminal. */
  readonly isRaw: boolean
  /** False when there is no room: it is offered again. */
  write(bytes: Uint8Array): boolean
}

export interface Keyboard {
  /** Whether keys go to the guest one by one. */
  readonly isRaw: boolean
  /** Gives the input back, a terminal as it was. */
  detach(): void
}

export function attachKeyboard(input: ReadStream, options: KeyboardOptions): Keyboard {
  const isRaw = options.isRaw && input.isTTY === true
  const escapes = new EscapeFilter(options)
  const waiting: Uint8Array[] = []
  let timer: NodeJS.Timeout | undefined
  const hand = (): void => {
    while (waiting.length > 0) {
      if (!options.write(waiting[0]!)) {
        input.pause()
        timer = setTimeout(hand, RETRY_MS)
        return
      }
      waiting.shift()
    }
    input.resume()
  }
  const type = (chunk: Buffer): void => {
    const bytes = isRaw ? escapes.filter(chunk) : chunk
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) waiting.push(bytes.subarray(at, at + PIECE_BYTES))
    hand()
  }
  const restore = (): void => void input.setRawMode?.(false)
  if (isRaw) {
    input.setRawMode(true)
    // However the process ends.
    process.once('exit', restore)
  }
  input.on('data', type)
  return {
    isRaw,
    detach() {
      clearTimeout(timer)
      input.off('data', type)
      if (isRaw) {
        restore()
        process.off('exit', restore)
      }
      // An open standard input would keep the process alive.
      input.destroy()
    },
  }
}
