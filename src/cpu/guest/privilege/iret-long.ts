/** IRET in IA-32e mode: from 64-bit code always five values, from compatibility mode two more only on a change of level. */
import * as P from '../../probe'
import { DESC_L, NT } from '../bits'
import { directStack } from '../mmu/memory'
import { pending, raiseGp } from '../raise'
import * as D from '../segmentation/descriptor'
import { getCpl, getGpr, mode64, RSP, setGpr, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { dropPrivilegedSegments, jumpTo, setCode, setFlags, setStackPointer } from './commit'
import { restoreResumeFlag, returnedFlags } from './iret'
import { fetchReturnCode, fetchReturnStack, peek, setReturnStack } from './return-target'

export function iretLong(cpu: usize, size: u32): i32 {
  // There are no tasks to return to.
  if (systemFlags(cpu) & NT) return raiseGp(cpu, 0)
  // From 64-bit code all five words at once, where nothing can go wrong.
  const host = size == 8 && mode64(cpu) ? directStack(cpu, getGpr(cpu, RSP), 40) : 0
  const rip = host ? load<u64>(host) : peek(cpu, 0, size)
  if (pending(cpu)) return EXCEPTION
  const selector = <u32>(host ? load<u64>(host, 8) : peek(cpu, size, size)) & 0xffff
  if (pending(cpu)) return EXCEPTION
  const flags = host ? load<u64>(host, 16) : peek(cpu, 2 * size, size)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_POP_RIP, rip)
  step(cpu, P.STEP_POP_CS, selector)
  step(cpu, P.STEP_POP_RFLAGS, flags)

  const oldCpl = getCpl(cpu)
  const newCpl = D.rplOf(selector)
  const code = fetchReturnCode(cpu, selector, rip)
  if (pending(cpu)) return EXCEPTION
  const hasStack = mode64(cpu) || newCpl > oldCpl
  let rsp = getGpr(cpu, RSP) + 3 * size
  let stackSelector: u32 = 0
  let stack: u64 = 0
  if (hasStack) {
    rsp = host ? load<u64>(host, 24) : peek(cpu, 3 * size, size)
    if (pending(cpu)) return EXCEPTION
    stackSelector = <u32>(host ? load<u64>(host, 32) : peek(cpu, 4 * size, size)) & 0xffff
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
  if (hasStack) setReturnStack(cpu, stackSelector, stack, newCpl)
  if (D.attributesOf(code) & DESC_L) setGpr(cpu, RSP, rsp)
  else setStackPointer(cpu, rsp)
  if (newCpl > oldCpl) dropPrivilegedSegments(cpu)
  jumpTo(cpu, rip)
  return CONTINUE
}
