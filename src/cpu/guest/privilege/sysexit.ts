/** SYSEXIT: back from SYSENTER, to RDX with the stack at RCX. SDM Vol. 2B, SYSEXIT. */
import { TRANSITION_SYSEXIT } from '../../probe'
import { CR0_PE } from '../bits'
import { isCanonical } from '../mmu/canonical'
import { SYSENTER_CS } from '../private'
import { raiseGp, raiseUd } from '../raise'
import { cr0Has, getCpl, getGpr, RCX, RDX } from '../state'
import { JUMP } from '../status'
import { begin, end } from '../trace'
import { isFred } from './fred'
import {
  finishTransition,
  FLAT_CODE32,
  FLAT_CODE64,
  jumpTo,
  setFlatCode,
  setFlatStack,
  setStackPointer,
} from './commit'

export function sysexit(cpu: usize, size: u32): i32 {
  if (isFred(cpu)) return raiseUd(cpu)
  const selector = <u32>load<u64>(cpu, SYSENTER_CS) & 0xfffc
  if (!cr0Has(cpu, CR0_PE) || selector == 0 || getCpl(cpu) != 0) return raiseGp(cpu, 0)
  const to64 = size == 8
  const rip = getGpr(cpu, RDX)
  const rsp = getGpr(cpu, RCX)
  if (to64 && !(isCanonical(cpu, rip) && isCanonical(cpu, rsp))) return raiseGp(cpu, 0)
  begin(cpu, TRANSITION_SYSEXIT)

  // CS ← SYSENTER_CS + 16 (32-bit) or + 32 (64-bit), CPL ← 3; SS ← CS + 8
  const code = selector + (to64 ? 32 : 16)
  setFlatCode(cpu, code, to64 ? FLAT_CODE64 : FLAT_CODE32, 3)
  setFlatStack(cpu, code + 8, 3)
  setStackPointer(cpu, rsp)
  jumpTo(cpu, to64 ? rip : rip & 0xffff_ffff)

  finishTransition(cpu)
  end(cpu, TRANSITION_SYSEXIT)
  return JUMP
}
