/**
 * The segments of an incoming task, behind the commit point of a task switch: all selectors first, then each descriptor with its checks, whose
 * faults the new task meets. SDM Vol. 3A, table 8-1.
 */
import * as L from '../../layout'
import { DESC_P, TYPE_LDT, VM } from '../bits'
import { pending, raise, raiseNp, raiseSs, raiseTs } from '../raise'
import * as D from '../segmentation/descriptor'
import {
  isCode,
  isConforming,
  isReadable,
  isWritableData,
  setFromDescriptor,
  setNull,
  setReal,
} from '../segmentation/load'
import { getCpl, getRip, segLimit, setSegment, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { setCpl } from './commit'
import { incomingLdt, incomingSelector } from './task-state'

export function loadTaskSegments(cpu: usize): i32 {
  const isVm86 = (systemFlags(cpu) & VM) != 0
  for (let seg: u32 = 0; seg < 6; seg++) setNull(cpu, seg, incomingSelector(seg))
  setNull(cpu, L.LDTR, incomingLdt())
  setCpl(cpu, isVm86 ? 3 : D.rplOf(incomingSelector(L.CS)))
  if (loadLdt(cpu, incomingLdt())) return EXCEPTION
  if (isVm86) {
    for (let seg: u32 = 0; seg < 6; seg++) setReal(cpu, seg, incomingSelector(seg))
  } else {
    if (loadCode(cpu, incomingSelector(L.CS))) return EXCEPTION
    if (loadStack(cpu, incomingSelector(L.SS))) return EXCEPTION
    if (loadData(cpu, L.ES)) return EXCEPTION
    if (loadData(cpu, L.DS)) return EXCEPTION
    if (loadData(cpu, L.FS)) return EXCEPTION
    if (loadData(cpu, L.GS)) return EXCEPTION
  }
  return getRip(cpu) > <u64>segLimit(cpu, L.CS) ? raise(cpu, 13, 1, 0) : CONTINUE
}

/** The descriptor that a selector of the task names; #TS(selector) beyond the table. Check `pending`. */
function fetch(cpu: usize, selector: u32): u64 {
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at != D.NO_DESCRIPTOR) return D.readDescriptor(cpu, at)
  raiseTs(cpu, selector)
  return D.NO_DESCRIPTOR
}

function use(cpu: usize, seg: u32, selector: u32, descriptor: u64): i32 {
  if (D.markDescriptor(cpu, D.descriptorAddress(cpu, selector, 8), descriptor, 1)) return EXCEPTION
  setFromDescriptor(cpu, seg, selector, descriptor)
  return CONTINUE
}

function loadLdt(cpu: usize, selector: u32): i32 {
  if (D.isNull(selector)) return CONTINUE
  if (selector & 4) return raiseTs(cpu, selector)
  const descriptor = fetch(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if ((attributes & 0x1f) != TYPE_LDT || !(attributes & DESC_P)) return raiseTs(cpu, selector)
  setSegment(cpu, L.LDTR, selector, attributes, D.baseOf(descriptor), D.limitOf(descriptor))
  return CONTINUE
}

function loadCode(cpu: usize, selector: u32): i32 {
  if (D.isNull(selector)) return raiseTs(cpu, selector)
  const descriptor = fetch(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  const dpl = D.dplOf(attributes)
  const rpl = D.rplOf(selector)
  const isRight = isCode(attributes) && (isConforming(attributes) ? dpl <= rpl : dpl == rpl)
  if (!isRight) return raiseTs(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  return use(cpu, L.CS, selector, descriptor)
}

function loadStack(cpu: usize, selector: u32): i32 {
  if (D.isNull(selector)) return raiseTs(cpu, selector)
  const descriptor = fetch(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  const cpl = getCpl(cpu)
  if (!isWritableData(attributes) || D.rplOf(selector) != cpl || D.dplOf(attributes) != cpl)
    return raiseTs(cpu, selector)
  if (!(attributes & DESC_P)) return raiseSs(cpu, selector)
  return use(cpu, L.SS, selector, descriptor)
}

function loadData(cpu: usize, seg: u32): i32 {
  const selector = incomingSelector(seg)
  if (D.isNull(selector)) return CONTINUE
  const descriptor = fetch(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  const dpl = D.dplOf(attributes)
  const isOpen = isConforming(attributes) || (dpl >= getCpl(cpu) && dpl >= D.rplOf(selector))
  if (!isReadable(attributes) || !isOpen) return raiseTs(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  return use(cpu, seg, selector, descriptor)
}
