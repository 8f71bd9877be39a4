/**
 * An exception or interrupt in protected mode, through 16- or 32-bit gates, also out of virtual-8086 mode.
 * SDM Vol. 3A, 6.12; Vol. 2A, INT n.
 */
import * as L from '../../layout'
import * as P from '../../probe'
import { DESC_P, IF, NT, RF, TF, TYPE_TASK_GATE, VECTOR_GP, VECTOR_NP, VM } from '../bits'
import { readSystem } from '../mmu/memory'
import { pending, raise, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { isCode, isConforming, setNull } from '../segmentation/load'
import { getCpl, getGpr, RSP, segAttributes, segSelector, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { checkCodeEntry, fetchDescriptor, markAccessed } from './code-target'
import { switchByEvent } from './task-switch'
import { isWide } from './task-state'
import { finishTransition, jumpTo, setCode, setFlags, setStack, setStackPointer } from './commit'
import { gateError } from './deliver-long'
import { innerStackPointer, innerStackSelector } from './tss'
import { fetchStack, FROM_TSS, pushedPointer, pushTo, useCurrentStack, useNewStack } from './stack-target'

function push(cpu: usize, size: u32, value: u64, id: u32): i32 {
  if (pushTo(cpu, size, value)) return EXCEPTION
  step(cpu, id, value)
  return CONTINUE
}

function pushDataSegments(cpu: usize, size: u32): i32 {
  if (pushTo(cpu, size, segSelector(cpu, L.GS))) return EXCEPTION
  if (pushTo(cpu, size, segSelector(cpu, L.FS))) return EXCEPTION
  if (pushTo(cpu, size, segSelector(cpu, L.DS))) return EXCEPTION
  return pushTo(cpu, size, segSelector(cpu, L.ES))
}

function dropDataSegments(cpu: usize): void {
  setNull(cpu, L.GS, 0)
  setNull(cpu, L.FS, 0)
  setNull(cpu, L.DS, 0)
  setNull(cpu, L.ES, 0)
}

/** Interrupt and trap gates of 16 (6, 7) and 32 bits (14, 15). */
function isGate(type: u32): bool {
  return (type & ~9) == 6
}

/** Through a task gate: the handler is a task of its own. The error code goes onto its stack. */
function enterTask(cpu: usize, selector: u32, hasError: bool, error: u32, flags: u64, rip: u64): i32 {
  if (switchByEvent(cpu, selector, flags, rip)) return EXCEPTION
  if (!hasError) return CONTINUE
  useCurrentStack(cpu, getGpr(cpu, RSP), getCpl(cpu))
  if (push(cpu, isWide(segAttributes(cpu, L.TR)) ? 4 : 2, error, P.STEP_PUSH_ERROR)) return EXCEPTION
  setStackPointer(cpu, pushedPointer())
  return CONTINUE
}

export function deliverProtected(
  cpu: usize,
  vector: u32,
  checkDpl: bool,
  hasError: bool,
  error: u32,
  flags: u64,
  rip: u64,
): i32 {
  // gate ← IDT[vector]
  if ((vector << 3) + 7 > load<u32>(cpu, L.IDTR + 8)) return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  const gate = readSystem(cpu, load<u64>(cpu, L.IDTR) + (vector << 3), 8)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_READ_GATE, gate)
  const gateAttributes = D.attributesOf(gate)
  const type = gateAttributes & 0x1f
  if (!isGate(type) && type != TYPE_TASK_GATE) return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  if (checkDpl && D.dplOf(gateAttributes) < getCpl(cpu))
    return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  if (checkDpl) step(cpu, P.STEP_CHECK_GATE, D.dplOf(gateAttributes))
  if (!(gateAttributes & DESC_P)) return raise(cpu, VECTOR_NP, 1, gateError(cpu, vector))
  const selector = <u32>(gate >> 16) & 0xffff
  if (type == TYPE_TASK_GATE) return enterTask(cpu, selector, hasError, error, flags, rip)
  const size: u32 = type & 8 ? 4 : 2
  const target = (gate & 0xffff) | (size == 4 ? (gate >> 32) & 0xffff_0000 : 0)

  const cpl = getCpl(cpu)
  const code = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(code)
  if (!isCode(attributes) || D.dplOf(attributes) > cpl) return raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  const newCpl = isConforming(attributes) ? cpl : D.dplOf(attributes)
  const fromVm86 = (systemFlags(cpu) & VM) != 0
  if (fromVm86 && newCpl != 0) return raiseGp(cpu, selector)

  // An inner level brings its own stack, from the TSS.
  const isInner = newCpl < cpl
  let stackSelector: u32 = 0
  let stack: u64 = 0
  if (isInner) {
    const esp = innerStackPointer(cpu, newCpl)
    if (pending(cpu)) return EXCEPTION
    stackSelector = innerStackSelector(cpu, newCpl)
    if (pending(cpu)) return EXCEPTION
    stack = fetchStack(cpu, stackSelector, newCpl, FROM_TSS)
    if (pending(cpu)) return EXCEPTION
    step(cpu, P.STEP_STACK_FROM_TSS, esp)
    useNewStack(stackSelector, stack, esp, newCpl)
    if (fromVm86 && pushDataSegments(cpu, size)) return EXCEPTION
    if (push(cpu, size, segSelector(cpu, L.SS), P.STEP_PUSH_SS)) return EXCEPTION
    if (push(cpu, size, getGpr(cpu, RSP), P.STEP_PUSH_RSP)) return EXCEPTION
  } else {
    useCurrentStack(cpu, getGpr(cpu, RSP), newCpl)
  }
  if (push(cpu, size, flags, P.STEP_PUSH_RFLAGS)) return EXCEPTION
  if (push(cpu, size, segSelector(cpu, L.CS), P.STEP_PUSH_CS)) return EXCEPTION
  if (push(cpu, size, rip, P.STEP_PUSH_RIP)) return EXCEPTION
  if (hasError && push(cpu, size, error, P.STEP_PUSH_ERROR)) return EXCEPTION
  if (checkCodeEntry(cpu, selector, code, target)) return EXCEPTION
  if (markAccessed(cpu, selector, code)) return EXCEPTION

  // From here on nothing can fault.
  let newFlags = flags & ~(TF | NT | RF | VM)
  if (!(type & 1)) newFlags &= ~IF
  setFlags(cpu, newFlags)
  setCode(cpu, selector, code, newCpl)
  if (isInner) setStack(cpu, stackSelector, stack)
  setStackPointer(cpu, pushedPointer())
  if (fromVm86) dropDataSegments(cpu)
  jumpTo(cpu, target)
  finishTransition(cpu)
  return CONTINUE
}
