/**
 * Break- and watchpoints of a debugger outside the machine. They work as those of DR0 … DR3 do, through pages without TLB tags, but the guest sees nothing of
 * them: code points are the host's to compare, data points end the run after the instruction.
 */
import { TLB_ARRAY_COUNT, TLB_ENTRY_SIZE } from '../../layout'
import { stopAfterInstruction } from '../host'
import { dropWatched, heldPage, NO_PAGE, tlbArray } from '../mmu/tlb'
import * as S from '../private'
import { updateWatch } from './breakpoints'

function point(cpu: usize, n: u32): usize {
  return cpu + S.POINTS + <usize>n * S.POINT_SIZE
}

/** The first point for one of these accesses to the `size` bytes from `va`, plus 1; or 0. */
function find(cpu: usize, va: u64, size: u64, access: u32): u32 {
  const count = load<u32>(cpu, S.POINT_COUNT)
  for (let n: u32 = 0; n < count; n++) {
    const at = point(cpu, n)
    if (!(load<u32>(at, S.POINT_ACCESS) & access)) continue
    // Differences, so that ranges may end at the top of the address space.
    const from = load<u64>(at)
    if (va - from < <u64>load<u32>(at, S.POINT_BYTES) || from - va < size) return n + 1
  }
  return 0
}

/** Whether a page has points of this kind: WATCH_CODE, or WATCH_DATA for reads or writes. */
export function hasPoint(cpu: usize, va: u64, kind: u32, isWrite: bool): bool {
  if (!(load<u32>(cpu, S.POINT_KINDS) & kind)) return false
  const access = kind == S.WATCH_CODE ? S.POINT_EXECUTE : isWrite ? S.POINT_WRITE : S.POINT_READ
  return find(cpu, va & ~0xfff, 4096, access) != 0
}

/** After an access to memory. */
export function meetPoint(cpu: usize, va: u64, size: u32, isWrite: bool): void {
  if (!(load<u32>(cpu, S.POINT_KINDS) & S.WATCH_DATA)) return
  const found = find(cpu, va, size, isWrite ? S.POINT_WRITE : S.POINT_READ)
  if (!found) return
  store<u32>(cpu, found, S.POINT_MET)
  stopAfterInstruction(cpu)
}

/** The host has written the list. Only the tags of the pages in it go, so that the guest's translations stay as they are. */
export function pointsChanged(cpu: usize): void {
  updateWatch(cpu)
  const end = tlbArray(cpu, TLB_ARRAY_COUNT)
  for (let entry = tlbArray(cpu, 0); entry < end; entry += TLB_ENTRY_SIZE) {
    const page = heldPage(entry)
    if (page != NO_PAGE) dropWatched(cpu, entry, page)
  }
}
