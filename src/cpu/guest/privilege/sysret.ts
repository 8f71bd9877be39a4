/** SYSRET: back from SYSCALL, to 64-bit code (REX.W) or to compatibility mode. SDM Vol. 2B, SYSRET. */
import { STAR } from '../../layout'
import { TRANSITION_SYSRET } from '../../probe'
import { stepByNewFlags } from '../debug/trap'
import { EFER_SCE } from '../bits'
import { isCanonical } from '../mmu/canonical'
import { raiseGp, raiseUd } from '../raise'
import { eferHas, getCpl, getGpr, mode64, R11, RCX } from '../state'
import { JUMP } from '../status'
import { begin, end } from '../trace'
import { isFred } from './fred'
import {
  finishTransition,
  FLAT_CODE32,
  FLAT_CODE64,
  jumpTo,
  setFlags,
  setFlatCode,
  setFlatStack,
} from './commit'

/** The bits of R11 that reach RFLAGS: all that exist but RF and VM. */
const FLAGS_FROM_R11: u64 = 0x3c_7fd7

export function sysret(cpu: usize, size: u32): i32 {
  if (!mode64(cpu) || !eferHas(cpu, EFER_SCE) || isFred(cpu)) return raiseUd(cpu)
  const target = getGpr(cpu, RCX)
  const to64 = size == 8
  // The fault comes while still in ring 0, on the caller's stack: the famous trap of this instruction.
  if (getCpl(cpu) != 0 || (to64 && !isCanonical(cpu, target))) return raiseGp(cpu, 0)
  begin(cpu, TRANSITION_SYSRET)
  const selectors = <u32>(load<u64>(cpu, STAR) >> 48)

  // RIP ← RCX; RFLAGS ← R11
  jumpTo(cpu, to64 ? target : target & 0xffff_ffff)
  setFlags(cpu, (getGpr(cpu, R11) & FLAGS_FROM_R11) | 2)
  // CS ← STAR[63:48] + 16 (64-bit) or + 0, CPL ← 3; SS ← STAR[63:48] + 8. RSP is for software to restore.
  if (to64) setFlatCode(cpu, selectors + 16, FLAT_CODE64, 3)
  else setFlatCode(cpu, selectors, FLAT_CODE32, 3)
  setFlatStack(cpu, selectors + 8, 3)

  finishTransition(cpu)
  stepByNewFlags(cpu)
  end(cpu, TRANSITION_SYSRET)
  return JUMP
}
