/** SWAPGS, RDFSBASE and its kin. SDM Vol. 2B. */
import { CR4_FSGSBASE } from '../bits'
import { GS, KERNEL_GS_BASE } from '../../layout'
import { isCanonicalBase } from '../mmu/canonical'
import { isFred } from '../privilege/fred'
import { raiseGp, raiseUd } from '../raise'
import { cr4Has, getCpl, mode64, segBase, setGpr, setSegBase } from '../state'
import { CONTINUE } from '../status'

/** GS.base ↔ IA32_KERNEL_GS_BASE */
export function swapgs(cpu: usize): i32 {
  // FRED exchanges the bases by itself.
  if (!mode64(cpu) || isFred(cpu)) return raiseUd(cpu)
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  const base = segBase(cpu, GS)
  setSegBase(cpu, GS, load<u64>(cpu, KERNEL_GS_BASE))
  store<u64>(cpu, base, KERNEL_GS_BASE)
  return CONTINUE
}

export function rdSegBase(cpu: usize, seg: u32, gpr: u32, size: u32): i32 {
  if (!mode64(cpu) || !cr4Has(cpu, CR4_FSGSBASE)) return raiseUd(cpu)
  const base = segBase(cpu, seg)
  setGpr(cpu, gpr, size == 8 ? base : base & 0xffff_ffff)
  return CONTINUE
}

/** `value` is zero-extended when the operand has 32 bits. */
export function wrSegBase(cpu: usize, seg: u32, value: u64): i32 {
  if (!mode64(cpu) || !cr4Has(cpu, CR4_FSGSBASE)) return raiseUd(cpu)
  if (!isCanonicalBase(cpu, value)) return raiseGp(cpu, 0)
  setSegBase(cpu, seg, value)
  return CONTINUE
}
