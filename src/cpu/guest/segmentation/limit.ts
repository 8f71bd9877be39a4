/** Offsets against segment limits, which only 16- and 32-bit code has. SDM Vol. 3A, 5.3. */
import * as L from '../../layout'
import { CR0_PE, DESC_CODE, DESC_DB, DESC_DC, DESC_P, DESC_RW } from '../bits'
import { isCanonical } from '../mmu/canonical'
import { raiseGp, raiseSs } from '../raise'
import { cr0Has, mode64, segAttributes, segBase, segLimit } from '../state'
import { CONTINUE } from '../status'

/** Whether the `size` bytes from `offset` lie inside the segment. An expand-down segment begins above its limit. */
export function isWithin(attributes: u32, limit: u32, offset: u32, size: u32): bool {
  const last = <u64>offset + size - 1
  if ((attributes & (DESC_CODE | DESC_DC)) != DESC_DC) return last <= limit
  return offset > limit && last <= (attributes & DESC_DB ? 0xffff_ffff : 0xffff)
}

/** #GP(0), or #SS(0) for the stack segment, when the segment does not allow the access. 64-bit mode allows all. */
export function checkSegment(cpu: usize, seg: u32, offset: u64, size: u32, isWrite: bool): i32 {
  if (mode64(cpu)) return CONTINUE
  const attributes = segAttributes(cpu, seg)
  // Real mode has limits but no types: there CS can be written.
  if (!cr0Has(cpu, CR0_PE))
    return isWithin(attributes & ~DESC_DC, segLimit(cpu, seg), <u32>offset, size)
      ? CONTINUE
      : refuse(cpu, seg)
  const isCodeSegment = (attributes & DESC_CODE) != 0
  const hasRight = isWrite ? !isCodeSegment && attributes & DESC_RW : !isCodeSegment || attributes & DESC_RW
  const isOk = attributes & DESC_P && hasRight
  if (isOk && isWithin(attributes, segLimit(cpu, seg), <u32>offset, size)) return CONTINUE
  return refuse(cpu, seg)
}

function refuse(cpu: usize, seg: u32): i32 {
  return seg == L.SS ? raiseSs(cpu, 0) : raiseGp(cpu, 0)
}

/** Linear address of `size` bytes for an explicit operand of 16- or 32-bit code; 0 when it raised. */
export function segmentAddress(cpu: usize, seg: u32, offset: u64, size: u32, write: u32): u64 {
  return checkSegment(cpu, seg, offset, size, write != 0) ? 0 : linear(cpu, seg, offset)
}

/** Where a near branch may go: inside the code segment, or to a canonical address. SDM Vol. 2A, JMP, and Vol. 2B, RET. */
export function checkTarget(cpu: usize, rip: u64): i32 {
  const isInside = mode64(cpu) ? isCanonical(cpu, rip) : rip <= <u64>segLimit(cpu, L.CS)
  return isInside ? CONTINUE : raiseGp(cpu, 0)
}

/** Linear address of an offset; only FS and GS have a base in 64-bit mode. */
export function linear(cpu: usize, seg: u32, offset: u64): u64 {
  if (mode64(cpu)) return seg == L.FS || seg == L.GS ? segBase(cpu, seg) + offset : offset
  return (segBase(cpu, seg) + offset) & 0xffff_ffff
}
