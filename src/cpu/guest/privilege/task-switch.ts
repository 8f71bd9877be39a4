/**
 * The hardware task switch: JMP, CALL, an event through a task gate, or IRET with NT set. SDM Vol. 3A, 8.3. Until the commit point nothing has
 * changed; what goes wrong behind it belongs to the incoming task.
 */
import * as L from '../../layout'
import * as P from '../../probe'
import { CR0_PG, CR0_TS, DESC_P, NT, RF, TYPE_TSS, TYPE_TSS16 } from '../bits'
import { updateWatch } from '../debug/breakpoints'
import { DR6_BT, setResumeFlag } from '../debug/trap'
import { stopAfterInstruction } from '../host'
import { readSystem, writeSystem } from '../mmu/memory'
import { flushTlb } from '../mmu/tlb'
import { updateMode } from '../mode'
import { DEBUG_PENDING } from '../private'
import { pending, raiseGp, raiseNp, raiseTs } from '../raise'
import * as D from '../segmentation/descriptor'
import {
  getCpl,
  getNextRip,
  segAttributes,
  segBase,
  segLimit,
  segSelector,
  setGpr,
  setRip,
  setSegment,
} from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { loadCr3 } from '../system/control-registers'
import { begin, end, step } from '../trace'
import { getRflags } from '../flags'
import { setFlags } from './commit'
import { deliverException } from './deliver'
import { loadTaskSegments } from './task-segments'
import * as T from './task-state'

/* What brings the new task about. */
export const TASK_JUMP: u32 = 0
export const TASK_CALL: u32 = 1
export const TASK_EVENT: u32 = 2
export const TASK_RETURN: u32 = 3

const BUSY: u32 = 2
/** DR7.L0 … L3 and LE, which are the task's own. */
const DR7_LOCAL: u64 = 0x155
/** The flags that a task-state segment can set: all that exist but RF, which is kept apart. */
const FLAGS_IN_TSS: u64 = 0x3e_7fd5

/** Whether the last switch has passed its commit point; scratch of one instruction. */
let hasCommitted: bool = false

/** The fault that an event met belongs to the task that it has switched to. */
export function isInNewTask(): bool {
  return hasCommitted
}

/** Nothing has been switched yet. */
export function forgetSwitch(): void {
  hasCommitted = false
}

/** Sets or clears the busy bit of a task-state segment's descriptor in the GDT. */
function markBusy(cpu: usize, selector: u32, isBusy: bool): void {
  const at = load<u64>(cpu, L.GDTR) + (selector & 0xfff8) + 5
  const type = <u32>readSystem(cpu, at, 1)
  writeSystem(cpu, at, 1, isBusy ? type | BUSY : type & ~BUSY)
}

