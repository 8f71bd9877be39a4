/** Thread stacks: slots of equal size in their own window, the lowest page of each never mapped. */
import { mapFresh, STACKS_END, STACKS_START, unmapFresh } from './address-space'
import { PAGE_SIZE } from './frames'

const SLOT: usize = 512 * 1024

/** Bytes for a thread that runs the application's code. */
export const APPLICATION_STACK: usize = 128 * 1024
/** Bytes for a thread inside the kernel while the application has a stack of its own in ring 3. */
export const KERNEL_STACK: usize = 32 * 1024

/** Slots given back, as a list of indices; 0 ends it. */
let firstFree: u32 = 0
const nextFree: usize = memory.data(2048 * 2, 8)
let used: u32 = 0

/** A stack of `size` bytes with page rights `flags`: the address behind its last byte, or 0. */
export function allocateStack(size: usize, flags: u64): usize {
  let slot = firstFree
  if (slot != 0) firstFree = load<u16>(nextFree + (slot << 1))
  else if (used < <u32>((STACKS_END - STACKS_START) / SLOT) - 1) slot = ++used
  else return 0
  const top = STACKS_START + (<usize>slot + 1) * SLOT
  if (mapFresh(top - size, size / PAGE_SIZE, flags)) return top
  recycle(slot)
  return 0
}

function recycle(slot: u32): void {
  store<u16>(nextFree + (slot << 1), <u16>firstFree)
  firstFree = slot
}

/** Frees a stack from `allocateStack`. */
export function freeStack(top: usize, size: usize): void {
  unmapFresh(top - size, size / PAGE_SIZE)
  recycle(<u32>((top - STACKS_START) / SLOT) - 1)
}

/** Whether `address` lies in the stack window, where an unmapped page means that a stack has overflowed. */
export function isStackAddress(address: u64): bool {
  return address >= <u64>STACKS_START && address < <u64>STACKS_END
}
