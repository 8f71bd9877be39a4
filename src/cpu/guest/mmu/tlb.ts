/**
 * The software TLB: direct-mapped arrays, one for each class of access, so that one compare of a tag covers presence,
 * permission and mode. A tag is the page's linear address, or NO_PAGE when this kind of access must take the slow path.
 */
import * as L from '../../layout'
import { AC, CR4_PGE, CR4_SMAP } from '../bits'
import { watchesPage } from '../debug/breakpoints'
import { LARGE_REGIONS, WATCH, WATCH_CODE, WATCH_DATA } from '../private'
import { cr4Has, getCpl, systemFlags } from '../state'
import { event } from '../trace'
import { EVENT_TLB_FLUSH } from '../../probe'
import { ACCESS_IMPLICIT, ACCESS_USER } from './access-kind'
import { checksAlignment } from './alignment'

/** Supervisor accesses to which user pages are closed (CR4.SMAP without EFLAGS.AC, or implicit). */
export const CLASS_SUPERVISOR: u32 = 0
/** Supervisor accesses that may touch user pages. */
export const CLASS_SUPERVISOR_ANY: u32 = 1
export const CLASS_USER: u32 = 2
/**
 * The array, not a class, of programs whose alignment is checked: it has tags for fetches only, so that every data access takes the slow path.
 */
export const CODE_ONLY: u32 = 3

/** Never equal to a page address. */
export const NO_PAGE: u64 = ~(<u64>0)

/** TLB_FLAGS of an entry: global page; part of a 2 or 4 MiB page, of a 1 GiB page. */
export const ENTRY_GLOBAL: u32 = 1
export const ENTRY_LARGE: u32 = 2
export const ENTRY_HUGE: u32 = 4
/** TLB_FLAGS: this class may write here; without a tag only because somebody wants to hear of it. */
export const ENTRY_WRITABLE: u32 = 8
/** Not in the list of filled entries of one kind. Empty memory, which is all ones, says so too. */
const UNLISTED_LOCAL: u32 = 1 << 31
const UNLISTED_GLOBAL: u32 = 1 << 30

const ARRAY_SIZE: usize = L.TLB_ENTRIES * L.TLB_ENTRY_SIZE

/** The class of an access; without flags, that of an ordinary data access at the current CPL. */
export function accessClass(cpu: usize, access: u32): u32 {
  if (access & ACCESS_USER) return CLASS_USER
  if (!(access & ACCESS_IMPLICIT) && getCpl(cpu) == 3) return CLASS_USER
  if (!cr4Has(cpu, CR4_SMAP)) return CLASS_SUPERVISOR_ANY
  if (access & ACCESS_IMPLICIT) return CLASS_SUPERVISOR
  return systemFlags(cpu) & AC ? CLASS_SUPERVISOR_ANY : CLASS_SUPERVISOR
}

/** The array in which generated code looks up its accesses. */
export function currentArray(cpu: usize): u32 {
  return checksAlignment(cpu) ? CODE_ONLY : accessClass(cpu, 0)
}

export function tlbArray(cpu: usize, kind: u32): usize {
  return <usize>load<u32>(cpu, L.TLB_ARRAYS) + <usize>kind * ARRAY_SIZE
}

/** The entry in which the page of `va` would be. */
export function tlbEntry(cpu: usize, kind: u32, va: u64): usize {
  return entryIn(tlbArray(cpu, kind), va)
}

/** The same in the array that generated code uses now. */
export function currentEntry(cpu: usize, va: u64): usize {
  return entryIn(load<u32>(cpu, L.TLB_BASE), va)
}

function entryIn(array: usize, va: u64): usize {
  return array + (<usize>(va >> 12) & (L.TLB_ENTRIES - 1)) * L.TLB_ENTRY_SIZE
}

function clearEntry(entry: usize): void {
  store<u64>(entry, NO_PAGE, L.TLB_READ_TAG)
  store<u64>(entry, NO_PAGE, L.TLB_WRITE_TAG)
  store<u64>(entry, NO_PAGE, L.TLB_EXEC_TAG)
}