/** `selector` names the incoming task, whose DPL has been checked. `eip` and `flags` go into the outgoing one. */
function switchTask(cpu: usize, selector: u32, source: u32, eip: u64, flags: u64): i32 {
  hasCommitted = false
  // Descriptor of the incoming task: in the GDT, available, or busy for IRET; present; long enough.
  const isReturn = source == TASK_RETURN
  const at = selector & 4 ? D.NO_DESCRIPTOR : D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) return isReturn ? raiseTs(cpu, selector) : raiseGp(cpu, selector)
  const descriptor = D.readDescriptor(cpu, at)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  const type = attributes & 0x1f
  const wanted = isReturn ? BUSY : 0
  if (type != (TYPE_TSS | wanted) && type != (TYPE_TSS16 | wanted))
    return isReturn ? raiseTs(cpu, selector) : raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  const isWide = T.isWide(attributes)
  const base = D.baseOf(descriptor)
  if (D.limitOf(descriptor) < T.sizeOf(isWide) - 1) return raiseTs(cpu, selector)
  const oldSelector = segSelector(cpu, L.TR)
  const oldBase = segBase(cpu, L.TR)
  const isOldWide = T.isWide(segAttributes(cpu, L.TR))
  if (segLimit(cpu, L.TR) < T.sizeOf(isOldWide) - 1) return raiseTs(cpu, oldSelector)
  if (T.readTask(cpu, base, isWide)) return EXCEPTION
  if (T.probeTask(cpu, oldBase, isOldWide) || T.probeTask(cpu, base, isWide)) return EXCEPTION

  // The outgoing task is saved. It stays busy while the incoming one is nested in it.
  begin(cpu, P.TRANSITION_TASK_SWITCH)
  const isNested = source == TASK_CALL || source == TASK_EVENT
  if (!isNested) markBusy(cpu, oldSelector, false)
  T.saveTask(cpu, oldBase, isOldWide, eip, isReturn ? flags & ~NT : flags)
  step(cpu, P.STEP_SAVE_TASK, oldSelector)
  if (isNested) writeSystem(cpu, base, 2, oldSelector)
  if (!isReturn) markBusy(cpu, selector, true)

  hasCommitted = true
  // The incoming task: TR, CR0.TS, CR3, registers, selectors. This is the commit point.
  setSegment(cpu, L.TR, selector & 0xfff8, attributes | BUSY, base, D.limitOf(descriptor))
  step(cpu, P.STEP_TR, selector)
  store<u64>(cpu, load<u64>(cpu, L.CR0) | CR0_TS, L.CR0)
  let newFlags = (T.incomingFlags() & FLAGS_IN_TSS) | 2
  if (isNested) newFlags |= NT
  setFlags(cpu, newFlags)
  setRip(cpu, T.incomingEip())
  step(cpu, P.STEP_RIP, T.incomingEip())
  for (let n: u32 = 0; n < 8; n++) setGpr(cpu, n, T.incomingGpr(n))
  clearLocalBreakpoints(cpu)
  if (T.incomingTrap()) {
    store<u32>(cpu, load<u32>(cpu, DEBUG_PENDING) | DR6_BT, DEBUG_PENDING)
    stopAfterInstruction(cpu)
  }
  const hasPaging = (load<u64>(cpu, L.CR0) & CR0_PG) != 0
  const failed = (isWide && hasPaging && loadCr3(cpu, T.incomingCr3())) || loadTaskSegments(cpu)
  updateMode(cpu)
  end(cpu, P.TRANSITION_TASK_SWITCH)
  return failed ? EXCEPTION : CONTINUE
}

function clearLocalBreakpoints(cpu: usize): void {
  const dr7 = load<u64>(cpu, L.DR + 56)
  if (!(dr7 & DR7_LOCAL)) return
  store<u64>(cpu, dr7 & ~DR7_LOCAL, L.DR + 56)
  updateWatch(cpu)
  flushTlb(cpu)
}

/**
 * A task switch by an instruction: EXCEPTION when it raised before anything changed. A fault of the incoming task is delivered at once, because it is
 * met at that task's first instruction.
 */
export function switchByInstruction(cpu: usize, selector: u32, source: u32): i32 {
  const status = switchTask(cpu, selector, source, getNextRip(cpu), getRflags(cpu))
  if (status && !hasCommitted) return EXCEPTION
  if (T.incomingFlags() & RF) setResumeFlag(cpu)
  return status ? deliverException(cpu) : CONTINUE
}

/** An event through a task gate; the error code goes onto the incoming task's stack, by its own push. */
export function switchByEvent(cpu: usize, selector: u32, flags: u64, rip: u64): i32 {
  return switchTask(cpu, selector, TASK_EVENT, rip, flags)
}

/** JMP or CALL to a task-state segment, or to a task gate that holds its selector: the levels allow it? */
export function mayUseTask(cpu: usize, selector: u32, attributes: u32): bool {
  const dpl = D.dplOf(attributes)
  return dpl >= getCpl(cpu) && dpl >= D.rplOf(selector)
}
