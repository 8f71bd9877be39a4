/** Making, joining and ending threads. */
import {
  applicationMainAddress,
  applicationThreadAddress,
  enterApplication,
  threadStartAddress,
} from '../lib/entry'
import { applicationMain, applicationThread } from '../lib/entry'
import { hasOwnStack } from '../lib/image'
import { allocateStack, allocateUserStack, APPLICATION_STACK, freeStack, KERNEL_STACK } from '../mm/stacks'
import { releaseDescriptorsOf } from '../socket/descriptors'
import { exitMachine } from '../driver/exit'
import { enterKernel, leaveKernel } from './critical'
import { blockUntil, bury, currentThread, endThread, makeReady, wakeAll } from './scheduler'
import { READY, Thread } from './thread'
import { newWaitQueue } from './wait-queue'

const ENOMEM: i32 = -12
const ESRCH: i32 = -3
const EDEADLK: i32 = -35

/** What a thread's `entry` is when it runs the application's `main`. */
const MAIN: u32 = 0xffff_ffff

let all: Thread | null = null
let lastId: u32 = 0
/** Threads that run the application's code and have not ended. */
let applicationThreads: u32 = 0

function newThread(): Thread {
  const thread = changetype<Thread>(heap.alloc(offsetof<Thread>()))
  memory.fill(changetype<usize>(thread), 0, offsetof<Thread>())
  thread.id = ++lastId
  thread.state = READY
  thread.joiners = newWaitQueue()
  thread.criticalDepth = 1
  thread.nextThread = all
  all = thread
  return thread
}

/** The record of the code that boots. Its stack is the boot stack. */
export function newBootThread(): Thread {
  return newThread()
}

/**
 * Puts what `switchStack` expects onto a new stack: R15, R14, R13, R12 (the thread), RBP, RBX, then the address of
 * `threadStart`. The zeros above end backtraces, and say that no RSP of the application has been saved.
 */
function prepareStack(thread: Thread): void {
  const rsp = thread.stackTop - 72
  memory.fill(rsp, 0, 72)
  store<u64>(rsp + 24, changetype<usize>(thread))
  store<u64>(rsp + 48, threadStartAddress())
  thread.rsp = rsp
}

function spawn(entry: u32, argument: u32): i32 {
  const thread = newThread()
  thread.entry = entry
  thread.argument = argument
  thread.stackSize = hasOwnStack() ? KERNEL_STACK : APPLICATION_STACK
  thread.stackTop = allocateStack(thread.stackSize)
  if (hasOwnStack() && thread.stackTop != 0) thread.userStackTop = allocateUserStack()
  if (thread.stackTop == 0 || (hasOwnStack() && thread.userStackTop == 0)) {
    forget(thread)
    return ENOMEM
  }
  thread.entryTop = thread.stackTop
  prepareStack(thread)
  applicationThreads++
  makeReady(thread)
  return <i32>thread.id
}

/** A thread that runs `entry`, an index of the application's function table, with `argument`: its id, or an errno. */
export function spawnThread(entry: u32, argument: u32): i32 {
  return spawn(entry, argument)
}

/** The application's first thread. */
export function spawnMain(): i32 {
  return spawn(MAIN, 0)
}

/** Where every new thread begins, on its own stack, inside the kernel. The entry code calls it. */
export function runThread(thread: Thread): void {
  bury()
  if (hasOwnStack()) {
    const main = thread.entry == MAIN
    const rip = main ? applicationMainAddress() : applicationThreadAddress()
    leaveKernel()
    enterApplication(rip, thread.userStackTop - 8, thread.entry, thread.argument)
  }
  leaveKernel()
  if (thread.entry == MAIN) exitMachine(applicationMain())
  applicationThread(thread.entry, thread.argument)
  enterKernel()
  exitThread(0)
}

/** The list of all threads, linked by `nextThread`. */
export function firstThread(): Thread | null {
  return all
}

/** The thread of that id whose record is still there. */
export function findThread(id: u32): Thread | null {
  let thread = all
  while (thread !== null && thread.id != id) thread = thread.nextThread
  return thread
}

/** Waits until thread `id` has ended and returns its status, or an errno. A thread may be joined once. */
export function joinThread(id: u32): i32 {
  const thread = findThread(id)
  if (thread === null || thread.isDetached) return ESRCH
  if (thread === currentThread()) return EDEADLK
  thread.isDetached = true
  while (!thread.hasEnded) blockUntil(thread.joiners, u64.MAX_VALUE)
  const status = thread.exitStatus
  forget(thread)
  return status
}

/** Ends the running thread with `status`. When it was the application's last, the machine ends with that status. */
export function exitThread(status: i32): void {
  const thread = currentThread()
  thread.exitStatus = status
  thread.hasEnded = true
  wakeAll(thread.joiners)
  if (--applicationThreads == 0) exitMachine(<u32>status)
  endThread()
}

/** Ends the running thread because it did something forbidden; what it had opened is closed. */
export function killThread(): void {
  releaseDescriptorsOf(currentThread().id)
  exitThread(139)
}

/** Frees the stacks of a thread that has left for ever (the boot stack belongs to the image); its record stays until somebody has joined it. */
export function buryThread(thread: Thread): void {
  if (thread.stackTop != 0) freeStack(thread.stackTop)
  thread.stackTop = 0
  if (thread.userStackTop != 0) freeStack(thread.userStackTop)
  thread.userStackTop = 0
  if (thread.bounce != 0) heap.free(thread.bounce)
  thread.bounce = 0
}

/** Removes a thread's record. */
function forget(thread: Thread): void {
  let other = all
  while (other !== null && other.nextThread !== thread) other = other.nextThread
  if (other !== null) other.nextThread = thread.nextThread
  else all = thread.nextThread
  heap.free(changetype<usize>(thread.joiners))
  heap.free(changetype<usize>(thread))
}