/** The page that the entry holds, if any: the tags that are not NO_PAGE are equal. */
export function heldPage(entry: usize): u64 {
  return (
    load<u64>(entry, L.TLB_READ_TAG) & load<u64>(entry, L.TLB_WRITE_TAG) & load<u64>(entry, L.TLB_EXEC_TAG)
  )
}

/**
 * The lists of entries that hold something, one for each kind, so that dropping what is not global does not look at what is. An entry whose page has changed its
 * kind stands in both. Each list is named by its count in the state block.
 */
type List = usize
const LOCAL: List = L.TLB_FILLED
const GLOBAL: List = L.TLB_FILLED_GLOBAL

function listStart(cpu: usize, list: List): usize {
  const both = tlbArray(cpu, L.TLB_ARRAY_COUNT)
  return list == LOCAL ? both : both + 4 * L.TLB_FILLED_MAX
}

function listEnd(cpu: usize, list: List): usize {
  return listStart(cpu, list) + ((<usize>load<u32>(cpu + list)) << 2)
}

/** Whether the list is complete; otherwise only all entries together are. */
function isComplete(cpu: usize, list: List): bool {
  return load<u32>(cpu + list) <= <u32>L.TLB_FILLED_MAX
}

function mark(entry: usize, unlisted: u32): void {
  store<u32>(entry, load<u32>(entry, L.TLB_FLAGS) | unlisted, L.TLB_FLAGS)
}

function enlist(cpu: usize, entry: usize, list: List): void {
  const count = load<u32>(cpu + list)
  if (count < <u32>L.TLB_FILLED_MAX) store<u32>(listEnd(cpu, list), <u32>entry)
  if (count <= <u32>L.TLB_FILLED_MAX) store<u32>(cpu + list, count + 1)
}

/** Drops every entry, without telling: the rights that they hold may be out of date. */
export function forgetTranslations(cpu: usize): void {
  if (isComplete(cpu, LOCAL) && isComplete(cpu, GLOBAL)) {
    forgetListed(cpu, LOCAL)
    forgetListed(cpu, GLOBAL)
  } else memory.fill(tlbArray(cpu, 0), 0xff, ARRAY_SIZE * L.TLB_ARRAY_COUNT)
  store<u32>(cpu, 0, LOCAL)
  store<u32>(cpu, 0, GLOBAL)
  store<u64>(cpu, 0, LARGE_REGIONS)
}

function forgetListed(cpu: usize, list: List): void {
  const end = listEnd(cpu, list)
  for (let at = listStart(cpu, list); at < end; at += 4) {
    const entry = load<u32>(at)
    clearEntry(entry)
    mark(entry, UNLISTED_LOCAL | UNLISTED_GLOBAL)
  }
}

/** Makes the TLB empty whatever it held. */
export function resetTlb(cpu: usize): void {
  store<u32>(cpu, L.TLB_FILLED_MAX + 1, LOCAL)
  forgetTranslations(cpu)
}

/** Drops every translation, global ones included. */
export function flushTlb(cpu: usize): void {
  forgetTranslations(cpu)
  event(cpu, EVENT_TLB_FLUSH, 0, 0)
}

/** Drops what a MOV to CR3 drops: everything but global pages. SDM Vol. 3A, 4.10.4.1. */
export function flushNonGlobal(cpu: usize): void {
  if (!cr4Has(cpu, CR4_PGE)) return flushTlb(cpu)
  if (isComplete(cpu, LOCAL)) {
    const end = listEnd(cpu, LOCAL)
    for (let at = listStart(cpu, LOCAL); at < end; at += 4) dropUnlessGlobal(load<u32>(at))
  } else {
    const end = tlbArray(cpu, L.TLB_ARRAY_COUNT)
    for (let entry = tlbArray(cpu, 0); entry < end; entry += L.TLB_ENTRY_SIZE) dropUnlessGlobal(entry)
  }
  store<u32>(cpu, 0, LOCAL)
  event(cpu, EVENT_TLB_FLUSH, 1, 0)
}

/** Leaves a global page to the other list. */
function dropUnlessGlobal(entry: usize): void {
  if (!(load<u32>(entry, L.TLB_FLAGS) & ENTRY_GLOBAL)) clearEntry(entry)
  mark(entry, UNLISTED_LOCAL)
}

