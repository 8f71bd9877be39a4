/**
 * The page walk: linear address → guest-physical address, with the faults, error codes and A/D updates of
 * SDM Vol. 3A, 4.6 – 4.8. One loop serves every format; `format.ts` holds what differs.
 */
import { COUNT_TLB_MISS } from '../../counters'
import { CR3 } from '../../layout'
import { EVENT_PAGE_WALK } from '../../probe'
import { CR0_WP, CR4_PAE, CR4_SMEP, EFER_NXE } from '../bits'
import { PDPTE, WALK } from '../private'
import { raisePf } from '../raise'
import { cr0Has, cr4Has, eferHas } from '../state'
import { count, event } from '../trace'
import {
  ACCESS_FETCH,
  ACCESS_REPORTED,
  ACCESS_WRITE,
  FAULT_KEY,
  FAULT_PROTECTION,
  FAULT_RESERVED,
} from './access-kind'
import { checksAlignment } from './alignment'
import { lassAllows } from './canonical'
import * as F from './format'
import { keyDenies, keyDeniesRead, keyDeniesWrite } from './protection-keys'
import { isRam, noteWrite, pageFlags, ramAddress, readPhysical, throughA20, writePhysical } from './physical'
import {
  accessClass,
  CLASS_SUPERVISOR,
  CLASS_USER,
  CODE_ONLY,
  ENTRY_GLOBAL,
  ENTRY_HUGE,
  ENTRY_LARGE,
  ENTRY_WRITABLE,
  fillEntry,
} from './tlb'

/** No guest-physical address: the exception is pending. */
export const NO_TRANSLATION: u64 = ~(<u64>0)

/* Rights of a page, gathered over the levels. */
const RIGHT_USER: u32 = 1
const RIGHT_WRITE: u32 = 2
const RIGHT_EXECUTE: u32 = 4
const ALL_RIGHTS: u32 = 7

/** Whether accesses of a class may read, write, or fetch from a page with these rights. 4.6.1. */
function mayRead(kind: u32, rights: u32): bool {
  if (rights & RIGHT_USER) return kind != CLASS_SUPERVISOR
  return kind != CLASS_USER
}

function mayWrite(cpu: usize, kind: u32, rights: u32): bool {
  if (!mayRead(kind, rights)) return false
  if (rights & RIGHT_WRITE) return true
  return kind != CLASS_USER && !cr0Has(cpu, CR0_WP)
}

function mayFetch(cpu: usize, kind: u32, rights: u32): bool {
  if (!(rights & RIGHT_EXECUTE)) return false
  if (kind == CLASS_USER) return (rights & RIGHT_USER) != 0
  return !(rights & RIGHT_USER) || !cr4Has(cpu, CR4_SMEP)
}

function mayAccess(cpu: usize, kind: u32, rights: u32, access: u32): bool {
  if (access & ACCESS_FETCH) return mayFetch(cpu, kind, rights)
  return access & ACCESS_WRITE ? mayWrite(cpu, kind, rights) : mayRead(kind, rights)
}

function fault(cpu: usize, va: u64, access: u32, cause: u32): u64 {
  let error = (access & ACCESS_REPORTED) | cause
  const reportsFetch = cr4Has(cpu, CR4_SMEP) || (cr4Has(cpu, CR4_PAE) && eferHas(cpu, EFER_NXE))
  if (!reportsFetch) error &= ~ACCESS_FETCH
  event(cpu, EVENT_PAGE_WALK, va, NO_TRANSLATION)
  raisePf(cpu, va, error)
  return NO_TRANSLATION
}

/** Sets A in every entry that was used and D in the leaf of a write. 4.8. */
function markUsed(cpu: usize, depth: u32, entrySize: u32, access: u32): void {
  for (let i: u32 = 0; i <= depth; i++) {
    const slot = cpu + WALK + <usize>i * 16
    const entry = load<u64>(slot, 8)
    let marked = entry | F.ENTRY_A
    if (i == depth && access & ACCESS_WRITE) marked |= F.ENTRY_D
    if (marked != entry) writePhysical(cpu, load<u64>(slot), entrySize, marked)
  }
}

function pageOffsetBits(format: u32, level: u32): u64 {
  return format == F.PAGING_32BIT ? 12 + 10 * <u64>(level - 1) : 12 + 9 * <u64>(level - 1)
}

/** Base address of the page that a leaf maps. */
function pageBase(format: u32, level: u32, entry: u64): u64 {
  if (format == F.PAGING_32BIT) {
    return level == 1 ? entry & 0xffff_f000 : (entry & 0xffc0_0000) | ((entry & 0x001f_e000) << 19)
  }
  return entry & F.ADDRESS_MASK & ~(((<u64>1) << pageOffsetBits(format, level)) - 1)
}

