/** IN and OUT, with the I/O permission bitmap of the TSS. SDM Vol. 1, 19.5. */
import { TR } from '../../layout'
import { TYPE_TSS, TYPE_TSS_BUSY, VM } from '../bits'
import { watchPort } from '../debug/breakpoints'
import { ioRead, ioWrite } from '../host'
import { readSystem } from '../mmu/memory'
import { pending, raiseGp } from '../raise'
import { getGpr, RAX, segAttributes, segBase, segLimit, setGpr, setGpr32, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { hasIoPrivilege } from './flags'

/** Offset in the TSS of the bitmap's own offset. */
const TSS_IO_MAP_BASE: u32 = 102

/** #GP(0) unless IOPL allows it or each of the ports has a clear bit in the bitmap. */
export function checkPorts(cpu: usize, port: u32, size: u32): i32 {
  if (hasIoPrivilege(cpu) && !(systemFlags(cpu) & VM)) return CONTINUE
  const type = segAttributes(cpu, TR) & 15
  const limit = segLimit(cpu, TR)
  if ((type != TYPE_TSS && type != TYPE_TSS_BUSY) || limit < TSS_IO_MAP_BASE + 1) return raiseGp(cpu, 0)
  const map = <u32>readSystem(cpu, segBase(cpu, TR) + TSS_IO_MAP_BASE, 2)
  if (pending(cpu)) return EXCEPTION
  // The processor always reads two bytes, hence the extra byte of ones that must end a bitmap.
  const at = map + (port >> 3)
  if (at + 1 > limit) return raiseGp(cpu, 0)
  const bits = <u32>readSystem(cpu, segBase(cpu, TR) + at, 2)
  if (pending(cpu)) return EXCEPTION
  return (bits >> (port & 7)) & ((1 << size) - 1) ? raiseGp(cpu, 0) : CONTINUE
}

export function inPort(cpu: usize, port: u32, size: u32): i32 {
  if (checkPorts(cpu, port, size)) return EXCEPTION
  const value = ioRead(cpu, port, size)
  watchPort(cpu, port, size)
  if (size == 4) {
    setGpr32(cpu, RAX, value)
    return CONTINUE
  }
  const mask: u64 = size == 1 ? 0xff : 0xffff
  setGpr(cpu, RAX, (getGpr(cpu, RAX) & ~mask) | (value & mask))
  return CONTINUE
}

export function outPort(cpu: usize, port: u32, size: u32): i32 {
  if (checkPorts(cpu, port, size)) return EXCEPTION
  const value = <u32>getGpr(cpu, RAX)
  ioWrite(cpu, port, size, size == 4 ? value : value & ((1 << (size << 3)) - 1))
  watchPort(cpu, port, size)
  return CONTINUE
}
