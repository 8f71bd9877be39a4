/** Far CALL: to a code segment of the same level, or through a call gate to an inner one. SDM Vol. 2A, CALL; Vol. 3A, 5.8. */
import { CS, SS } from '../../layout'
import * as P from '../../probe'
import { DESC_P } from '../bits'
import { writeStack } from '../mmu/memory'
import { pending, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { isCode, isConforming, isRealOrVm86, setNullStack, setReal } from '../segmentation/load'
import { getCpl, getGpr, getNextRip, longMode, mode64, RSP, segSelector, setGpr } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import { begin, end, step } from '../trace'
import {
  fetchGate,
  gateOffset,
  gateParameters,
  gateSelector,
  gateSize,
  isCallGate,
  isGateTarget,
} from './call-gate'
import { isTask, transferToTask } from './task-transfer'
import { TASK_CALL } from './task-switch'
import { isFred } from './fred'
import { checkCodeEntry, fetchDescriptor, markAccessed } from './code-target'
import { finishTransition, jumpTo, setCode, setStack, setStackPointer } from './commit'
import { mayEnterDirectly, truncate } from './far-jump'
import { peek } from './return-target'
import {
  fetchStack,
  FROM_TSS,
  pushedPointer,
  pushTo,
  readTss,
  useCurrentStack,
  useNewStack,
} from './stack-target'
import { innerStackPointer, innerStackSelector } from './tss'

export function farCall(cpu: usize, selector: u32, offset: u64, size: u32): i32 {
  begin(cpu, P.TRANSITION_FAR_CALL)
  const rip = truncate(offset, size)
  const status = isRealOrVm86(cpu)
    ? callReal(cpu, selector, rip, size)
    : callProtected(cpu, selector, rip, size)
  if (status) return status
  finishTransition(cpu)
  end(cpu, P.TRANSITION_FAR_CALL)
  return JUMP
}

function callReal(cpu: usize, selector: u32, rip: u64, size: u32): i32 {
  if (rip > 0xffff) return raiseGp(cpu, 0)
  useCurrentStack(cpu, getGpr(cpu, RSP), getCpl(cpu))
  if (pushTo(cpu, size, segSelector(cpu, CS))) return EXCEPTION
  if (pushTo(cpu, size, getNextRip(cpu))) return EXCEPTION
  setStackPointer(cpu, pushedPointer())
  setReal(cpu, CS, selector)
  jumpTo(cpu, rip)
  return CONTINUE
}

function callProtected(cpu: usize, selector: u32, rip: u64, size: u32): i32 {
  const descriptor = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if (isCode(attributes)) {
    if (!mayEnterDirectly(cpu, selector, attributes)) return raiseGp(cpu, selector)
    return callSameLevel(cpu, selector, descriptor, rip, size)
  }
  if (isTask(cpu, attributes)) return transferToTask(cpu, selector, descriptor, TASK_CALL)
  if (!isCallGate(cpu, attributes)) return raiseGp(cpu, selector)
  if (fetchGate(cpu, selector, descriptor)) return EXCEPTION
  return callThroughGate(cpu)
}

function callThroughGate(cpu: usize): i32 {
  const selector = gateSelector()
  const code = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(code)
  const dpl = D.dplOf(attributes)
  if (!isCode(attributes) || dpl > getCpl(cpu) || !isGateTarget(cpu, attributes))
    return raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  if (isConforming(attributes) || dpl == getCpl(cpu)) {
    return callSameLevel(cpu, selector, code, gateOffset(), gateSize())
  }
  // With FRED only events enter ring 0.
  if (isFred(cpu)) return raiseGp(cpu, selector)
  return longMode(cpu) ? callInnerLong(cpu, selector, code, dpl) : callInner(cpu, selector, code, dpl)
}

function push(cpu: usize, at: u64, size: u32, value: u64, cpl: u32, id: u32): i32 {
  if (writeStack(cpu, at, size, value, cpl)) return EXCEPTION
  step(cpu, id, value)
  return CONTINUE
}

/** Pushes CS and RIP on the current stack. */
function pushReturn(cpu: usize, size: u32): i32 {
  if (!mode64(cpu)) {
    useCurrentStack(cpu, getGpr(cpu, RSP), getCpl(cpu))
    if (pushTo(cpu, size, segSelector(cpu, CS))) return EXCEPTION
    return pushTo(cpu, size, getNextRip(cpu))
  }
  const rsp = getGpr(cpu, RSP)
  const cs = segSelector(cpu, CS)
  if (push(cpu, rsp - size, size, cs, getCpl(cpu), P.STEP_PUSH_CS)) return EXCEPTION
  return push(cpu, rsp - 2 * size, size, getNextRip(cpu), getCpl(cpu), P.STEP_PUSH_RIP)
}

function callSameLevel(cpu: usize, selector: u32, code: u64, rip: u64, size: u32): i32 {
  if (checkCodeEntry(cpu, selector, code, rip)) return EXCEPTION
  const was64 = mode64(cpu)
  if (pushReturn(cpu, size)) return EXCEPTION
  if (markAccessed(cpu, selector, code)) return EXCEPTION
  const rsp = was64 ? getGpr(cpu, RSP) - 2 * size : pushedPointer()
  setGpr(cpu, RSP, rsp)
  step(cpu, P.STEP_RSP, rsp)
  setCode(cpu, selector, code, getCpl(cpu))
  jumpTo(cpu, rip)
  return CONTINUE
}

/** IA-32e mode: RSP from the TSS, SS null, a frame of SS RSP CS RIP in eight bytes each. */
function callInnerLong(cpu: usize, selector: u32, code: u64, cpl: u32): i32 {
  let rsp = readTss(cpu, 4 + cpl * 8, 8)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_STACK_FROM_TSS, rsp)
  if (checkCodeEntry(cpu, selector, code, gateOffset())) return EXCEPTION
  if (push(cpu, (rsp -= 8), 8, segSelector(cpu, SS), cpl, P.STEP_PUSH_SS)) return EXCEPTION
  if (push(cpu, (rsp -= 8), 8, getGpr(cpu, RSP), cpl, P.STEP_PUSH_RSP)) return EXCEPTION
  if (push(cpu, (rsp -= 8), 8, segSelector(cpu, CS), cpl, P.STEP_PUSH_CS)) return EXCEPTION
  if (push(cpu, (rsp -= 8), 8, getNextRip(cpu), cpl, P.STEP_PUSH_RIP)) return EXCEPTION
  if (markAccessed(cpu, selector, code)) return EXCEPTION
  setCode(cpu, selector, code, cpl)
  setNullStack(cpu, cpl, cpl)
  setGpr(cpu, RSP, rsp)
  step(cpu, P.STEP_RSP, rsp)
  jumpTo(cpu, gateOffset())
  return CONTINUE
}

