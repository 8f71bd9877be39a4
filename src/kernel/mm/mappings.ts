/**
 * Memory that an application asks for in whole pages, at the upper end of its window. A page gets its frame, of zeros, when it is first touched:
 * by the page fault that this causes, or by a call of the kernel that is given the page as a buffer.
 */
import { EINVAL } from '../api/errno'
import { APPLICATION_END, applicationFlag, MAPPINGS_START, mapFresh, unmapFresh } from './address-space'
import { PAGE_SIZE } from './frames'
import { pageFlags, PRESENT } from './page-table'

@unmanaged
class Mapping {
  start: usize
  pages: usize
  /** The next one by address. */
  next: Mapping | null
}

let first: Mapping | null = null

/** As `mmap` of anonymous memory: the address of `bytes` bytes, rounded up to pages, or 0. */
export function mapMemory(bytes: u32): u32 {
  const pages = (<usize>bytes + PAGE_SIZE - 1) / PAGE_SIZE
  if (bytes == 0 || bytes > APPLICATION_END - MAPPINGS_START) return 0
  let start = MAPPINGS_START
  let before: Mapping | null = null
  let other = first
  // An unmapped page stays between two of them, so that running off an end faults.
  while (other !== null && start + (pages + 1) * PAGE_SIZE > other.start) {
    start = other.start + (other.pages + 1) * PAGE_SIZE
    before = other
    other = other.next
  }
  if (start + pages * PAGE_SIZE > APPLICATION_END) return 0
  const mapping = changetype<Mapping>(heap.alloc(offsetof<Mapping>()))
  mapping.start = start
  mapping.pages = pages
  mapping.next = other
  if (before !== null) before.next = mapping
  else first = mapping
  return <u32>start
}

/** As `munmap`, of a whole mapping. */
export function unmapMemory(address: u32): i32 {
  let before: Mapping | null = null
  let mapping = first
  while (mapping !== null && mapping.start != <usize>address) {
    before = mapping
    mapping = mapping.next
  }
  if (mapping === null) return -EINVAL
  if (before !== null) before.next = mapping.next
  else first = mapping.next
  unmapFresh(mapping.start, mapping.pages)
  heap.free(changetype<usize>(mapping))
  return 0
}

/** Gives the page of `address` a frame, if it is one of a mapping that has none yet; false if it is not, or memory is used up. */
export function populate(address: usize): bool {
  if (address < MAPPINGS_START || address >= APPLICATION_END) return false
  let mapping = first
  while (mapping !== null && mapping.start + mapping.pages * PAGE_SIZE <= address) mapping = mapping.next
  if (mapping === null || address < mapping.start) return false
  const page = address & ~(PAGE_SIZE - 1)
  return !(pageFlags(page) & PRESENT) && mapFresh(page, 1, applicationFlag())
}