/** Drops the page of `va`, all of it when it is a large one, global or not. */
export function flushPage(cpu: usize, va: u64): void {
  for (let kind: u32 = 0; kind < <u32>L.TLB_ARRAY_COUNT; kind++) {
    const entry = tlbEntry(cpu, kind, va)
    if (heldPage(entry) == (va & ~0xfff)) clearEntry(entry)
  }
  if (load<u64>(cpu, LARGE_REGIONS) & regionBit(va)) flushLargePage(cpu, va)
  event(cpu, EVENT_TLB_FLUSH, 2, va)
}

function regionBit(va: u64): u64 {
  return (<u64>1) << ((va >> 30) & 63)
}

function flushLargePage(cpu: usize, va: u64): void {
  if (isComplete(cpu, LOCAL) && isComplete(cpu, GLOBAL)) {
    dropListedPieces(cpu, LOCAL, va)
    dropListedPieces(cpu, GLOBAL, va)
  } else {
    const end = tlbArray(cpu, L.TLB_ARRAY_COUNT)
    for (let entry = tlbArray(cpu, 0); entry < end; entry += L.TLB_ENTRY_SIZE) dropPiece(entry, va)
  }
}

function dropListedPieces(cpu: usize, list: List, va: u64): void {
  const end = listEnd(cpu, list)
  for (let at = listStart(cpu, list); at < end; at += 4) dropPiece(load<u32>(at), va)
}

/** Clears an entry that is a piece of the large page of `va`. */
function dropPiece(entry: usize, va: u64): void {
  const flags = load<u32>(entry, L.TLB_FLAGS)
  if (!(flags & (ENTRY_LARGE | ENTRY_HUGE))) return
  // 4 MiB rather than 2: pages of 32-bit paging are as large, and dropping too much is allowed.
  const shift: u64 = flags & ENTRY_HUGE ? 30 : 22
  if (heldPage(entry) >> shift == va >> shift) clearEntry(entry)
}

/** Accesses that a breakpoint waits for take the slow path. */
export function dropWatched(cpu: usize, entry: usize, page: u64): void {
  if (watchesPage(cpu, page, WATCH_DATA, false)) store<u64>(entry, NO_PAGE, L.TLB_READ_TAG)
  if (watchesPage(cpu, page, WATCH_DATA, true)) store<u64>(entry, NO_PAGE, L.TLB_WRITE_TAG)
  if (watchesPage(cpu, page, WATCH_CODE, false)) store<u64>(entry, NO_PAGE, L.TLB_EXEC_TAG)
}

/** Enters a page of RAM. Each right says whether this class of access may take the fast path. */
export function fillEntry(
  cpu: usize,
  kind: u32,
  va: u64,
  ram: usize,
  canRead: bool,
  canWrite: bool,
  canExecute: bool,
  flags: u32,
): void {
  const page = va & ~0xfff
  const entry = tlbEntry(cpu, kind, va)
  const unlisted = load<u32>(entry, L.TLB_FLAGS) & (UNLISTED_LOCAL | UNLISTED_GLOBAL)
  const own = flags & ENTRY_GLOBAL ? UNLISTED_GLOBAL : UNLISTED_LOCAL
  if (unlisted & own) enlist(cpu, entry, flags & ENTRY_GLOBAL ? GLOBAL : LOCAL)
  store<u64>(entry, canRead ? page : NO_PAGE, L.TLB_READ_TAG)
  store<u64>(entry, canWrite ? page : NO_PAGE, L.TLB_WRITE_TAG)
  store<u64>(entry, canExecute ? page : NO_PAGE, L.TLB_EXEC_TAG)
  if (load<u32>(cpu, WATCH)) dropWatched(cpu, entry, page)
  store<u32>(entry, <u32>(ram & ~0xfff) - <u32>page, L.TLB_ADDEND)
  store<u32>(entry, flags | (unlisted & ~own), L.TLB_FLAGS)
  if (flags & (ENTRY_LARGE | ENTRY_HUGE)) {
    store<u64>(cpu, load<u64>(cpu, LARGE_REGIONS) | regionBit(va), LARGE_REGIONS)
  }
}
