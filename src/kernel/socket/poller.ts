/**
 * Readiness of many descriptors at once, like `epoll`, level-triggered. A watch enters its poller's ready list when the
 * stack reports the descriptor and stays there while it is ready, so that a wait costs what is ready, not what is open.
 */
import { EBADF, EEXIST, EINVAL, ENOENT } from '../api/errno'
import { monotonicNs } from '../task/clock'
import { blockUntil, wakeAll } from '../task/scheduler'
import { newWaitQueue, WaitQueue } from '../task/wait-queue'
import { Descriptor, findDescriptor, OPEN_FAILED, openDescriptor, POLLER } from './descriptors'
import { ALWAYS, readinessOf } from './readiness'

const ADD: u32 = 1
const REMOVE: u32 = 2
const MODIFY: u32 = 3

const READY_IN: u32 = 1

/** Interest of one poller in one descriptor. */
@unmanaged
export class Watch {
  poller: Poller
  descriptor: Descriptor
  interest: u32
  token: u32
  /** The next watch of the same descriptor. */
  nextOfDescriptor: Watch | null
  /** All watches of the poller. */
  next: Watch | null
  previous: Watch | null
  isListed: bool
  nextReady: Watch | null
}

@unmanaged
export class Poller {
  watches: Watch | null
  firstReady: Watch | null
  lastReady: Watch | null
  waiters: WaitQueue
}

function enlist(watch: Watch): void {
  if (watch.isListed) return
  const poller = watch.poller
  watch.isListed = true
  watch.nextReady = null
  const last = poller.lastReady
  if (last) last.nextReady = watch
  else poller.firstReady = watch
  poller.lastReady = watch
}

/** Tells the pollers of `descriptor` that it has become ready. */
export function reportReady(descriptor: Descriptor, readiness: u32): void {
  let watch = descriptor.watches
  while (watch !== null) {
    if (readiness & (watch.interest | ALWAYS)) {
      enlist(watch)
      wakeAll(watch.poller.waiters)
    }
    watch = watch.nextOfDescriptor
  }
}

function unlist(watch: Watch): void {
  if (!watch.isListed) return
  const poller = watch.poller
  let before: Watch | null = null
  let other = poller.firstReady
  while (other !== null && other !== watch) {
    before = other
    other = other.nextReady
  }
  if (before) before.nextReady = watch.nextReady
  else poller.firstReady = watch.nextReady
  if (poller.lastReady === watch) poller.lastReady = before
  watch.isListed = false
}

function dropWatch(watch: Watch): void {
  unlist(watch)
  const descriptor = watch.descriptor
  let other = descriptor.watches
  while (other !== null && other.nextOfDescriptor !== watch) other = other.nextOfDescriptor
  if (other !== null) other.nextOfDescriptor = watch.nextOfDescriptor
  else descriptor.watches = watch.nextOfDescriptor
  const next = watch.next
  const previous = watch.previous
  if (next) next.previous = previous
  if (previous) previous.next = next
  else watch.poller.watches = next
  heap.free(changetype<usize>(watch))
}

/** The descriptor is about to be closed: nobody watches it any longer. */
export function forgetDescriptor(descriptor: Descriptor): void {
  while (descriptor.watches !== null) dropWatch(descriptor.watches!)
}

export function closePoller(poller: Poller): void {
  while (poller.watches !== null) dropWatch(poller.watches!)
  wakeAll(poller.waiters)
  heap.free(changetype<usize>(poller.waiters))
  heap.free(changetype<usize>(poller))
}

/** A poller is itself readable while something that it watches may be ready. */
export function pollerReadiness(poller: Poller): u32 {
  return poller.firstReady !== null ? READY_IN : 0
}

/** As `epoll_create`. */
export function pollerCreate(): i32 {
  const descriptor = openDescriptor(POLLER)
  if (descriptor === null) return OPEN_FAILED
  const poller = changetype<Poller>(heap.alloc(offsetof<Poller>()))
  memory.fill(changetype<usize>(poller), 0, offsetof<Poller>())
  poller.waiters = newWaitQueue()
  descriptor.poller = poller
  return descriptor.number
}

/** As `epoll_ctl`: `operation` is 1 add, 2 remove, 3 modify; `token` comes back with each event. */
export function pollerControl(fd: i32, operation: u32, watched: i32, interest: u32, token: u32): i32 {
  const own = findDescriptor(fd)
  const descriptor = findDescriptor(watched)
  if (own === null || descriptor === null) return -EBADF
  const poller = own.poller
  if (poller === null || own === descriptor || descriptor.kind == POLLER) return -EINVAL
  let watch: Watch | null = descriptor.watches
  while (watch !== null && watch.poller !== poller) watch = watch.nextOfDescriptor
  if (operation == ADD) {
    if (watch !== null) return -EEXIST
    watch = changetype<Watch>(heap.alloc(offsetof<Watch>()))
    memory.fill(changetype<usize>(watch), 0, offsetof<Watch>())
    watch.poller = poller
    watch.descriptor = descriptor
    watch.nextOfDescriptor = descriptor.watches
    descriptor.watches = watch
    const first = poller.watches
    watch.next = first
    if (first) first.previous = watch
    poller.watches = watch
  } else if (watch === null) return -ENOENT
  if (operation == REMOVE) {
    dropWatch(watch)
    return 0
  }
  if (operation != ADD && operation != MODIFY) return -EINVAL
  watch.interest = interest
  watch.token = token
  if (readinessOf(descriptor) & (interest | ALWAYS)) {
    enlist(watch)
    wakeAll(poller.waiters)
  }
  return 0
}

/** Writes up to `most` events (u32 token, u32 readiness) to `events`, oldest first; how many. */
function collectEvents(poller: Poller, events: usize, most: u32): u32 {
  let count: u32 = 0
  const last = poller.lastReady
  while (count < most) {
    const watch = poller.firstReady
    if (watch === null) break
    const isLast = watch === last
    poller.firstReady = watch.nextReady
    if (poller.firstReady === null) poller.lastReady = null
    watch.isListed = false
    const readiness = readinessOf(watch.descriptor) & (watch.interest | ALWAYS)
    if (readiness) {
      store<u32>(events + ((<usize>count) << 3), watch.token)
      store<u32>(events + ((<usize>count) << 3), readiness, 4)
      count++
      // Level-triggered: it is asked again next time, behind the others.
      enlist(watch)
    }
    if (isLast) break
  }
  return count
}

/** The monotonic deadline of a timeout in milliseconds; negative: none. */
export function deadlineAfter(timeoutMs: i32): u64 {
  return timeoutMs < 0 ? u64.MAX_VALUE : monotonicNs() + <u64>timeoutMs * 1_000_000
}

/** As `epoll_wait`: the number of events, 0 when `timeoutMs` has passed; a negative timeout waits for ever. */
export function pollerWait(fd: i32, events: usize, most: u32, timeoutMs: i32): i32 {
  const deadline = deadlineAfter(timeoutMs)
  while (true) {
    const descriptor = findDescriptor(fd)
    if (descriptor === null) return -EBADF
    const poller = descriptor.poller
    if (poller === null || most == 0) return -EINVAL
    const count = collectEvents(poller, events, most)
    if (count != 0 || timeoutMs == 0) return <i32>count
    if (!blockUntil(poller.waiters, deadline)) timeoutMs = 0
  }
}
