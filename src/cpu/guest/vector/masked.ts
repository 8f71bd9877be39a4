/** Masked loads and stores: elements whose bit is clear are not accessed, so that they cannot fault. SDM Vol. 2, VMASKMOV and VPMASKMOV. */
import { SCRATCH } from '../../layout'
import { ACCESS_UNALIGNED, ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs, readUnaligned, writeUnaligned } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { pending } from '../raise'
import { CONTINUE, EXCEPTION } from '../status'

function storeElement(at: usize, size: u32, value: u64): void {
  if (size == 1) store<u8>(at, <u8>value)
  else if (size == 4) store<u32>(at, <u32>value)
  else store<u64>(at, value)
}

function loadElement(at: usize, size: u32): u64 {
  if (size == 1) return load<u8>(at)
  return size == 4 ? load<u32>(at) : load<u64>(at)
}

/** `size` 4 or 8; `mask` has at most 256 / `size` / 8 bits. */
export function maskedLoad(cpu: usize, va: u64, mask: u32, size: u32): i32 {
  memory.fill(cpu + SCRATCH, 0, 32)
  for (let at: u32 = 0; mask; mask >>= 1, at += size) {
    if (!(mask & 1)) continue
    const value = readUnaligned(cpu, va + at, size)
    if (pending(cpu)) return EXCEPTION
    storeElement(cpu + SCRATCH + at, size, value)
  }
  return CONTINUE
}

/** `size` 1, 4 or 8. Nothing is written when one element faults. */
export function maskedStore(cpu: usize, va: u64, mask: u32, size: u32): i32 {
  let rest = mask
  for (let at: u32 = 0; rest; rest >>= 1, at += size) {
    if (rest & 1 && probeWriteAs(cpu, va + at, size, explicit(cpu, ACCESS_WRITE) | ACCESS_UNALIGNED))
      return EXCEPTION
  }
  for (let at: u32 = 0; mask; mask >>= 1, at += size) {
    if (mask & 1 && writeUnaligned(cpu, va + at, size, loadElement(cpu + SCRATCH + at, size)))
      return EXCEPTION
  }
  return CONTINUE
}
