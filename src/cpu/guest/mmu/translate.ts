/** Linear → guest-physical: the TLB first, then the walk. */
import { RAM_BASE, TLB_ADDEND, TLB_EXEC_TAG, TLB_FLAGS, TLB_READ_TAG, TLB_WRITE_TAG } from '../../layout'
import { getCpl, longMode } from '../state'
import { ACCESS_FETCH, ACCESS_USER, ACCESS_WRITE } from './access-kind'
import { checksAlignment } from './alignment'
import { isCanonical, lassAllows } from './canonical'
import { WATCH } from '../private'
import { noteWrite, pageFlags } from './physical'
import { accessClass, CLASS_USER, CODE_ONLY, dropWatched, ENTRY_WRITABLE, tlbEntry } from './tlb'
import { walk } from './walk'

function tagOffset(access: u32): usize {
  if (access & ACCESS_FETCH) return TLB_EXEC_TAG
  return access & ACCESS_WRITE ? TLB_WRITE_TAG : TLB_READ_TAG
}

/** Guest-physical address of `va`, which is addressable, or NO_TRANSLATION with the #PF pending. */
export function translate(cpu: usize, va: u64, access: u32): u64 {
  let array = accessClass(cpu, access)
  // Generated code looks fetches up where the walk must then have entered them.
  if (access & ACCESS_FETCH && array == CLASS_USER && checksAlignment(cpu)) array = CODE_ONLY
  const entry = tlbEntry(cpu, array, va)
  if (load<u64>(entry + tagOffset(access)) == (va & ~0xfff)) return physical(cpu, entry, va)
  if (access & ACCESS_WRITE && isWritable(entry, va)) {
    const gpa = physical(cpu, entry, va)
    noteWrite(cpu, gpa)
    // From now on the fast way, unless somebody has other reasons to hear of writes.
    if (!pageFlags(cpu, gpa)) {
      store<u64>(entry, va & ~0xfff, TLB_WRITE_TAG)
      if (load<u32>(cpu, WATCH)) dropWatched(cpu, entry, va & ~0xfff)
    }
    return gpa
  }
  return walk(cpu, va, access)
}

function physical(cpu: usize, entry: usize, va: u64): u64 {
  return <u64>(<u32>va + load<u32>(entry, TLB_ADDEND) - load<u32>(cpu, RAM_BASE))
}

/** Whether the translation permits a write whose tag was taken away: no walk is needed, so that who listens changes nothing that a guest can see. */
function isWritable(entry: usize, va: u64): bool {
  return (
    load<u64>(entry, TLB_READ_TAG) == (va & ~0xfff) && (load<u32>(entry, TLB_FLAGS) & ENTRY_WRITABLE) != 0
  )
}

/** An access that an instruction makes at the current privilege level. */
export function explicit(cpu: usize, access: u32): u32 {
  return getCpl(cpu) == 3 ? access | ACCESS_USER : access
}

/** Whether the `size` bytes from `va` may be addressed at all: canonical and on the right side of LASS. Outside IA-32e mode every 32-bit address may. */
export function isAddressable(cpu: usize, va: u64, size: u32, access: u32): bool {
  if (!longMode(cpu)) return true
  if (!isCanonical(cpu, va) || !isCanonical(cpu, va + size - 1)) return false
  return lassAllows(cpu, accessClass(cpu, access), va, access)
}

export function crossesPage(va: u64, size: u32): bool {
  return (va & 0xfff) + size > 0x1000
}

/** First address of the page after that of `va`; 32-bit addresses wrap. */
export function nextPage(cpu: usize, va: u64): u64 {
  const next = (va | 0xfff) + 1
  return longMode(cpu) ? next : next & 0xffff_ffff
}
