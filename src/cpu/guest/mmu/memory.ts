/** Reads and writes of linear memory with every check, in any alignment. What the fast path of generated code does not do. */
import { ACCESS_SEGMENT, SS } from '../../layout'
import { watchData } from '../debug/breakpoints'
import { pending, raiseGp, raiseSs } from '../raise'
import { getCpl } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { ACCESS_IMPLICIT, ACCESS_READ, ACCESS_USER, ACCESS_WRITE } from './access-kind'
import { readPhysical, writePhysical } from './physical'
import { crossesPage, explicit, isAddressable, nextPage, translate } from './translate'
import { NO_TRANSLATION } from './walk'

/** The access may not be made at all: #SS(0) when an instruction makes it through SS, #GP(0) otherwise. */
function refuse(cpu: usize, access: u32): i32 {
  const isStack = !(access & ACCESS_IMPLICIT) && load<u32>(cpu, ACCESS_SEGMENT) == SS
  return isStack ? raiseSs(cpu, 0) : raiseGp(cpu, 0)
}

/** Reads `size` (1, 2, 4, 8) bytes, zero-extended; check `pending` afterwards. */
export function read(cpu: usize, va: u64, size: u32, access: u32): u64 {
  if (!isAddressable(cpu, va, size)) {
    refuse(cpu, access)
    return 0
  }
  const low = translate(cpu, va, access)
  if (low == NO_TRANSLATION) return 0
  if (!crossesPage(va, size)) return readPhysical(cpu, low, size)
  const high = translate(cpu, nextPage(cpu, va), access)
  if (high == NO_TRANSLATION) return 0
  const inLow: u32 = 0x1000 - <u32>(va & 0xfff)
  let value: u64 = 0
  for (let i: u32 = 0; i < size; i++) {
    const byte = readPhysical(cpu, i < inLow ? low + i : high + i - inLow, 1)
    value |= byte << (i << 3)
  }
  return value
}

/** Writes `size` (1, 2, 4, 8) bytes, all of them or none. */
export function write(cpu: usize, va: u64, size: u32, value: u64, access: u32): i32 {
  if (!isAddressable(cpu, va, size)) return refuse(cpu, access)
  const low = translate(cpu, va, access)
  if (low == NO_TRANSLATION) return EXCEPTION
  if (!crossesPage(va, size)) {
    writePhysical(cpu, low, size, value)
    return CONTINUE
  }
  const high = translate(cpu, nextPage(cpu, va), access)
  if (high == NO_TRANSLATION) return EXCEPTION
  const inLow: u32 = 0x1000 - <u32>(va & 0xfff)
  for (let i: u32 = 0; i < size; i++) {
    writePhysical(cpu, i < inLow ? low + i : high + i - inLow, 1, value >> (i << 3))
  }
  return CONTINUE
}

/** A read of a descriptor table or TSS. */
export function readSystem(cpu: usize, va: u64, size: u32): u64 {
  return read(cpu, va, size, ACCESS_READ | ACCESS_IMPLICIT)
}

/** A write to a descriptor table or TSS (accessed and busy bits). */
export function writeSystem(cpu: usize, va: u64, size: u32, value: u64): i32 {
  return write(cpu, va, size, value, ACCESS_WRITE | ACCESS_IMPLICIT)
}

/** A read that the current instruction makes at its privilege level. */
export function readData(cpu: usize, va: u64, size: u32): u64 {
  const value = read(cpu, va, size, explicit(cpu, ACCESS_READ))
  if (!pending(cpu)) watchData(cpu, va, size, false)
  return value
}

export function writeData(cpu: usize, va: u64, size: u32, value: u64): i32 {
  if (write(cpu, va, size, value, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  watchData(cpu, va, size, true)
  return CONTINUE
}

/**
 * A write to a stack of privilege level `cpl`, which may be more privileged than the current one; then EFLAGS.AC of the
 * interrupted program does not open user pages. A stack address that is not canonical is #SS, not #GP.
 */
export function writeStack(cpu: usize, va: u64, size: u32, value: u64, cpl: u32): i32 {
  if (!isAddressable(cpu, va, size)) return raiseSs(cpu, 0)
  const kind = cpl == 3 ? ACCESS_USER : getCpl(cpu) == 3 ? ACCESS_IMPLICIT : 0
  if (write(cpu, va, size, value, ACCESS_WRITE | kind)) return EXCEPTION
  watchData(cpu, va, size, true)
  return CONTINUE
}

/** A read of the current stack. */
export function readStack(cpu: usize, va: u64, size: u32): u64 {
  if (isAddressable(cpu, va, size)) return readData(cpu, va, size)
  raiseSs(cpu, 0)
  return 0
}

/** Raises what a write of `size` ≤ 4096 bytes would raise. */
export function probeWriteAs(cpu: usize, va: u64, size: u32, access: u32): i32 {
  if (!isAddressable(cpu, va, size)) return refuse(cpu, access)
  if (translate(cpu, va, access) == NO_TRANSLATION) return EXCEPTION
  if (!crossesPage(va, size)) return CONTINUE
  return translate(cpu, nextPage(cpu, va), access) == NO_TRANSLATION ? EXCEPTION : CONTINUE
}
