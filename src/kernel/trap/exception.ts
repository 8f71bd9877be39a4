/** Exceptions: an application in ring 3 loses the thread that caused one; anything else is a panic. */
import { readCr2, sti } from '../lib/cpu'
import { userMode } from '../lib/image'
import { print, printDecimal, printHex } from '../lib/text'
import { APPLICATION_END, APPLICATION_START } from '../mm/address-space'
import { isStackAddress } from '../mm/stacks'
import { currentThread } from '../task/scheduler'
import { enterKernel } from '../task/critical'
import { killThread } from '../task/threads'
import { printBacktrace } from './backtrace'
import { isFromUser, TrapFrame } from './frame'
import { FAULT_PRESENT, resolvePageFault } from './page-fault'
import { beginPanic, endPanic } from './panic'
import { DEBUG, DOUBLE_FAULT, exceptionName, GENERAL_PROTECTION, INVALID_OPCODE, PAGE_FAULT } from './vectors'

const FAULT_WRITE: u64 = 2
const FAULT_FETCH: u64 = 16
const TRAP_FLAG: u64 = 0x100

/** What an address belongs to, for people. */
function printRegion(address: u64): void {
  if (address < 4096) print('the null page')
  else if (address < <u64>APPLICATION_START) print("the kernel's memory")
  else if (address < <u64>APPLICATION_END) print("the application's window")
  else if (isStackAddress(address)) print('the stacks')
  else print('no memory of the machine')
}

function printPageFault(frame: TrapFrame, address: u64): void {
  const error = frame.error
  const verb = error & FAULT_FETCH ? 'jumped to ' : error & FAULT_WRITE ? 'wrote to ' : 'read from '
  print(verb)
  printHex(address)
  if (isStackAddress(address) && !(error & FAULT_PRESENT))
    print(', below its stack: the stack has overflowed')
  else {
    print(' in ')
    printRegion(address)
    print(error & FAULT_PRESENT ? ', which it has no right to' : ', where nothing is mapped')
  }
}

/** Says in a sentence what the interrupted code did. */
function printDeed(frame: TrapFrame): void {
  const vector = <u32>frame.vector
  if (vector == PAGE_FAULT) printPageFault(frame, readCr2())
  else if (vector == DOUBLE_FAULT && isStackAddress(readCr2())) print('overflowed its stack')
  else if (vector == GENERAL_PROTECTION && isFromUser(frame)) print('executed a privileged instruction')
  else if (vector == INVALID_OPCODE) print('reached code that must not be reached, or an invalid instruction')
  else print('caused an exception')
  print(' (')
  print(exceptionName(vector))
  if (frame.error != 0) {
    print(', error code ')
    printHex(frame.error)
  }
  print(')\n')
}

/** A single step that ring 3 has asked for: SYSENTER and call gates let TF into ring 0, which ends it (as Linux does). */
function endSingleStep(frame: TrapFrame): bool {
  if (<u32>frame.vector != DEBUG || !userMode() || isFromUser(frame) || !(frame.rflags & TRAP_FLAG))
    return false
  frame.rflags &= ~TRAP_FLAG
  return true
}

/** Returns only when the code may continue: after a page fault that was none of its mistakes, or a step that was not its own. */
export function exception(frame: TrapFrame): void {
  if (resolvePageFault(frame) || endSingleStep(frame)) return
  if (!isFromUser(frame)) {
    beginPanic()
    print('the kernel or an application in its ring ')
    printDeed(frame)
    printBacktrace(frame.rip, frame.rbp)
    endPanic()
  }
  enterKernel()
  sti()
  print('\nstopped: thread ')
  printDecimal(currentThread().id)
  print(' ')
  printDeed(frame)
  printBacktrace(frame.rip, frame.rbp)
  killThread()
}
