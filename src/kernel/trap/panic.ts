/** The end: a message, where it happened, and exit status 255. Uses nothing that could itself be broken. */
import { cli, framePointer } from '../lib/cpu'
import { print, printDecimal } from '../lib/text'
import { exitMachine } from '../driver/exit'
import { peek, printBacktrace } from './backtrace'

/** What the machine's exit port gets after a panic. */
export const PANIC_STATUS: u32 = 127

let isPanicking: bool = false

/** Begins a panic: interrupts off, and a second panic while the first is printed ends the machine at once. */
export function beginPanic(): void {
  cli()
  if (isPanicking) exitMachine(PANIC_STATUS)
  isPanicking = true
  print('\npanic: ')
}

export function endPanic(): void {
  exitMachine(PANIC_STATUS)
}

/** Stops everything with `message` and the TypeScript backtrace of the caller. */
export function panicText(message: string, file: string | null = null, line: u32 = 0, column: u32 = 0): void {
  beginPanic()
  print(message)
  if (file !== null) {
    print(' (')
    print(file)
    print(':')
    printDecimal(line)
    print(':')
    printDecimal(column)
    print(')')
  }
  print('\n')
  const frame = framePointer()
  printBacktrace(peek(frame + 8) - 1, peek(frame))
  endPanic()
}
