/** Thread stacks: slots of equal size in their own window, the lowest page of each never mapped. */
import {
  applicationFlag,
  mapFresh,
  STACKS_END,
  STACKS_START,
  unmapFresh,
  USER_STACKS_END,
  USER_STACKS_START,
} from './address-space'
import { PAGE_SIZE } from './frames'
import { takeFrame } from './reserve'
import { mapPage, NO_EXECUTE, WRITABLE } from './page-table'
import { shareStack } from './isolation'

const SLOT: usize = 512 * 1024

/** Bytes for a thread that runs the application's code, in the beginning, and as far as they grow. */
export const APPLICATION_STACK: usize = 64 * 1024
export const LARGEST_STACK: usize = SLOT - PAGE_SIZE
/** Bytes for a thread inside the kernel while the application has a stack of its own in ring 3. */
export const KERNEL_STACK: usize = 32 * 1024

/** Slots of either kind of stack: those given back, as a list of indices that 0 ends, and how many were ever used. */
@unmanaged
class Pool {
  firstFree: u32
  used: u32
  first: u32
  end: u32
}

const nextFree: usize = memory.data(2048 * 2, 8)
/** By slot, u8: pages that are mapped. */
const mapped: usize = memory.data(2048)
/** By slot, u8: the most that may be, 0 for a stack that does not grow. */
const most: usize = memory.data(2048)
let kernelStacks: Pool = changetype<Pool>(0)
let userStacks: Pool = changetype<Pool>(0)

function newPool(start: usize, end: usize): Pool {
  const pool = changetype<Pool>(heap.alloc(offsetof<Pool>()))
  pool.firstFree = 0
  // Slot 0 of all is never used: it ends the lists.
  pool.first = max<u32>(1, <u32>((start - STACKS_START) / SLOT))
  pool.used = pool.first
  pool.end = <u32>((end - STACKS_START) / SLOT)
  return pool
}

function take(pool: Pool): u32 {
  const slot = pool.firstFree
  if (slot != 0) {
    pool.firstFree = load<u16>(nextFree + (slot << 1))
    return slot
  }
  return pool.used < pool.end ? pool.used++ : 0
}

function recycle(pool: Pool, slot: u32): void {
  store<u16>(nextFree + (slot << 1), <u16>pool.firstFree)
  pool.firstFree = slot
}

function allocate(pool: Pool, size: usize, flags: u64): usize {
  const slot = take(pool)
  if (slot == 0) return 0
  const top = STACKS_START + (<usize>slot + 1) * SLOT
  if (mapFresh(top - size, size / PAGE_SIZE, flags)) {
    store<u8>(mapped + slot, <u8>(size / PAGE_SIZE))
    store<u8>(most + slot, size == APPLICATION_STACK ? <u8>(LARGEST_STACK / PAGE_SIZE) : 0)
    return top
  }
  recycle(pool, slot)
  return 0
}

/** A stack of `size` bytes for the kernel, and where there is no other for the application: the address behind its last byte, or 0. */
export function allocateStack(size: usize): usize {
  if (changetype<usize>(kernelStacks) == 0) {
    kernelStacks = newPool(STACKS_START, USER_STACKS_START)
    userStacks = newPool(USER_STACKS_START, USER_STACKS_END)
  }
  return allocate(kernelStacks, size, 0)
}

/** A stack of the application's own: the same. */
export function allocateUserStack(): usize {
  const top = allocate(userStacks, APPLICATION_STACK, applicationFlag())
  if (top != 0) shareStack(top - 1)
  return top
}

/** Frees a stack of either kind. */
export function freeStack(top: usize): void {
  const slot = slotOf(top)
  const pages = <usize>load<u8>(mapped + slot)
  store<u8>(most + slot, 0)
  unmapFresh(top - pages * PAGE_SIZE, pages)
  recycle(top > USER_STACKS_START ? userStacks : kernelStacks, slot)
}

function slotOf(top: usize): u32 {
  return <u32>((top - STACKS_START) / SLOT) - 1
}

/**
 * Maps the pages of an application's stack down to the one that holds `address`, whoever uses it; false if there is no such stack, the page is mapped
 * already, or lies beyond what a stack may become. The pages' table is there since the stack began.
 */
export function growStack(address: usize): bool {
  if (!isStackAddress(address)) return false
  const slot = (address - STACKS_START) / SLOT
  const top = STACKS_START + (slot + 1) * SLOT
  const flags = top > USER_STACKS_START ? applicationFlag() : 0
  let pages = <usize>load<u8>(mapped + slot)
  const wanted = (top - address + PAGE_SIZE - 1) / PAGE_SIZE
  if (wanted <= pages || wanted > <usize>load<u8>(most + slot)) return false
  while (pages < wanted) {
    const frame = takeFrame()
    if (frame == 0) return false
    memory.fill(frame, 0, PAGE_SIZE)
    mapPage(top - (pages + 1) * PAGE_SIZE, frame, WRITABLE | NO_EXECUTE | flags)
    store<u8>(mapped + slot, <u8>++pages)
  }
  return true
}

/** Whether `address` lies in the stack window, where an unmapped page means that a stack has overflowed. */
export function isStackAddress(address: u64): bool {
  return address >= <u64>STACKS_START && address < <u64>STACKS_END
}
