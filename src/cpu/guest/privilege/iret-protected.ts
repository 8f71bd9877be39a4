/** IRET in protected mode: to the same level, to an outer level, or from ring 0 to virtual-8086 mode. */
import * as L from '../../layout'
import * as P from '../../probe'
import { NT, VM } from '../bits'
import { pending, raiseGp } from '../raise'
import * as D from '../segmentation/descriptor'
import { setReal } from '../segmentation/load'
import { getCpl, getGpr, RSP, setGpr, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { dropPrivilegedSegments, jumpTo, setCode, setCpl, setFlags, setStackPointer } from './commit'
import { restoreResumeFlag, returnedFlags } from './iret'
import { returnToTask } from './task-transfer'
import { fetchReturnCode, fetchReturnStack, peek, setReturnStack } from './return-target'

export function iretProtected(cpu: usize, size: u32): i32 {
  if (systemFlags(cpu) & NT) return returnToTask(cpu)
  const rip = peek(cpu, 0, size)
  if (pending(cpu)) return EXCEPTION
  const selector = <u32>peek(cpu, size, size) & 0xffff
  if (pending(cpu)) return EXCEPTION
  const flags = peek(cpu, 2 * size, size)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_POP_RIP, rip)
  step(cpu, P.STEP_POP_CS, selector)
  step(cpu, P.STEP_POP_RFLAGS, flags)
  const oldCpl = getCpl(cpu)
  if (size == 4 && flags & VM && oldCpl == 0) return returnToVm86(cpu, rip, selector, flags)

  const newCpl = D.rplOf(selector)
  const code = fetchReturnCode(cpu, selector, rip)
  if (pending(cpu)) return EXCEPTION
  const isOuter = newCpl > oldCpl
  let rsp = getGpr(cpu, RSP) + 3 * size
  let stackSelector: u32 = 0
  let stack: u64 = 0
  if (isOuter) {
    rsp = peek(cpu, 3 * size, size)
    if (pending(cpu)) return EXCEPTION
    stackSelector = <u32>peek(cpu, 4 * size, size) & 0xffff
    if (pending(cpu)) return EXCEPTION
    stack = fetchReturnStack(cpu, stackSelector, selector, code)
    if (pending(cpu)) return EXCEPTION
    step(cpu, P.STEP_POP_RSP, rsp)
    step(cpu, P.STEP_POP_SS, stackSelector)
  }

  // From here on nothing can fault.
  restoreResumeFlag(cpu, flags, size)
  setFlags(cpu, returnedFlags(cpu, flags, size, oldCpl))
  setCode(cpu, selector, code, newCpl)
  if (isOuter) setReturnStack(cpu, stackSelector, stack, newCpl)
  setStackPointer(cpu, rsp)
  if (isOuter) dropPrivilegedSegments(cpu)
  jumpTo(cpu, rip)
  return CONTINUE
}

/** EIP CS EFLAGS ESP SS ES DS FS GS, each in four bytes. */
function returnToVm86(cpu: usize, rip: u64, selector: u32, flags: u64): i32 {
  // Read all nine before anything changes; the last read decides whether the frame is whole.
  const esp = peek(cpu, 12, 4)
  if (pending(cpu)) return EXCEPTION
  const ss = <u32>peek(cpu, 16, 4)
  if (pending(cpu)) return EXCEPTION
  const es = <u32>peek(cpu, 20, 4)
  if (pending(cpu)) return EXCEPTION
  const ds = <u32>peek(cpu, 24, 4)
  if (pending(cpu)) return EXCEPTION
  const fs = <u32>peek(cpu, 28, 4)
  if (pending(cpu)) return EXCEPTION
  const gs = <u32>peek(cpu, 32, 4)
  if (pending(cpu)) return EXCEPTION
  if (rip > 0xffff) return raiseGp(cpu, 0)

  restoreResumeFlag(cpu, flags, 4)
  setFlags(cpu, returnedFlags(cpu, flags, 4, 0) | VM)
  setReal(cpu, L.CS, selector)
  setReal(cpu, L.SS, ss & 0xffff)
  setReal(cpu, L.ES, es & 0xffff)
  setReal(cpu, L.DS, ds & 0xffff)
  setReal(cpu, L.FS, fs & 0xffff)
  setReal(cpu, L.GS, gs & 0xffff)
  setGpr(cpu, RSP, esp)
  setCpl(cpu, 3)
  jumpTo(cpu, rip)
  return CONTINUE
}
