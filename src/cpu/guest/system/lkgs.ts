/** LKGS: loads GS as MOV does, but leaves its base alone and puts the descriptor's into IA32_KERNEL_GS_BASE. Intel's FRED specification (document 346446), LKGS. */
import { GS, KERNEL_GS_BASE } from '../../layout'
import { raiseUd } from '../raise'
import { loadSegment } from '../segmentation/load'
import { getCpl, mode64, segBase, setSegBase } from '../state'
import { EXCEPTION } from '../status'

export function lkgs(cpu: usize, selector: u32): i32 {
  if (!mode64(cpu) || getCpl(cpu)) return raiseUd(cpu)
  const base = segBase(cpu, GS)
  const status = loadSegment(cpu, GS, selector)
  if (status == EXCEPTION) return EXCEPTION
  store<u64>(cpu, segBase(cpu, GS), KERNEL_GS_BASE)
  setSegBase(cpu, GS, base)
  return status
}
