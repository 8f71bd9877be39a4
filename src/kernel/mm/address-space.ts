/**
 * The address space of the unikernel: page 0 never mapped, nothing both writable and executable, the application's
 * pages open to ring 3 only when it lives there.
 */
import { cpuidEbx, cpuidEcx, readCr0, readCr4, writeCr0, writeCr3, writeCr4 } from '../lib/cpu'
import {
  imageEnd,
  imageStart,
  rodataEnd,
  rodataStart,
  segments,
  textEnd,
  textStart,
  userMode,
} from '../lib/image'
import { allocateFrames, freeFrames, IDENTITY_END, memoryEnd, PAGE_SIZE } from './frames'
import { beginIsolation, forgetPage } from './isolation'
import {
  CACHE_DISABLE,
  initPageTable,
  mapPage,
  mapRange,
  NO_EXECUTE,
  unmapPage,
  USER,
  WRITABLE,
} from './page-table'

export const APPLICATION_START: usize = 0x4000_0000
export const APPLICATION_END: usize = 0x8000_0000
/** From here on what the application maps page by page; below grows its heap. */
export const MAPPINGS_START: usize = 0x7000_0000
export const STACKS_START: usize = 0x8000_0000
export const STACKS_END: usize = 0xc000_0000
/** Stacks of the application's own, apart from the kernel's. */
export const USER_STACKS_START: usize = 0xa000_0000
export const USER_STACKS_END: usize = 0xc000_0000
const DEVICES_START: usize = 0xc000_0000
const DEVICES_SIZE: usize = 0x4000_0000

const SEGMENT_EXECUTE: u32 = 1
const SEGMENT_WRITE: u32 = 2

const CR0_WP: u64 = 1 << 16
const CR4_UMIP: u64 = 1 << 11
const CR4_SMEP: u64 = 1 << 20
const CR4_SMAP: u64 = 1 << 21

let hasSmap: bool = false
/** First address of the application's window that its image does not use. */
let heapStart: usize = 0x4000_0000
let heapEnd: usize = 0x4000_0000

/** The flag that opens a page to the application. */
export function applicationFlag(): u64 {
  return userMode() ? USER : 0
}

/** Builds the final map and switches to it. */
export function initAddressSpace(): void {
  const root = initPageTable()
  const data = WRITABLE | NO_EXECUTE
  const image = imageStart()
  mapRange(PAGE_SIZE, PAGE_SIZE, image - PAGE_SIZE, data)
  mapImage(image)
  // Small pages up to the next large one, large pages from there on.
  mapRange(imageEnd(), imageEnd(), min(memoryEnd(), IDENTITY_END) - imageEnd(), data)
  mapRange(DEVICES_START, DEVICES_START, DEVICES_SIZE, data | CACHE_DISABLE)
  mapApplication()
  beginIsolation()
  protect()
  writeCr3(<u64>root)
}

/** The kernel's image, page by page. The application's part of it appears only in the application's window. */
function mapImage(start: usize): void {
  const end = imageEnd()
  for (let page = start; page < end; page += PAGE_SIZE) {
    if (isApplicationFrame(page)) continue
    if (page >= textStart() && page < textEnd()) mapPage(page, page, 0)
    else if (page >= rodataStart() && page < rodataEnd()) mapPage(page, page, NO_EXECUTE)
    else mapPage(page, page, WRITABLE | NO_EXECUTE)
  }
}

function isApplicationFrame(frame: usize): bool {
  const table = segments()
  const count = load<u32>(table)
  for (let i: u32 = 0; i < count; i++) {
    const row = table + 4 + i * 16
    const physical = <usize>load<u32>(row + 4)
    if (frame >= physical && frame < physical + load<u32>(row + 8)) return true
  }
  return false
}

function mapApplication(): void {
  const table = segments()
  const count = load<u32>(table)
  for (let i: u32 = 0; i < count; i++) {
    const row = table + 4 + i * 16
    const address = <usize>load<u32>(row)
    const size = <usize>load<u32>(row + 8)
    const rights = load<u32>(row + 12)
    let flags = applicationFlag()
    if (rights & SEGMENT_WRITE) flags |= WRITABLE
    if (!(rights & SEGMENT_EXECUTE)) flags |= NO_EXECUTE
    mapRange(address, <usize>load<u32>(row + 4), size, flags)
    heapStart = max(heapStart, (address + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))
  }
  // One unmapped page behind the image, so that running off its end faults.
  heapStart += PAGE_SIZE
  heapEnd = heapStart
}

/** Turns on what the processor has: write protection, SMEP, SMAP, UMIP. */
function protect(): void {
  const features = cpuidEbx(7, 0)
  let cr4 = readCr4()
  if (features & (1 << 7)) cr4 |= CR4_SMEP
  // Without pages of ring 3 there is nothing that it could keep the kernel from.
  if (userMode() && features & (1 << 20)) {
    cr4 |= CR4_SMAP
    hasSmap = true
  }
  if (cpuidEcx(7, 0) & (1 << 2)) cr4 |= CR4_UMIP
  writeCr4(cr4)
  writeCr0(readCr0() | CR0_WP)
}

/** Whether the kernel must open a window (STAC) to reach the application's memory. */
export function isSmapOn(): bool {
  return hasSmap
}

/** Grows the application's heap by at least `bytes`: the new part's address, or 0 when memory is used up. */
export function growApplicationHeap(bytes: usize): usize {
  if (bytes > MAPPINGS_START - heapEnd - PAGE_SIZE) return 0
  const pages = (bytes + PAGE_SIZE - 1) / PAGE_SIZE
  const start = heapEnd
  if (!mapFresh(start, pages, applicationFlag())) return 0
  heapEnd = start + pages * PAGE_SIZE
  return start
}

/** Bytes that the application's heap has taken. */
export function applicationHeapBytes(): usize {
  return heapEnd - heapStart
}

/** Maps `pages` writable pages of zeros at `address`. False, and nothing mapped, when memory is used up. */
export function mapFresh(address: usize, pages: usize, flags: u64): bool {
  for (let i: usize = 0; i < pages; i++) {
    const frame = allocateFrames(1)
    if (frame == 0) {
      unmapFresh(address, i)
      return false
    }
    memory.fill(frame, 0, PAGE_SIZE)
    mapPage(address + i * PAGE_SIZE, frame, WRITABLE | NO_EXECUTE | flags)
  }
  return true
}

/** Unmaps pages from `mapFresh` and frees their frames. */
export function unmapFresh(address: usize, pages: usize): void {
  for (let i: usize = 0; i < pages; i++) {
    const frame = unmapPage(address + i * PAGE_SIZE)
    if (frame == 0) continue
    forgetPage(address + i * PAGE_SIZE)
    freeFrames(frame, 1)
  }
}
