/** What IRET and far RET share: popping, and the checks of the code and stack segment they return to. */
import { SS } from '../../layout'
import { DESC_L } from '../bits'
import { readStack } from '../mmu/memory'
import { pending, raiseGp, raiseSs } from '../raise'
import * as D from '../segmentation/descriptor'
import { isCode, isConforming, setNullStack } from '../segmentation/load'
import { isWithin } from '../segmentation/limit'
import { getCpl, getGpr, longMode, mode64, RSP, segAttributes, segBase, segLimit, stackMask } from '../state'
import { isFred } from './fred'
import { checkCodeEntry, fetchDescriptor, markAccessed } from './code-target'
import { setStack } from './commit'
import { fetchStack, FROM_STACK } from './stack-target'

/** The value `offset` bytes above the top of the stack; RSP does not move. Check `pending` afterwards. */
export function peek(cpu: usize, offset: u32, size: u32): u64 {
  const at = (getGpr(cpu, RSP) + offset) & stackMask(cpu)
  if (mode64(cpu)) return readStack(cpu, at, size)
  if (isWithin(segAttributes(cpu, SS), segLimit(cpu, SS), <u32>at, size)) {
    return readStack(cpu, (segBase(cpu, SS) + at) & 0xffff_ffff, size)
  }
  raiseSs(cpu, 0)
  return 0
}

/** The checked descriptor of the code segment to return to, at the level of its RPL; check `pending`. */
export function fetchReturnCode(cpu: usize, selector: u32, rip: u64, isEretu: bool = false): u64 {
  const descriptor = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return D.NO_DESCRIPTOR
  const attributes = D.attributesOf(descriptor)
  const rpl = D.rplOf(selector)
  const dpl = D.dplOf(attributes)
  let isAllowed = isConforming(attributes) ? dpl <= rpl : dpl == rpl
  // With FRED only ERETU leaves ring 0, and ring 0 runs 64-bit code only.
  if (getCpl(cpu) == 0 && isFred(cpu) && !isEretu) isAllowed = rpl == 0 && (attributes & DESC_L) != 0
  if (!isCode(attributes) || rpl < getCpl(cpu) || !isAllowed) {
    raiseGp(cpu, selector)
    return D.NO_DESCRIPTOR
  }
  if (checkCodeEntry(cpu, selector, descriptor, rip)) return D.NO_DESCRIPTOR
  return markAccessed(cpu, selector, descriptor) ? D.NO_DESCRIPTOR : descriptor
}

/** No stack segment: allowed when returning to 64-bit code above ring 3. */
export const NULL_STACK: u64 = 0

/** The checked descriptor of the stack segment to return to, or NULL_STACK; check `pending`. */
export function fetchReturnStack(cpu: usize, selector: u32, codeSelector: u32, code: u64): u64 {
  const rpl = D.rplOf(codeSelector)
  if (!D.isNull(selector)) return fetchStack(cpu, selector, rpl, FROM_STACK)
  const to64 = longMode(cpu) && (D.attributesOf(code) & DESC_L) != 0
  if (to64 && rpl != 3 && D.rplOf(selector) == rpl) return NULL_STACK
  raiseGp(cpu, 0)
  return D.NO_DESCRIPTOR
}

export function setReturnStack(cpu: usize, selector: u32, descriptor: u64, cpl: u32): void {
  if (descriptor == NULL_STACK) setNullStack(cpu, selector, cpl)
  else setStack(cpu, selector, descriptor)
}
