/** SYSCALL: the fast call from ring 3 to ring 0 in 64-bit mode. SDM Vol. 2B, SYSCALL; Vol. 3A, 5.8.8. */
import { LSTAR, SFMASK, STAR } from '../../layout'
import { STEP_R11_FROM_RFLAGS, STEP_RCX_FROM_RIP, TRANSITION_SYSCALL } from '../../probe'
import { stepByNewFlags } from '../debug/trap'
import { EFER_SCE, RF } from '../bits'
import { getRflags } from '../flags'
import { raiseUd } from '../raise'
import { eferHas, getNextRip, mode64, R11, RCX, setGpr } from '../state'
import { JUMP } from '../status'
import { begin, end, step } from '../trace'
import { deliverCall } from './deliver'
import { isFred, VECTOR_SYSCALL } from './fred'
import { finishTransition, FLAT_CODE64, jumpTo, setFlags, setFlatCode, setFlatStack } from './commit'

export function syscall(cpu: usize): i32 {
  if (!mode64(cpu) || !eferHas(cpu, EFER_SCE)) return raiseUd(cpu)
  if (isFred(cpu)) return deliverCall(cpu, VECTOR_SYSCALL)
  begin(cpu, TRANSITION_SYSCALL)
  const flags = getRflags(cpu)
  const selectors = <u32>(load<u64>(cpu, STAR) >> 32) & 0xffff

  // RCX ← RIP; R11 ← RFLAGS
  setGpr(cpu, RCX, getNextRip(cpu))
  step(cpu, STEP_RCX_FROM_RIP, getNextRip(cpu))
  setGpr(cpu, R11, flags)
  step(cpu, STEP_R11_FROM_RFLAGS, flags)
  // RIP ← LSTAR; RFLAGS ← RFLAGS AND NOT SFMASK
  jumpTo(cpu, load<u64>(cpu, LSTAR))
  setFlags(cpu, flags & ~load<u64>(cpu, SFMASK) & ~RF)
  // CS ← STAR[47:32], CPL ← 0; SS ← STAR[47:32] + 8. No descriptor is read, and RSP stays the caller's.
  setFlatCode(cpu, selectors, FLAT_CODE64, 0)
  setFlatStack(cpu, selectors + 8, 0)

  finishTransition(cpu)
  stepByNewFlags(cpu)
  end(cpu, TRANSITION_SYSCALL)
  return JUMP
}
