/** Alignment checking: CR0.AM, EFLAGS.AC, CPL 3. SDM Vol. 3A, 6.15, interrupt 17. */
import { AC, CR0_AM, VECTOR_AC } from '../bits'
import { raise } from '../raise'
import { cr0Has, getCpl, systemFlags } from '../state'
import { ACCESS_UNALIGNED, ACCESS_USER } from './access-kind'

export function checksAlignment(cpu: usize): bool {
  return getCpl(cpu) == 3 && (systemFlags(cpu) & AC) != 0 && cr0Has(cpu, CR0_AM)
}

/** Scalars are aligned to their size, x87 operands of ten bytes to eight; #AC leaves vectors alone. Table 6-7, as far as silicon follows it. */
function alignmentOf(size: u32): u32 {
  if (size == 10) return 8
  return size > 8 || size & (size - 1) ? 1 : size
}

/** #AC(0) when a program's access is not aligned. Comes after canonical form and before paging, as on silicon. */
export function isMisaligned(cpu: usize, va: u64, size: u32, access: u32): bool {
  const alignment = alignmentOf(size)
  if ((access & (ACCESS_USER | ACCESS_UNALIGNED)) != ACCESS_USER || !(<u32>va & (alignment - 1))) return false
  if (!checksAlignment(cpu)) return false
  raise(cpu, VECTOR_AC, 1, 0)
  return true
}