/** Protected mode: SS:ESP from the TSS, and the gate's count of parameters copied from the outer stack. */
function callInner(cpu: usize, selector: u32, code: u64, cpl: u32): i32 {
  const size = gateSize()
  const esp = innerStackPointer(cpu, cpl)
  if (pending(cpu)) return EXCEPTION
  const stackSelector = innerStackSelector(cpu, cpl)
  if (pending(cpu)) return EXCEPTION
  const stack = fetchStack(cpu, stackSelector, cpl, FROM_TSS)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_STACK_FROM_TSS, esp)
  if (checkCodeEntry(cpu, selector, code, gateOffset())) return EXCEPTION
  useNewStack(stackSelector, stack, esp, cpl)
  if (pushTo(cpu, size, segSelector(cpu, SS))) return EXCEPTION
  if (pushTo(cpu, size, getGpr(cpu, RSP))) return EXCEPTION
  for (let i = gateParameters(); i > 0; i--) {
    const parameter = peek(cpu, (i - 1) * size, size)
    if (pending(cpu) || pushTo(cpu, size, parameter)) return EXCEPTION
    step(cpu, P.STEP_PUSH_PARAMETER, parameter)
  }
  if (pushTo(cpu, size, segSelector(cpu, CS))) return EXCEPTION
  if (pushTo(cpu, size, getNextRip(cpu))) return EXCEPTION
  if (markAccessed(cpu, selector, code)) return EXCEPTION
  setCode(cpu, selector, code, cpl)
  setStack(cpu, stackSelector, stack)
  setStackPointer(cpu, pushedPointer())
  jumpTo(cpu, gateOffset())
  return CONTINUE
}