function walkTables(cpu: usize, va: u64, access: u32, format: u32): u64 {
  const isPae = format != F.PAGING_32BIT
  const entrySize: u32 = isPae ? 8 : 4
  let level = F.topLevel(format)
  let table = load<u64>(cpu, CR3) & (isPae ? F.ADDRESS_MASK : 0xffff_f000)
  let rights = ALL_RIGHTS
  let depth: u32 = 0

  if (format == F.PAGING_PAE) {
    const pdpte = load<u64>(cpu + PDPTE + (<usize>(va >> 30) & 3) * 8)
    if (!(pdpte & F.ENTRY_P)) return fault(cpu, va, access, 0)
    table = pdpte & F.ADDRESS_MASK
  }

  while (true) {
    const index = (va >> pageOffsetBits(format, level)) & (isPae ? 0x1ff : 0x3ff)
    const at = throughA20(cpu, table + index * <u64>entrySize)
    const entry = readPhysical(cpu, at, entrySize)
    if (!(entry & F.ENTRY_P)) return fault(cpu, va, access, 0)
    const isPage = F.mapsPage(cpu, format, level, entry)
    if (entry & F.reservedBits(cpu, format, level, isPage)) {
      return fault(cpu, va, access, FAULT_RESERVED | FAULT_PROTECTION)
    }
    store<u64>(cpu + WALK + <usize>depth * 16, at)
    store<u64>(cpu + WALK + <usize>depth * 16, entry, 8)
    if (!(entry & F.ENTRY_US)) rights &= ~RIGHT_USER
    if (!(entry & F.ENTRY_RW)) rights &= ~RIGHT_WRITE
    if (isPae && entry & F.ENTRY_XD) rights &= ~RIGHT_EXECUTE
    if (isPage) return finish(cpu, va, access, format, level, depth, entry, rights)
    table = entry & (isPae ? F.ADDRESS_MASK : 0xffff_f000)
    level--
    depth++
  }
}

function finish(
  cpu: usize,
  va: u64,
  access: u32,
  format: u32,
  level: u32,
  depth: u32,
  leaf: u64,
  rights: u32,
): u64 {
  const kind = accessClass(cpu, access)
  const denied = keyDenies(cpu, format, kind, (rights & RIGHT_USER) != 0, leaf)
  const isKeyFault =
    !(access & ACCESS_FETCH) && (access & ACCESS_WRITE ? keyDeniesWrite(denied) : keyDeniesRead(denied))
  if (isKeyFault) return fault(cpu, va, access, FAULT_PROTECTION | FAULT_KEY)
  if (!mayAccess(cpu, kind, rights, access)) return fault(cpu, va, access, FAULT_PROTECTION)
  markUsed(cpu, depth, format == F.PAGING_32BIT ? 4 : 8, access)
  const offsetMask = ((<u64>1) << pageOffsetBits(format, level)) - 1
  const gpa = throughA20(cpu, pageBase(format, level, leaf) | (va & offsetMask))
  let flags: u32 = leaf & F.ENTRY_G ? ENTRY_GLOBAL : 0
  if (level > 1) flags |= level > 2 ? ENTRY_HUGE : ENTRY_LARGE
  // Until D is set a write must walk, so that it sets it.
  const isDirty = (leaf & F.ENTRY_D) != 0 || (access & ACCESS_WRITE) != 0
  if (access & ACCESS_WRITE) noteWrite(cpu, gpa)
  enter(cpu, kind, va, gpa, rights, denied, isDirty, flags)
  event(cpu, EVENT_PAGE_WALK, va, gpa)
  return gpa
}

/** Enters a translation to RAM in the TLB; device pages always take the slow path. */
function enter(
  cpu: usize,
  kind: u32,
  va: u64,
  gpa: u64,
  rights: u32,
  denied: u32,
  isDirty: bool,
  flags: u32,
): void {
  if (!isRam(cpu, gpa & ~0xfff, 4096)) return
  const isPlain = pageFlags(cpu, gpa) == 0
  const isData = lassAllows(cpu, kind, va, 0)
  const canRead = isData && mayRead(kind, rights) && !keyDeniesRead(denied)
  const isWritable = isData && isDirty && mayWrite(cpu, kind, rights) && !keyDeniesWrite(denied)
  const canFetch = mayFetch(cpu, kind, rights) && lassAllows(cpu, kind, va, ACCESS_FETCH)
  const ram = ramAddress(cpu, gpa)
  const entryFlags = isWritable ? flags | ENTRY_WRITABLE : flags
  fillEntry(cpu, kind, va, ram, canRead, isWritable && isPlain, canFetch, entryFlags)
  if (canFetch && kind == CLASS_USER && checksAlignment(cpu))
    fillEntry(cpu, CODE_ONLY, va, ram, false, false, true, flags)
}

/** Walks the paging structures of the current mode and fills the TLB. `va` is canonical. */
export function walk(cpu: usize, va: u64, access: u32): u64 {
  count(cpu, COUNT_TLB_MISS)
  const format = F.pagingFormat(cpu)
  if (format != F.PAGING_NONE) return walkTables(cpu, va, access, format)
  const gpa = throughA20(cpu, va & 0xffff_ffff)
  if (access & ACCESS_WRITE) noteWrite(cpu, gpa)
  enter(cpu, accessClass(cpu, access), va, gpa, rightsWithoutPaging(cpu, access), 0, true, 0)
  return gpa
}

/** Without paging there is no protection: the page is a user page exactly when the access wants one. */
function rightsWithoutPaging(cpu: usize, access: u32): u32 {
  return accessClass(cpu, access) == CLASS_USER ? ALL_RIGHTS : ALL_RIGHTS & ~RIGHT_USER
}
