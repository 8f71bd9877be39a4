/** Somebody at the serial console of a guest: types, and waits for what should come. */
import { type KeyName, Machine, type Exit, type MachineOptions } from '../../../src/index.ts'

const SHOWN_BYTES = 2000

export class Console {
  readonly #machine: Machine
  readonly exit: Promise<Exit>
  /** Everything the guest has written. */
  text = ''
  #read = 0
  #ended = false
  #changed: () => void = () => {}

  private constructor(machine: Machine) {
    this.#machine = machine
    const decoder = new TextDecoder()
    machine.on('serial', (bytes) => {
      this.text += decoder.decode(bytes, { stream: true })
      this.#changed()
    })
    this.exit = machine.run().finally(() => {
      this.#ended = true
      this.#changed()
    })
  }

  static async start(options: MachineOptions): Promise<Console> {
    return new Console(await Machine.create(options))
  }

  /** Waits for a piece of text behind what was read before; gives what came before it. */
  async expect(wanted: string): Promise<string> {
    for (;;) {
      const at = this.text.indexOf(wanted, this.#read)
      if (at >= 0) {
        const before = this.text.slice(this.#read, at)
        this.#read = at + wanted.length
        return before
      }
      if (this.#ended)
        throw new Error(
          `the guest ended before ${JSON.stringify(wanted)}: … ${this.text.slice(-SHOWN_BYTES)}`,
        )
      await new Promise<void>((resolve) => (this.#changed = resolve))
    }
  }

  /** Types a command and gives what it writes. */
  async command(line: string): Promise<string> {
    this.type(`${line}\n`)
    await this.expect('\n')
    return (await this.expect(PROMPT)).replaceAll('\r', '')
  }

  type(text: string): void {
    this.#machine.write(text)
  }

  /** Presses and releases a key of the PS/2 keyboard. */
  press(key: KeyName): void {
    this.#machine.key([true, false].map((isDown) => ({ key, isDown })))
  }

  pressPowerButton(): void {
    this.#machine.pressPowerButton()
  }

  stop(): void {
    this.#machine.stop()
  }
}

/** What the shell of `initramfs.ts` writes when it is ready. */
export const PROMPT = 'onering# '
