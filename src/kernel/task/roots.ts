/** What the collector of the application needs of the kernel: the other threads held still, and what their stacks hold. */
import { clac, stac } from '../lib/cpu'
import { imageEnd, segments, userMode } from '../lib/image'
import { APPLICATION_END, APPLICATION_START, isSmapOn } from '../mm/address-space'
import { memoryEnd } from '../mm/frames'
import { APPLICATION_STACK } from '../mm/stacks'
import { currentThread, setPaused } from './scheduler'
import { ENDED, Thread } from './thread'
import { firstThread } from './threads'

/** SS of ring 3, which an interrupt pushes first; SYSCALL's entry pushes RSP first. */
const USER_SS: u64 = 0x23

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

/** RSP in ring 3 of a thread that is now in the kernel. */
function userStackPointer(thread: Thread): usize {
  const first = load<u64>(thread.stackTop - 8)
  return <usize>(first == USER_SS ? load<u64>(thread.stackTop - 16) : first)
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
    if (thread !== currentThread() && thread.state != ENDED && thread.stackTop != 0) {
      scan(<usize>thread.rsp, thread.stackTop)
      if (userMode()) {
        const rsp = userStackPointer(thread)
        if (isSmapOn()) stac()
        if (rsp >= thread.userStackTop - APPLICATION_STACK && rsp < thread.userStackTop)
          scan(rsp, thread.userStackTop)
        if (isSmapOn()) clac()
      }
    }
    thread = thread.nextThread
  }
  return <i32>found
}
