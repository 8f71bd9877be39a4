/** Far JMP: to another code segment of the same level, directly or through a call gate. SDM Vol. 2A, JMP; Vol. 3A, 5.8. */
import { CS } from '../../layout'
import { TRANSITION_FAR_JUMP } from '../../probe'
import { pending, raiseGp } from '../raise'
import * as D from '../segmentation/descriptor'
import { isCode, isConforming, isRealOrVm86, setReal } from '../segmentation/load'
import { getCpl } from '../state'
import { EXCEPTION, JUMP } from '../status'
import { begin, end } from '../trace'
import { DESC_L } from '../bits'
import { isFred } from './fred'
import { fetchGate, gateOffset, gateSelector, isCallGate } from './call-gate'
import { isTask, transferToTask } from './task-transfer'
import { TASK_JUMP } from './task-switch'
import { checkCodeEntry, fetchDescriptor, markAccessed } from './code-target'
import { finishTransition, jumpTo, setCode } from './commit'

/** `offset` and `selector` as the pointer operand gives them; `size` is the operand size in bytes. */
export function farJump(cpu: usize, selector: u32, offset: u64, size: u32): i32 {
  begin(cpu, TRANSITION_FAR_JUMP)
  const rip = truncate(offset, size)
  if (isRealOrVm86(cpu)) {
    if (rip > 0xffff) return raiseGp(cpu, 0)
    setReal(cpu, CS, selector)
    jumpTo(cpu, rip)
  } else {
    const status = jumpProtected(cpu, selector, rip)
    if (status) return status
  }
  finishTransition(cpu)
  end(cpu, TRANSITION_FAR_JUMP)
  return JUMP
}

/** An offset of the operand size. */
export function truncate(offset: u64, size: u32): u64 {
  return size == 8 ? offset : offset & (size == 4 ? 0xffff_ffff : 0xffff)
}

/** A transfer without a gate may not change the level. */
export function mayEnterDirectly(cpu: usize, selector: u32, attributes: u32): bool {
  // With FRED ring 0 runs 64-bit code only.
  if (getCpl(cpu) == 0 && isFred(cpu) && !(attributes & DESC_L)) return false
  const dpl = D.dplOf(attributes)
  const cpl = getCpl(cpu)
  return isConforming(attributes) ? dpl <= cpl : dpl == cpl && D.rplOf(selector) <= cpl
}

function jumpProtected(cpu: usize, selector: u32, rip: u64): i32 {
  const descriptor = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if (isCode(attributes)) return enter(cpu, selector, descriptor, rip)
  if (isTask(cpu, attributes)) return transferToTask(cpu, selector, descriptor, TASK_JUMP)
  if (!isCallGate(cpu, attributes)) return raiseGp(cpu, selector)
  if (fetchGate(cpu, selector, descriptor)) return EXCEPTION
  const target = gateSelector()
  const code = fetchDescriptor(cpu, target)
  if (pending(cpu)) return EXCEPTION
  if (!isCode(D.attributesOf(code))) return raiseGp(cpu, target)
  // The RPL in a gate's selector does not count.
  return enter(cpu, target & 0xfffc, code, gateOffset())
}

function enter(cpu: usize, selector: u32, descriptor: u64, rip: u64): i32 {
  if (!mayEnterDirectly(cpu, selector, D.attributesOf(descriptor))) return raiseGp(cpu, selector)
  if (checkCodeEntry(cpu, selector, descriptor, rip)) return EXCEPTION
  if (markAccessed(cpu, selector, descriptor)) return EXCEPTION
  setCode(cpu, selector, descriptor, getCpl(cpu))
  jumpTo(cpu, rip)
  return 0
}
