/** An application that breaks the rules in a system call, or gives up by itself, loses the thread that did it. */
import { framePointer } from '../lib/cpu'
import { hasOwnStack, savedRbp, userMode } from '../lib/image'
import { print, printBytes, printDecimal, printHex } from '../lib/text'
import { exitMachine } from '../driver/exit'
import { currentThread } from '../task/scheduler'
import { savedStackPointer } from '../task/saved-caller'
import { killThread } from '../task/threads'
import { peek, printBacktrace } from './backtrace'
import { PANIC_STATUS } from './panic'

function begin(): void {
  print('\nstopped: thread ')
  printDecimal(currentThread().id)
  print(' ')
}

/** Prints where in the application the current call comes from. */
function printCaller(): void {
  if (!hasOwnStack()) {
    const frame = framePointer()
    printBacktrace(peek(frame + 8) - 1, peek(frame))
    return
  }
  const top = currentThread().entryTop
  // The stub of the call is a leaf: its return address lies at RSP.
  printBacktrace(peek(savedStackPointer(top)) - 1, load<u64>(top - savedRbp()))
}

/** Stops the running thread because it gave `call` a pointer that it must not use. Does not return. */
export function badPointer(call: string, parameter: string, address: usize, length: u32): void {
  begin()
  print('passed a bad pointer to the call ')
  print(call)
  print(': ')
  print(parameter)
  print(' ')
  printHex(address)
  print(', ')
  printDecimal(length)
  print(' bytes\n')
  printCaller()
  killThread()
}

/** Stops the running thread because the application called `abort` with `message`. Does not return. */
export function applicationFailed(message: usize, length: u32): void {
  begin()
  print('failed: ')
  printBytes(message, length)
  print('\n')
  printCaller()
  if (!userMode()) exitMachine(PANIC_STATUS)
  killThread()
}
