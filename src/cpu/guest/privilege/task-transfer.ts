/** JMP and CALL to a task, directly or through a task gate, and IRET to the task that called. SDM Vol. 2A, JMP, CALL, IRET; Vol. 3A, 8.2.5. */
import { TR } from '../../layout'
import { DESC_P, DESC_S, TYPE_TASK_GATE, TYPE_TSS, TYPE_TSS16 } from '../bits'
import { readSystem } from '../mmu/memory'
import { pending, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { longMode, segBase } from '../state'
import { EXCEPTION } from '../status'
import { mayUseTask, switchByInstruction, TASK_RETURN } from './task-switch'

const BUSY: u32 = 2

/** Whether a descriptor leads to a task; IA-32e mode has none. */
export function isTask(cpu: usize, attributes: u32): bool {
  if (attributes & DESC_S || longMode(cpu)) return false
  const type = D.typeOf(attributes)
  return type == TYPE_TASK_GATE || (type & ~BUSY) == TYPE_TSS || (type & ~BUSY) == TYPE_TSS16
}

/** `selector` is the pointer's, `descriptor` what it names: a task gate or a task-state segment. */
export function transferToTask(cpu: usize, selector: u32, descriptor: u64, source: u32): i32 {
  const attributes = D.attributesOf(descriptor)
  if (!mayUseTask(cpu, selector, attributes)) return raiseGp(cpu, selector)
  if (D.typeOf(attributes) != TYPE_TASK_GATE) return switchByInstruction(cpu, selector, source)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  return switchByInstruction(cpu, <u32>(descriptor >> 16) & 0xffff, source)
}

/** Back along the link of the current task. */
export function returnToTask(cpu: usize): i32 {
  const link = <u32>readSystem(cpu, segBase(cpu, TR), 2)
  return pending(cpu) ? EXCEPTION : switchByInstruction(cpu, link, TASK_RETURN)
}
