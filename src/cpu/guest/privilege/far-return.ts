/** Far RET: back to a code segment of the same or an outer level. SDM Vol. 2B, RET. */
import { CS } from '../../layout'
import * as P from '../../probe'
import { DESC_L } from '../bits'
import { pending, raiseGp } from '../raise'
import * as D from '../segmentation/descriptor'
import { isRealOrVm86, setReal } from '../segmentation/load'
import { getCpl, getGpr, longMode, RSP, setGpr } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import { begin, end, step } from '../trace'
import { dropPrivilegedSegments, finishTransition, jumpTo, setCode, setStackPointer } from './commit'
import { fetchReturnCode, fetchReturnStack, peek, setReturnStack } from './return-target'

/** `release`: bytes of parameters to drop from both stacks. */
export function farReturn(cpu: usize, size: u32, release: u32): i32 {
  begin(cpu, P.TRANSITION_FAR_RETURN)
  const rip = peek(cpu, 0, size)
  if (pending(cpu)) return EXCEPTION
  const selector = <u32>peek(cpu, size, size) & 0xffff
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_POP_RIP, rip)
  step(cpu, P.STEP_POP_CS, selector)
  const status = isRealOrVm86(cpu)
    ? returnReal(cpu, rip, selector, 2 * size + release)
    : returnProtected(cpu, rip, selector, size, release)
  if (status) return EXCEPTION
  finishTransition(cpu)
  end(cpu, P.TRANSITION_FAR_RETURN)
  return JUMP
}

function returnReal(cpu: usize, rip: u64, selector: u32, drop: u32): i32 {
  if (rip > 0xffff) return raiseGp(cpu, 0)
  setReal(cpu, CS, selector)
  setStackPointer(cpu, getGpr(cpu, RSP) + drop)
  jumpTo(cpu, rip)
  return CONTINUE
}

function returnProtected(cpu: usize, rip: u64, selector: u32, size: u32, release: u32): i32 {
  const oldCpl = getCpl(cpu)
  const newCpl = D.rplOf(selector)
  const code = fetchReturnCode(cpu, selector, rip)
  if (pending(cpu)) return EXCEPTION
  const isOuter = newCpl > oldCpl
  let rsp = getGpr(cpu, RSP) + 2 * size + release
  let stackSelector: u32 = 0
  let stack: u64 = 0
  if (isOuter) {
    rsp = peek(cpu, 2 * size + release, size)
    if (pending(cpu)) return EXCEPTION
    stackSelector = <u32>peek(cpu, 3 * size + release, size) & 0xffff
    if (pending(cpu)) return EXCEPTION
    stack = fetchReturnStack(cpu, stackSelector, selector, code)
    if (pending(cpu)) return EXCEPTION
    rsp += release
    step(cpu, P.STEP_POP_RSP, rsp)
    step(cpu, P.STEP_POP_SS, stackSelector)
  }

  // From here on nothing can fault.
  setCode(cpu, selector, code, newCpl)
  if (isOuter) setReturnStack(cpu, stackSelector, stack, newCpl)
  if (longMode(cpu) && D.attributesOf(code) & DESC_L) setGpr(cpu, RSP, rsp)
  else setStackPointer(cpu, rsp)
  if (isOuter) dropPrivilegedSegments(cpu)
  jumpTo(cpu, rip)
  return CONTINUE
}
