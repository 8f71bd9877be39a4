/** Four-level page tables (SDM Vol. 3A §4.5). The kernel has one address space; every address fits in 32 bits. */
import { invlpg } from '../lib/cpu'
import { allocateZeroFrame, PAGE_SIZE } from './frames'

export const PRESENT: u64 = 1
export const WRITABLE: u64 = 1 << 1
export const USER: u64 = 1 << 2
export const WRITE_THROUGH: u64 = 1 << 3
export const CACHE_DISABLE: u64 = 1 << 4
export const LARGE: u64 = 1 << 7
export const NO_EXECUTE: u64 = 1 << 63

const ADDRESS: u64 = 0x000f_ffff_ffff_f000
const LARGE_SIZE: usize = 0x20_0000

let root: usize = 0

/** Starts an empty address space; nothing changes until CR3 is loaded with the address returned. */
export function initPageTable(): usize {
  root = allocateZeroFrame()
  return root
}

/** The table that `entry` leads to, made when missing. Rights are decided by the lowest level alone. */
function descend(entry: usize): usize {
  const value = load<u64>(entry)
  if (value & PRESENT) return <usize>(value & ADDRESS)
  const table = allocateZeroFrame()
  assert(table != 0, 'no memory for page tables')
  store<u64>(entry, <u64>table | PRESENT | WRITABLE | USER)
  return table
}

/** The entry for the gigabyte of `address` in the address space `top`. */
export function pointerEntry(top: usize, address: usize): usize {
  return descend(top) + ((address >> 30) << 3)
}

/** The entry for its 2 MiB. */
export function entryOfDirectory(top: usize, address: usize): usize {
  return descend(pointerEntry(top, address)) + (((address >> 21) & 511) << 3)
}

/** The kernel's address space: what CR3 holds in it. */
export function pageTableRoot(): usize {
  return root
}

/** Maps one page of 4 KiB in the address space `top`. `flags` are the bits of the entry without the address; PRESENT is added. */
export function mapPageIn(top: usize, address: usize, physical: usize, flags: u64): void {
  const table = descend(entryOfDirectory(top, address))
  store<u64>(table + (((address >> 12) & 511) << 3), <u64>physical | flags | PRESENT)
}

export function mapPage(address: usize, physical: usize, flags: u64): void {
  mapPageIn(root, address, physical, flags)
}

/** Maps `size` bytes, with pages of 2 MiB where both addresses allow it. */
export function mapRange(address: usize, physical: usize, size: usize, flags: u64): void {
  let done: usize = 0
  while (done < size) {
    const at = address + done
    const to = physical + done
    if (((at | to) & (LARGE_SIZE - 1)) == 0 && size - done >= LARGE_SIZE) {
      store<u64>(entryOfDirectory(root, at), <u64>to | flags | LARGE | PRESENT)
      done += LARGE_SIZE
    } else {
      mapPage(at, to, flags)
      done += PAGE_SIZE
    }
  }
}

/** The entry of the lowest level for `address`, 0 if there is none. A large page gives its directory entry. */
export function findEntry(address: usize): usize {
  const pointers = load<u64>(root)
  if (!(pointers & PRESENT)) return 0
  const directories = load<u64>(<usize>(pointers & ADDRESS) + ((address >> 30) << 3))
  if (!(directories & PRESENT)) return 0
  const entry = <usize>(directories & ADDRESS) + (((address >> 21) & 511) << 3)
  const value = load<u64>(entry)
  if (!(value & PRESENT)) return 0
  if (value & LARGE) return entry
  return <usize>(value & ADDRESS) + (((address >> 12) & 511) << 3)
}

/** The rights of the page that holds `address`, 0 when it is not mapped. */
export function pageFlags(address: usize): u64 {
  const entry = findEntry(address)
  if (entry == 0) return 0
  const value = load<u64>(entry)
  return value & PRESENT ? value & ~ADDRESS : 0
}

/** The frame of a mapped page of 4 KiB. */
export function frameOf(address: usize): usize {
  return <usize>(load<u64>(findEntry(address)) & ADDRESS)
}

/** Removes a page of 4 KiB; returns the frame it had, or 0. */
export function unmapPage(address: usize): usize {
  const entry = findEntry(address)
  if (entry == 0) return 0
  const value = load<u64>(entry)
  store<u64>(entry, 0)
  invlpg(address)
  return value & PRESENT ? <usize>(value & ADDRESS) : 0
}
