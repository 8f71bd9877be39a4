/** SYSENTER: the fast call to ring 0 of 32-bit systems. SDM Vol. 2B, SYSENTER; Vol. 3A, 5.8.7. */
import { TRANSITION_SYSENTER } from '../../probe'
import { CR0_PE, IF, RF, VM } from '../bits'
import { getRflags } from '../flags'
import { SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP } from '../private'
import { raiseGp } from '../raise'
import { cr0Has, longMode } from '../state'
import { JUMP } from '../status'
import { begin, end } from '../trace'
import { deliverCall } from './deliver'
import { isFred, VECTOR_SYSENTER } from './fred'
import {
  finishTransition,
  FLAT_CODE32,
  FLAT_CODE64,
  jumpTo,
  setFlags,
  setFlatCode,
  setFlatStack,
  setStackPointer,
} from './commit'

export function sysenter(cpu: usize): i32 {
  if (isFred(cpu)) return deliverCall(cpu, VECTOR_SYSENTER)
  const selector = <u32>load<u64>(cpu, SYSENTER_CS) & 0xfffc
  if (!cr0Has(cpu, CR0_PE) || selector == 0) return raiseGp(cpu, 0)
  begin(cpu, TRANSITION_SYSENTER)
  const isLong = longMode(cpu)
  const rip = load<u64>(cpu, SYSENTER_EIP)

  setFlags(cpu, getRflags(cpu) & ~(IF | RF | VM))
  // CS ← SYSENTER_CS, CPL ← 0; SS ← SYSENTER_CS + 8. The return address is the caller's own affair.
  setFlatCode(cpu, selector, isLong ? FLAT_CODE64 : FLAT_CODE32, 0)
  setFlatStack(cpu, selector + 8, 0)
  setStackPointer(cpu, load<u64>(cpu, SYSENTER_ESP))
  jumpTo(cpu, isLong ? rip : rip & 0xffff_ffff)

  finishTransition(cpu)
  end(cpu, TRANSITION_SYSENTER)
  return JUMP
}
