import { styleText } from 'node:util'

/**
 * Progress on standard error, so that a guest's output on standard output stays clean. On a terminal one line is
 * rewritten in place; elsewhere a line is printed for each step that took place.
 */
export interface Progress {
  step(text: string): void
  done(text: string): void
  /** Removes an unfinished line from the terminal. */
  clear(): void
}

/** Progress on `stream`, or silence when `quiet`. */
export function createProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (quiet) return { step() {}, done() {}, clear() {} }
  const inPlace = stream.isTTY === true
  const clear = (): void => {
    if (inPlace) stream.write('\r\x1b[K')
  }
  return {
    step(text) {
      clear()
      stream.write(inPlace ? `${styleText('cyan', '…')} ${text}` : `${text}\n`)
    },
    done(text) {
      clear()
      stream.write(`${inPlace ? styleText('green', '✓') : '-'} ${text}\n`)
    },
    clear,
  }
}
