/**
 * AVX2 gathers: elements from addresses that a vector gives, where the mask's sign bit is set. Each element that has arrived clears its mask, so an
 * instruction that faults on the way goes on where it stopped when it is run again. SDM Vol. 2, VPGATHERDD and kin.
 */
import * as L from '../../layout'
import { readData } from '../mmu/memory'
import { pending } from '../raise'
import { checkSegment, linear } from '../segmentation/limit'
import { CONTINUE, EXCEPTION } from '../status'

/* Bits of `kind`. */
const WIDE_INDEX: u32 = 1
const WIDE_DATA: u32 = 2
const VECTOR_256: u32 = 4

function register(cpu: usize, number: u32): usize {
  return cpu + L.XMM + <usize>number * L.XMM_STRIDE
}

function indexOf(indexes: usize, n: u32, wide: bool): i64 {
  return wide ? load<i64>(indexes + n * 8) : load<i32>(indexes + n * 4)
}

/** Makes all ones or zeros of the `bytes` of the mask, by the sign of each element; above them it is cleared. */
function spreadMask(mask: usize, bytes: u32, wide: bool): void {
  for (let at: u32 = 0; at < bytes; at += wide ? 8 : 4) {
    if (wide) store<i64>(mask + at, load<i64>(mask + at) >> 63)
    else store<i32>(mask + at, load<i32>(mask + at) >> 31)
  }
  clearFrom(mask, bytes)
}

function clearFrom(at: usize, byte: u32): void {
  memory.fill(at + byte, 0, 32 - byte)
}

/**
 * `to`, `mask` and `index` are numbers of vector registers; the address of an element is `base` plus its index shifted left by `shift`, cut to
 * `address` bytes, in segment `seg`.
 */
export function gather(
  cpu: usize,
  kind: u32,
  to: u32,
  mask: u32,
  index: u32,
  base: u64,
  shift: u32,
  address: u32,
  seg: u32,
): i32 {
  const wideIndex = (kind & WIDE_INDEX) != 0
  const wide = (kind & WIDE_DATA) != 0
  const size: u32 = wide ? 8 : 4
  const bytes: u32 = kind & VECTOR_256 ? 32 : 16
  const count: u32 = bytes / (wideIndex || wide ? 8 : 4)
  const target = register(cpu, to)
  const masks = register(cpu, mask)
  const indexes = register(cpu, index)
  const cut: u64 = address == 8 ? ~(<u64>0) : address == 4 ? 0xffff_ffff : 0xffff
  spreadMask(masks, bytes, wide)
  for (let n: u32 = 0; n < count; n++) {
    if (!load<u32>(masks + n * size)) continue
    const offset = (base + ((<u64>indexOf(indexes, n, wideIndex)) << shift)) & cut
    if (checkSegment(cpu, seg, offset, size, false)) return EXCEPTION
    const value = readData(cpu, linear(cpu, seg, offset), size)
    if (pending(cpu)) return EXCEPTION
    clearFrom(target, bytes)
    if (wide) {
      store<u64>(target + n * 8, value)
      store<u64>(masks + n * 8, 0)
    } else {
      store<u32>(target + n * 4, <u32>value)
      store<u32>(masks + n * 4, 0)
    }
  }
  clearFrom(target, count * size)
  clearFrom(masks, 0)
  return CONTINUE
}
