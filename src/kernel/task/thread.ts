/** A thread: a stack, and where it stands. */
import { WaitQueue } from './wait-queue'

export const READY: u32 = 0
export const RUNNING: u32 = 1
export const BLOCKED: u32 = 2
export const ENDED: u32 = 3

@unmanaged
export class Thread {
  /** RSP while it does not run. First, because the entry code stores it. */
  rsp: u64
  id: u32
  state: u32
  /** The next thread in the ready list or in a wait queue. */
  next: Thread | null
  previous: Thread | null
  queue: WaitQueue | null
  /** In the list of sleepers, ascending by `wakeNs`; 0 while not in it. */
  wakeNs: u64
  nextSleeper: Thread | null
  /** Whether the last wait ended by its deadline. */
  timedOut: bool
  /** Set when the thread must end as soon as it is about to leave the kernel. */
  criticalDepth: u32
  /** The stack that kernel code runs on; where there is no other, the application's code, too. */
  stackTop: usize
  stackSize: usize
  /** Where the application's ways into the kernel arrive on it: its top, or below what waits for the end of an upcall. 0: the application has no part in this thread. */
  entryTop: usize
  /** An upcall has been raised for it, or it runs one, and where the kernel then goes on (`upcall.ts`). */
  hasUpcall: bool
  isInUpcall: bool
  upcallArgument: u32
  upcallRsp: u64
  /** The application's stack, where it is one of its own; else 0. */
  userStackTop: usize
  /** Index in the application's function table, or 0 for `main`. */
  entry: u32
  argument: u32
  exitStatus: i32
  hasEnded: bool
  /** Somebody joins it already, and will remove its record. */
  isDetached: bool
  joiners: WaitQueue
  /** Kernel memory through which a ring-3 thread's buffers travel. */
  bounce: usize
  /** The next thread in the list of all threads. */
  nextThread: Thread | null
}
