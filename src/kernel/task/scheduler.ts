/**
 * Who runs. Round robin with a slice of 10 ms; a thread that an interrupt has woken comes next. Without a ready thread
 * the processor sleeps in HLT, on the stack of whoever ran last. Everything here runs inside the kernel (`critical.ts`).
 */
import { cli, sti, stiHlt } from '../lib/cpu'
import { switchStack } from '../lib/entry'
import { setKernelStack } from '../trap/descriptors'
import { monotonicNs } from './clock'
import { attend } from './attend'
import { armAlarm, armAt } from './alarm'
import { criticalDepth, hasNotes, requestReschedule, setCriticalDepth } from './critical'
import { BLOCKED, ENDED, READY, RUNNING, Thread } from './thread'
import { buryThread } from './threads'
import { noteUpcall } from './upcall'
import { WaitQueue, newWaitQueue } from './wait-queue'

const SLICE_NS: u64 = 10_000_000
const NEVER: u64 = u64.MAX_VALUE

let ready: WaitQueue = changetype<WaitQueue>(0)
let running: Thread = changetype<Thread>(0)
let sleepers: Thread | null = null
/** The thread that boots is not hurried: it ends as soon as the others can run. */
let sliceEndNs: u64 = 0xffff_ffff_ffff_ffff
/** A thread that has ended and whose stack was still in use when it left. */
let departed: Thread | null = null

/** While set, only a wait or the end of the running thread lets another one run. */
let isPaused: bool = false

export function setPaused(on: bool): void {
  isPaused = on
}

/** Makes the code that now runs the first thread. */
export function initScheduler(first: Thread): void {
  ready = newWaitQueue()
  running = first
  first.state = RUNNING
}

export function currentThread(): Thread {
  return running
}

/** Puts a thread that waits, or a new one, at the end of the ready list. */
export function makeReady(thread: Thread): void {
  thread.state = READY
  // From now on somebody waits for the end of the running thread's slice.
  if (ready.first === null && running.state == RUNNING) armAt(sliceEndNs)
  ready.push(thread)
}

/** Ends the wait of a blocked thread. */
function wake(thread: Thread, timedOut: bool): void {
  const queue = thread.queue
  if (queue) queue.remove(thread)
  if (thread.wakeNs != 0) removeSleeper(thread)
  thread.timedOut = timedOut
  makeReady(thread)
}

/** Wakes the thread that waits longest; false if there is none. */
export function wakeOne(queue: WaitQueue): bool {
  const thread = queue.first
  if (thread === null) return false
  wake(thread, false)
  return true
}

export function wakeAll(queue: WaitQueue): void {
  while (wakeOne(queue)) {}
}

function removeSleeper(thread: Thread): void {
  thread.wakeNs = 0
  if (sleepers === thread) {
    sleepers = thread.nextSleeper
    return
  }
  let other = sleepers
  while (other !== null && other.nextSleeper !== thread) other = other.nextSleeper
  if (other !== null) other.nextSleeper = thread.nextSleeper
}

function addSleeper(thread: Thread, deadlineNs: u64): void {
  thread.wakeNs = deadlineNs
  // Whoever runs meanwhile may never enter the kernel.
  armAt(deadlineNs)
  const head = sleepers
  if (head === null || head.wakeNs > deadlineNs) {
    thread.nextSleeper = head
    sleepers = thread
    return
  }
  let before = head
  while (true) {
    const next = before.nextSleeper
    if (next === null || next.wakeNs > deadlineNs) break
    before = next
  }
  thread.nextSleeper = before.nextSleeper
  before.nextSleeper = thread
}

/** Wakes every sleeper whose time has come. */
export function wakeSleepers(nowNs: u64): void {
  while (true) {
    const head = sleepers
    if (head === null || head.wakeNs > nowNs) return
    wake(head, true)
  }
}

/** When the scheduler next needs the timer. */
export function schedulerDeadline(): u64 {
  const head = sleepers
  const wakeNs = head === null ? NEVER : head.wakeNs
  return ready.first !== null ? min(wakeNs, sliceEndNs) : wakeNs
}

/**
 * Asks for a switch when the running thread has used up its slice and another one waits. The slice then has no end any
 * more: a timer set to a time in the past would interrupt the kernel again and again before it comes to switch.
 */
export function checkSlice(nowNs: u64): void {
  if (ready.first === null || nowNs < sliceEndNs) return
  sliceEndNs = NEVER
  requestReschedule(true)
}

/**
 * Waits in `queue` (null: in none) until woken or until `deadlineNs` (monotonic; `u64.MAX_VALUE`: for ever).
 * True if woken, false if the time is up.
 */
export function blockUntil(queue: WaitQueue | null, deadlineNs: u64): bool {
  const thread = running
  thread.state = BLOCKED
  thread.timedOut = false
  if (queue) queue.push(thread)
  if (deadlineNs != NEVER) addSleeper(thread, max<u64>(deadlineNs, 1))
  switchAway()
  return !thread.timedOut
}

/** Lets the other ready threads run first. */
export function yieldThread(): void {
  requestReschedule(false)
  if (ready.first === null || isPaused) return
  makeReady(running)
  switchAway()
}

/** Ends the running thread. Does not return. */
export function endThread(): void {
  running.state = ENDED
  switchAway()
}

/** Chooses the next thread, sleeping until there is one, and continues it. */
function switchAway(): void {
  isPaused = false
  while (ready.first === null) waitForInterrupt()
  const next = ready.first!
  ready.remove(next)
  requestReschedule(false)
  const previous = running
  next.state = RUNNING
  sliceEndNs = monotonicNs() + SLICE_NS
  if (ready.first !== null) armAt(sliceEndNs)
  if (next === previous) return
  running = next
  setKernelStack(next.entryTop)
  noteUpcall(next)
  previous.criticalDepth = criticalDepth()
  if (previous.state == ENDED) departed = previous
  switchStack(changetype<usize>(previous), next.rsp)
  // Somebody has switched back to us: `running` is this thread again.
  setCriticalDepth(running.criticalDepth)
  bury()
}

/** Frees the thread that has just left for ever. The first act of whoever runs after it. */
export function bury(): void {
  const thread = departed
  if (thread === null) return
  departed = null
  buryThread(thread)
}

function waitForInterrupt(): void {
  if (!hasNotes()) {
    armAlarm()
    cli()
    if (!hasNotes()) stiHlt()
    sti()
  }
  while (hasNotes()) attend()
}
