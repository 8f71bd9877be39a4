/** Alignment checking: CR0.AM, EFLAGS.AC, CPL 3. SDM Vol. 3A, 6.15, interrupt 17. */
import { AC, CR0_AM, VECTOR_AC } from '../bits'
import { raise } from '../raise'
import { cr0Has, getCpl, systemFlags } from '../state'
import { ACCESS_UNALIGNED, ACCESS_USER } from './access-kind'

export function checksAlignment(cpu: usize): bool {
  return getCpl(cpu) == 3 && (systemFlags(cpu) & AC) != 0 && cr0Has(cpu, CR0_AM)
}

/** #AC(0) when a program's access of 2, 4 or 8 bytes is not aligned to its size. Comes after canonical form and before paging, as on silicon. */
export function isMisaligned(cpu: usize, va: u64, size: u32, access: u32): bool {
  if ((access & (ACCESS_USER | ACCESS_UNALIGNED)) != ACCESS_USER || !(<u32>va & (size - 1))) return false
  // Larger operands are vectors, which #AC leaves alone.
  if (size > 8 || size & (size - 1) || !checksAlignment(cpu)) return false
  raise(cpu, VECTOR_AC, 1, 0)
  return true
}
