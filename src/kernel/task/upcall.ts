/**
 * Upcalls: the kernel calls the application, as a signal does. A thread for which one has been raised runs the application's handler on its next way out
 * of the kernel, after a call or an interrupt, on its own stack and in the application's ring; then it goes on where it was.
 *
 * Where kernel and application have a stack each, the kernel goes out in the middle of its work: what the thread was about to go back to stays at the top of
 * its kernel stack, and what comes in meanwhile arrives below (`entryTop`). The call `endUpcall` continues it there. Other systems lay that state on
 * the application's stack, and must check what comes back; here it never leaves the kernel, and there is nothing to forge. Where there is one stack, the
 * handler is called.
 */
import { framePointer } from '../lib/cpu'
import { applicationThread, enterUpcall, switchStack } from '../lib/entry'
import { hasOwnStack, userMode } from '../lib/image'
import { EAGAIN, EINVAL, ESRCH } from '../api/errno'
import { setKernelStack } from '../trap/descriptors'
import { enterKernel, leaveForApplication, setUpcallDue } from './critical'
import { isOnUserStack, savedStackPointer } from './saved-caller'
import { currentThread } from './scheduler'
import { Thread } from './thread'
import { findThread } from './threads'

/** Bytes below the frame of a function for itself, and for what the way out pushes. */
const ROOM: usize = 1024
/** FRED wants its stacks on such a boundary. */
const STACK_ALIGNMENT: usize = 64

/** Where the application's side begins, and which of its functions is the handler; 0: there is none. */
let entryAddress: usize = 0
let handler: u32 = 0

/** Upcalls begin at `address`, with `entry` as first argument. */
export function setUpcall(address: u32, entry: u32): void {
  entryAddress = <usize>address
  handler = entry
}

/** Has thread `id` run the handler with `argument`. EAGAIN while it has not begun with the one before. */
export function raise(id: u32, argument: u32): i32 {
  if (handler == 0) return -EINVAL
  const thread = findThread(id)
  if (thread === null || thread.hasEnded || thread.entryTop == 0) return -ESRCH
  if (thread.hasUpcall) return -EAGAIN
  thread.hasUpcall = true
  thread.upcallArgument = argument
  if (thread === currentThread()) noteUpcall(thread)
  return 0
}

/** Has the way out of the kernel look at `thread`, which runs. */
export function noteUpcall(thread: Thread): void {
  setUpcallDue(thread.hasUpcall && !thread.isInUpcall)
}

/** Runs what has been raised for the running thread, outside the kernel; false if that has to wait for the next way out. */
export function runUpcalls(): bool {
  enterKernel()
  const thread = currentThread()
  let hasRun = false
  while (thread.hasUpcall && !thread.isInUpcall && isReady(thread)) {
    thread.hasUpcall = false
    thread.isInUpcall = true
    if (hasOwnStack()) goOut(thread)
    else {
      leaveForApplication()
      applicationThread(handler, thread.upcallArgument)
      enterKernel()
    }
    thread.isInUpcall = false
    hasRun = true
  }
  noteUpcall(thread)
  leaveForApplication()
  return hasRun
}

/** Whether the application's RSP is known: in ring 0, an interrupt may have come between a change of stacks and the saving of the old one. */
function isReady(thread: Thread): bool {
  if (!hasOwnStack() || userMode() || isOnUserStack(thread, <usize>framePointer())) return true
  const rsp = savedStackPointer(thread.entryTop)
  return rsp == 0 || isOnUserStack(thread, rsp)
}

/** Out to the handler; returns, inside the kernel, when it has ended. */
function goOut(thread: Thread): void {
  const here = <usize>framePointer()
  const top = thread.entryTop
  let rsp: usize
  if (isOnUserStack(thread, here)) rsp = here - ROOM
  else {
    rsp = savedStackPointer(top)
    // A new thread, which has not been out yet.
    if (rsp == 0) rsp = thread.userStackTop
    setEntryTop(thread, (here - ROOM) & ~(STACK_ALIGNMENT - 1))
  }
  const saved = changetype<usize>(thread) + offsetof<Thread>('upcallRsp')
  leaveForApplication()
  enterUpcall(entryAddress, (rsp & ~15) - 8, handler, thread.upcallArgument, saved)
  setEntryTop(thread, top)
}

function setEntryTop(thread: Thread, top: usize): void {
  thread.entryTop = top
  setKernelStack(top)
}

/** The running thread's handler has ended. Returns only if there was none. */
export function endUpcall(): i32 {
  const thread = currentThread()
  if (!thread.isInUpcall || !hasOwnStack()) return -EINVAL
  // Nobody comes back to where this is.
  switchStack(changetype<usize>(thread), thread.upcallRsp)
  return 0
}
