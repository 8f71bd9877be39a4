/** A pending exception while CR0.NE is clear: FERR# and IGNNE# instead of #MF. SDM Vol. 1, 8.7 and appendix D.2; Vol. 3A, 2.5 (CR0.NE). */
import * as L from '../../layout'
import { CR0_NE } from '../bits'
import * as host from '../host'
import { cr0Has } from '../state'
import { AGAIN, CONTINUE } from '../status'

/** Before a waiting instruction: it goes on under IGNNE#, or else freezes until an interrupt. */
export function x87Ferr(cpu: usize): i32 {
  if (host.ferr(cpu, 1)) return CONTINUE
  store<u32>(cpu, 1, L.HALTED)
  return AGAIN
}

/** No exception is pending any more. */
export function releaseFerr(cpu: usize): void {
  if (!cr0Has(cpu, CR0_NE)) host.ferr(cpu, 0)
}
