/**
 * The one-shot timer is set to whatever comes first. It is never put off: setting it costs more than an interrupt now and then that finds nothing to do,
 * and sets it to what then comes first. Without anything to come it stays silent.
 */
import { networkDeadline } from '../driver/network'
import { setTimer } from '../driver/local-apic'
import { schedulerDeadline } from './scheduler'

const NEVER: u64 = u64.MAX_VALUE
let armedNs: u64 = 0xffff_ffff_ffff_ffff

/** Makes sure that the timer fires at `deadlineNs` (monotonic; `u64.MAX_VALUE`: never) or before. */
export function armAt(deadlineNs: u64): void {
  if (deadlineNs >= armedNs) return
  armedNs = deadlineNs
  setTimer(deadlineNs)
}

/** The same for the nearest deadline that there is. */
export function armAlarm(): void {
  armAt(min(schedulerDeadline(), networkDeadline()))
}

/** The timer has fired. */
export function alarmFired(): void {
  armedNs = NEVER
}
