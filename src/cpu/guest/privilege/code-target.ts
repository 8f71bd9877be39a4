/** Reading and checking the code segment that a gate, a far transfer or a return leads to. */
import { STEP_READ_CODE_DESCRIPTOR } from '../../probe'
import { DESC_DB, DESC_L, DESC_P } from '../bits'
import { isCanonical } from '../mmu/canonical'
import { pending, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { longMode } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'

/**
 * The descriptor that a selector names, when nothing is `pending` afterwards (any 64 bits can be a descriptor). #GP(selector) beyond the
 * table, #GP(0) when the selector is null.
 * The address for `markDescriptor` is `descriptorAddress` of the same selector.
 */
export function fetchDescriptor(cpu: usize, selector: u32): u64 {
  if (D.isNull(selector)) {
    raiseGp(cpu, 0)
    return D.NO_DESCRIPTOR
  }
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) {
    raiseGp(cpu, selector)
    return D.NO_DESCRIPTOR
  }
  const descriptor = D.readDescriptor(cpu, at)
  if (pending(cpu)) return D.NO_DESCRIPTOR
  step(cpu, STEP_READ_CODE_DESCRIPTOR, descriptor)
  return descriptor
}

/** Present, not both 64-bit and 32-bit, and the entry point inside it. */
export function checkCodeEntry(cpu: usize, selector: u32, descriptor: u64, rip: u64): i32 {
  const attributes = D.attributesOf(descriptor)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  const isLong = longMode(cpu)
  if (isLong && (attributes & (DESC_L | DESC_DB)) == (DESC_L | DESC_DB)) return raiseGp(cpu, selector)
  const is64 = isLong && (attributes & DESC_L) != 0
  const isInside = is64 ? isCanonical(cpu, rip) : rip <= <u64>D.limitOf(descriptor)
  return isInside ? CONTINUE : raiseGp(cpu, 0)
}

/** Sets the accessed bit of the segment that `selector` names. */
export function markAccessed(cpu: usize, selector: u32, descriptor: u64): i32 {
  return D.markDescriptor(cpu, D.descriptorAddress(cpu, selector, 8), descriptor, 1) ? EXCEPTION : CONTINUE
}
