/** What the collector of the application needs of the kernel: the other threads held still, and what their stacks hold. */
import { clac, stac } from '../lib/cpu'
import { hasOwnStack, imageEnd, segments } from '../lib/image'
import { APPLICATION_END, APPLICATION_START, isSmapOn } from '../mm/address-space'
import { memoryEnd } from '../mm/frames'
import { isOnUserStack, savedStackPointer } from './saved-caller'
import { currentThread, setPaused } from './scheduler'
import { ENDED, Thread } from './thread'
import { firstThread } from './threads'

/** Lets only the calling thread run until it says otherwise, waits, or ends. */
export function pauseThreads(isPaused: u32): void {
  setPaused(isPaused != 0)
}

/** End of the stack that the application's code of the calling thread uses. */
export function stackTop(): u32 {
  const thread = currentThread()
  return <u32>(thread.userStackTop != 0 ? thread.userStackTop : thread.stackTop)
}

/** Whether the application's heap may reach to `word`: it has its own window, or in one program with the kernel none. */
function mayBeObject(word: usize): bool {
  if (load<u32>(segments()) == 0) return word >= imageEnd() && word < memoryEnd()
  return word >= APPLICATION_START && word < APPLICATION_END
}

let out: usize = 0
let room: u32 = 0
let toSkip: u32 = 0
let found: u32 = 0

function scan(from: usize, to: usize): void {
  for (let at = from & ~3; at < to && found < room; at += 4) {
    const word = <usize>load<u32>(at)
    if (!mayBeObject(word)) continue
    if (toSkip != 0) toSkip--
    else store<u32>(out + (found++ << 2), <u32>word)
  }
}

/** The application's stack, from `rsp` on; in ring 3 its pages are the application's. */
function scanUserStack(thread: Thread, rsp: usize): void {
  if (!isOnUserStack(thread, rsp)) return
  if (isSmapOn()) stac()
  scan(rsp, thread.userStackTop)
  if (isSmapOn()) clac()
}

/** All stacks of a thread that does not run. */
function scanThread(thread: Thread): void {
  const rsp = <usize>thread.rsp
  if (!hasOwnStack()) return scan(rsp, thread.stackTop)
  // In ring 0 an interrupt leaves a thread on the stack on which it found it.
  if (isOnUserStack(thread, rsp)) return scan(rsp, thread.userStackTop)
  scan(rsp, thread.stackTop)
  scanUserStack(thread, savedStackPointer(thread.entryTop))
}

/**
 * Writes to `words` up to `most` words of the other threads' stacks and saved registers that may be addresses of
 * objects, after leaving out the first `skip`: how many.
 */
export function stackWords(words: usize, most: u32, skip: u32): i32 {
  out = words
  room = most
  toSkip = skip
  found = 0
  let thread = firstThread()
  while (thread !== null && found < room) {
    if (thread !== currentThread() && thread.state != ENDED && thread.stackTop != 0) scanThread(thread)
    thread = thread.nextThread
  }
  return <i32>found
}
