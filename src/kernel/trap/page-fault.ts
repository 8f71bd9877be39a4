/**
 * Page faults that are no mistakes: the first touch of a page that the kernel has promised, in a mapping or further down a stack.
 *
 * In ring 0 the processor pushes the frame of #PF onto the stack that the fault may be about, cannot, and raises #DF, with CR2 saying what it could not
 * write to. That is an abort by the manual (SDM Vol. 3A §6.15), but processors leave everything as it was before the instruction, and so it can be
 * resolved as well; UKL does it in the same way. Where #PF has a stack of its own, #DF remains an error.
 */
import { readCr2 } from '../lib/cpu'
import { applicationFlag } from '../mm/address-space'
import { populate } from '../mm/mappings'
import { pageFlags, PRESENT } from '../mm/page-table'
import { growStack } from '../mm/stacks'
import { isFromUser, TrapFrame } from './frame'
import { DOUBLE_FAULT, PAGE_FAULT } from './vectors'

/** The page was there: the access had no right to it. */
export const FAULT_PRESENT: u64 = 1

/** Whether the page is there now, so that the interrupted code may try again. Interrupts are off. */
export function resolvePageFault(frame: TrapFrame): bool {
  const vector = <u32>frame.vector
  if (vector != PAGE_FAULT && vector != DOUBLE_FAULT) return false
  const address = readCr2()
  if (frame.error & FAULT_PRESENT || address > 0xffff_ffff) return false
  if (growStack(<usize>address)) return true
  if (vector == DOUBLE_FAULT) return false
  // Another fault, on the stack that this one came on, has changed CR2 since: this one comes again. A page of the kernel is there for the kernel only.
  const needed = isFromUser(frame) ? PRESENT | applicationFlag() : PRESENT
  return (pageFlags(<usize>address) & needed) == needed || populate(<usize>address)
}
