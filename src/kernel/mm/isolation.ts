/**
 * Page tables for the time in which the application runs (KPTI): the application's pages and stacks, shared with the kernel's tables, and of the
 * kernel only what the way in needs: the entry code, the descriptor tables, the processor's block with the entry stack, the stacks of the
 * exceptions that have their own. `src/toolchain/entry/isolation.ts` changes between the two.
 */
import { cpuidEbx, cpuidEcx, readCr4, writeCr4 } from '../lib/cpu'
import { flushApplicationPage, processorBlock, trampolineEnd, trampolineStart } from '../lib/entry'
import { isolation } from '../lib/image'
import { APPLICATION_START, USER_STACKS_END, USER_STACKS_START } from './address-space'
import { allocateZeroFrame, PAGE_SIZE } from './frames'
import {
  entryOfDirectory,
  frameOf,
  mapPageIn,
  NO_EXECUTE,
  pageTableRoot,
  pointerEntry,
  WRITABLE,
} from './page-table'

/** Values of `isolation`. */
const NONE: u32 = 0
const WITH_PCID: u32 = 1

const CR4_PCIDE: u64 = 1 << 17
const CPUID_PCID: u32 = 1 << 17
const CPUID_INVPCID: u32 = 1 << 10
/** In a value for CR3: keep what the TLB holds of this PCID. */
const NO_FLUSH: u64 = 1 << 63
const APPLICATION_PCID: u64 = 1

/** Words of the processor's block, as the entry code has them. */
const KERNEL_ROOT: usize = 16
const APPLICATION_ROOT: usize = 24

const DIRECTORY_SPAN: usize = 0x20_0000

let root: usize = 0
let hasPcid: bool = false

export function isIsolated(): bool {
  return isolation() != NONE
}

/** Maps a page of the kernel for the way in. */
export function exposePage(address: usize, flags: u64): void {
  if (root != 0) mapPageIn(root, address, address, flags)
}

/** Starts the tables; the application's gigabyte is one entry, and so changes in both at once. */
export function beginIsolation(): void {
  if (!isIsolated()) return
  root = allocateZeroFrame()
  store<u64>(
    pointerEntry(root, APPLICATION_START),
    load<u64>(pointerEntry(pageTableRoot(), APPLICATION_START)),
  )
  for (let page = trampolineStart(); page < trampolineEnd(); page += PAGE_SIZE) exposePage(page, 0)
  exposePage(processorBlock(), WRITABLE | NO_EXECUTE)
}

/** Stacks of the application have tables of their own, one for each 2 MiB: the same in both. */
export function shareStack(address: usize): void {
  if (root == 0 || address < USER_STACKS_START || address >= USER_STACKS_END) return
  const at = address & ~(DIRECTORY_SPAN - 1)
  store<u64>(entryOfDirectory(root, at), load<u64>(entryOfDirectory(pageTableRoot(), at)))
}

/** Pages of a stack on which an exception arrives. */
export function exposeStack(from: usize, to: usize): void {
  if (root == 0) return
  for (let page = from; page < to; page += PAGE_SIZE)
    mapPageIn(root, page, frameOf(page), WRITABLE | NO_EXECUTE)
}

/** From here on the entry code finds both roots. The kernel runs in its own already. */
export function finishIsolation(): void {
  if (!isIsolated()) return
  hasPcid =
    isolation() == WITH_PCID && (cpuidEcx(1, 0) & CPUID_PCID) != 0 && (cpuidEbx(7, 0) & CPUID_INVPCID) != 0
  if (hasPcid) writeCr4(readCr4() | CR4_PCIDE)
  const kept: u64 = hasPcid ? NO_FLUSH : 0
  const own: u64 = hasPcid ? APPLICATION_PCID : 0
  store<u64>(processorBlock() + KERNEL_ROOT, <u64>pageTableRoot() | kept)
  store<u64>(processorBlock() + APPLICATION_ROOT, <u64>root | kept | own)
}

/** The application's translation of a page that is gone; without PCIDs nothing of it outlives the way in. */
export function forgetPage(address: usize): void {
  if (hasPcid) flushApplicationPage(address)
}
