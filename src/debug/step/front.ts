/** The stepper at the end of a debugger's channel: keys of a terminal, or lines of commands, in; a screen, or a report of each command, out. */
import { MESSAGE_DATA, MESSAGE_GONE, MESSAGE_SIZE } from '../../machine/debug-channel.ts'
import type { Front } from '../session.ts'
import { Symbols } from '../symbols/symbols.ts'
import type { Target } from '../target.ts'
import { report } from './report.ts'
import { commands, Stepper } from './stepper.ts'
import { render, terminalStyle } from './view.ts'

const ENTER = /[\r\n]/
const BACKSPACE = /[\b\x7f]/
const ESCAPE = '\x1b'
const CTRL_C = '\x03'
const CTRL_D = '\x04'

export function createStepFront(
  target: Target,
  send: (bytes: Uint8Array) => void,
  isInterrupted: () => boolean,
  image: Uint8Array | null,
): Front {
  const symbols = image === null ? Symbols.none : Symbols.fromImage(image)
  const stepper = new Stepper(target, symbols, isInterrupted)
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const print = (text: string): void => send(encoder.encode(text))
  let isTerminal = false
  /** The command that waits for its word, and what has been typed of it. */
  let asking: { letter: string; typed: string } | null = null
  let words: string[] = []

  const draw = (): void => {
    const lines = render(stepper.screen, terminalStyle)
    if (asking !== null)
      lines[lines.length - 2] = `${asking.letter}: ${commands[asking.letter]!.word}? ${asking.typed}_`
    print(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}`)
  }

  const key = (letter: string): void => {
    if (letter === CTRL_C || letter === CTRL_D) stepper.run('q')
    else if (asking !== null) ask(letter)
    else if (commands[letter]?.word !== undefined) asking = { letter, typed: '' }
    else stepper.run(letter)
  }

  const ask = (letter: string): void => {
    const { letter: command, typed } = asking!
    if (ENTER.test(letter)) {
      asking = null
      stepper.run(command, typed)
    } else if (letter === ESCAPE) asking = null
    else if (BACKSPACE.test(letter)) asking = { letter: command, typed: typed.slice(0, -1) }
    else asking = { letter: command, typed: typed + letter }
  }

  /** Words of commands, as far as they are complete. */
  const script = (): void => {
    const letter = words.shift()!
    const needsWord = commands[letter]?.word !== undefined
    stepper.run(letter, needsWord ? (words.shift() ?? '') : '')
    if (stepper.stop === null) print(`> ${letter}\n${report(stepper.screen).join('\n')}\n`)
  }

  return {
    receive: (message) => {
      const body = message.subarray(1)
      if (message[0] === MESSAGE_SIZE) isTerminal = true
      else if (message[0] === MESSAGE_GONE) words.push('q')
      else if (message[0] === MESSAGE_DATA) {
        const text = decoder.decode(body, { stream: true })
        if (isTerminal) for (const letter of text) key(letter)
        else words.push(...text.split(/\s+/).filter((word) => word !== ''))
      }
      if (isTerminal && stepper.stop === null) draw()
    },
    move: script,
    // A key stops the machine; a script has all its time.
    get isAttentive() {
      return isTerminal
    },
    get isMoving() {
      return words.length > 0
    },
    get stop() {
      return stepper.stop
    },
  }
}
