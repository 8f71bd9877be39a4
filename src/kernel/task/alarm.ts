/** The one-shot timer is set to whatever comes first; without anything to come it stays silent. */
import { networkDeadline } from '../driver/network'
import { setTimer, stopTimer } from '../driver/local-apic'
import { schedulerDeadline } from './scheduler'

const NEVER: u64 = u64.MAX_VALUE
let armedNs: u64 = 0xffff_ffff_ffff_ffff

/** Sets the timer anew if the nearest deadline has changed. */
export function armAlarm(): void {
  const deadline = min(schedulerDeadline(), networkDeadline())
  if (deadline == armedNs) return
  armedNs = deadline
  if (deadline == NEVER) stopTimer()
  else setTimer(deadline)
}

/** The timer has fired. */
export function alarmFired(): void {
  armedNs = NEVER
}
