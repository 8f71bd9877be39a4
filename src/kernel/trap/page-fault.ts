/** Page faults that are no mistakes: the first touch of a page that the kernel has promised. */
import { readCr2 } from '../lib/cpu'
import { populate } from '../mm/mappings'
import { TrapFrame } from './frame'

/** The page was there: the access had no right to it. */
export const FAULT_PRESENT: u64 = 1

/** Whether the page is there now, so that the interrupted code may try again. Interrupts are off. */
export function resolvePageFault(frame: TrapFrame): bool {
  const address = readCr2()
  if (frame.error & FAULT_PRESENT || address > 0xffff_ffff) return false
  return populate(<usize>address)
}
