/** Where every interrupt and exception arrives, called by the entry code with interrupts off. */
import { cli, sti } from '../lib/cpu'
import { endOfInterrupt } from '../driver/local-apic'
import { alarmFired } from '../task/alarm'
import { catchUp, EVENT_NETWORK, EVENT_TIMER, isInKernel, note, requestReschedule } from '../task/critical'
import { exception } from './exception'
import { TrapFrame } from './frame'
import { FIRST_DEVICE, NETWORK, SPURIOUS, TIMER } from './vectors'

/** Returns when the interrupted code may go on. */
export function interrupt(frame: TrapFrame): void {
  const vector = <u32>frame.vector
  if (vector < FIRST_DEVICE) {
    exception(frame)
    return
  }
  if (vector == SPURIOUS) return
  if (vector == TIMER) {
    alarmFired()
    note(EVENT_TIMER)
  } else if (vector == NETWORK) note(EVENT_NETWORK)
  endOfInterrupt()
  if (isInKernel()) return
  // The application was running: attend at once, and let a thread that this has woken go first.
  requestReschedule(true)
  sti()
  catchUp()
  cli()
}
