/** Offsets against segment limits, which only 16- and 32-bit code has. SDM Vol. 3A, 5.3. */
import * as L from '../../layout'
import { DESC_CODE, DESC_DB, DESC_DC, DESC_P, DESC_RW } from '../bits'
import { raiseGp, raiseSs } from '../raise'
import { mode64, segAttributes, segBase, segLimit } from '../state'
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
  const isCodeSegment = (attributes & DESC_CODE) != 0
  const hasRight = isWrite ? !isCodeSegment && attributes & DESC_RW : !isCodeSegment || attributes & DESC_RW
  const isOk = attributes & DESC_P && hasRight
  if (isOk && isWithin(attributes, segLimit(cpu, seg), <u32>offset, size)) return CONTINUE
  return seg == L.SS ? raiseSs(cpu, 0) : raiseGp(cpu, 0)
}

/** Linear address of an offset; only FS and GS have a base in 64-bit mode. */
export function linear(cpu: usize, seg: u32, offset: u64): u64 {
  if (mode64(cpu)) return seg == L.FS || seg == L.GS ? segBase(cpu, seg) + offset : offset
  return (segBase(cpu, seg) + offset) & 0xffff_ffff
}
