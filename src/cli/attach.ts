/** A machine on a terminal: its output, what is typed, and what ends it. */
import type { Exit, Machine } from '../index.ts'
import { TextDisplay } from './display.ts'
import { hintFor } from './hint.ts'
import type { Forward } from './options.ts'
import { attachKeyboard, ESCAPE_HELP } from './keyboard.ts'
import type { Progress } from './progress.ts'
import { keysFor } from './terminal-keys.ts'

const REFRESH_MS = 40

export interface AttachOptions {
  readonly forwards: readonly Forward[]
  readonly progress: Progress
  /** On a terminal every key goes to the guest. */
  readonly isRaw: boolean
  readonly display: 'serial' | 'vga'
  /** Where the serial port's output goes. */
  readonly output: NodeJS.WriteStream
}

/** Draws the machine's text screen until the function that it returns is called. */
function showScreen(machine: Machine): () => void {
  const textDisplay = new TextDisplay()
  const draw = (): void => {
    const text = textDisplay.draw(machine.screen())
    if (text !== '') process.stdout.write(text)
  }
  const timer = setInterval(draw, REFRESH_MS)
  return () => {
    clearInterval(timer)
    draw()
    process.stdout.write(textDisplay.end())
  }
}

/** Runs the machine with its serial port on the terminal. Ctrl-C (Ctrl-A x, where all keys go to the guest) ends it. */
export async function attach(machine: Machine, options: AttachOptions): Promise<Exit> {
  const { forwards, progress, isRaw, display, output } = options
  const endDisplay = display === 'vga' ? showScreen(machine) : null
  const decoder = new TextDecoder()
  let line = ''
  machine.on('warning', (text) => progress.done(text))
  machine.on('serial', (bytes) => {
    if (endDisplay === null) output.write(bytes)
    const lines = (line + decoder.decode(bytes, { stream: true })).split('\n')
    line = lines.pop()!.slice(-1000)
    for (const complete of lines) {
      const hint = hintFor(complete, forwards)
      if (hint) progress.done(hint)
    }
  })
  const interrupt = (): void => machine.stop()
  const keyboard = attachKeyboard(process.stdin, {
    isRaw,
    write: (bytes) => (display === 'vga' ? machine.key(keysFor(bytes)) : machine.write(bytes)),
    quit: interrupt,
    powerButton: () => machine.pressPowerButton(),
    help: () => progress.done(ESCAPE_HELP),
  })
  if (keyboard.isRaw) progress.done(ESCAPE_HELP)
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  // Whoever reads our output may stop to: `onering run … | head`.
  process.stdout.once('error', interrupt)
  try {
    return await machine.run()
  } finally {
    endDisplay?.()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    keyboard.detach()
    progress.clear()
  }
}
