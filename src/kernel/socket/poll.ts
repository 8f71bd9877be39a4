/** `poll`: readiness of a few descriptors, given as an array of {i32 descriptor, u32 interest, u32 readiness}. */
import { EINVAL } from '../api/errno'
import { blockUntil } from '../task/scheduler'
import { close, findDescriptor } from './descriptors'
import { deadlineAfter, pollerControl, pollerCreate } from './poller'
import { ALWAYS, readinessOf } from './readiness'

export const ENTRY: usize = 12
/** Reported for a number that is no descriptor, as POLLNVAL. */
export const INVALID: u32 = 0x20
export const MOST_ENTRIES: u32 = 4096

function scan(entries: usize, count: u32): i32 {
  let ready = 0
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + i * ENTRY
    const number = load<i32>(entry)
    let readiness: u32 = 0
    if (number >= 0) {
      const descriptor = findDescriptor(number)
      readiness = descriptor === null ? INVALID : readinessOf(descriptor) & (load<u32>(entry, 4) | ALWAYS)
    }
    store<u32>(entry, readiness, 8)
    if (readiness != 0) ready++
  }
  return ready
}

/** As POSIX `poll`: how many of the `count` entries are ready, 0 when `timeoutMs` has passed. */
export function poll(entries: usize, count: u32, timeoutMs: i32): i32 {
  if (count > MOST_ENTRIES) return -EINVAL
  const deadline = deadlineAfter(timeoutMs)
  const ready = scan(entries, count)
  if (ready != 0 || timeoutMs == 0) return ready
  // A poller of its own carries the wait, so that one thread can wait on many descriptors.
  const own = pollerCreate()
  if (own < 0) return own
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + i * ENTRY
    if (load<i32>(entry) >= 0) pollerControl(own, 1, load<i32>(entry), load<u32>(entry, 4), 0)
  }
  const poller = findDescriptor(own)!.poller!
  let result = scan(entries, count)
  while (result == 0 && blockUntil(poller.waiters, deadline)) result = scan(entries, count)
  close(own)
  return result
}
