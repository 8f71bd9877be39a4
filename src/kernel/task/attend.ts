/** What interrupts have noted is done here, inside the kernel, with interrupts on. */
import { pollNetwork, runNetworkTimers } from '../driver/network'
import { fillReserve } from '../mm/reserve'
import { armAlarm } from './alarm'
import { monotonicNs } from './clock'
import { EVENT_NETWORK, EVENT_RESERVE, EVENT_TIMER, takeNote } from './critical'
import { checkSlice, wakeSleepers } from './scheduler'

export function attend(): void {
  if (takeNote(EVENT_RESERVE)) fillReserve()
  if (takeNote(EVENT_NETWORK)) pollNetwork()
  if (takeNote(EVENT_TIMER)) {
    const now = monotonicNs()
    wakeSleepers(now)
    runNetworkTimers(now)
    checkSlice(now)
  }
  armAlarm()
}
