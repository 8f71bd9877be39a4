/** Reads and writes of linear memory with every check, in any alignment. What the fast path of generated code does not do. */
import { ACCESS_SEGMENT, SS, TLB_ADDEND, TLB_READ_TAG, TLB_WRITE_TAG } from '../../layout'
import { watchData } from '../debug/breakpoints'
import { pending, raiseGp, raiseSs } from '../raise'
import { getCpl } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { ACCESS_IMPLICIT, ACCESS_READ, ACCESS_UNALIGNED, ACCESS_USER, ACCESS_WRITE } from './access-kind'
import { isMisaligned } from './alignment'
import { readPhysical, writePhysical } from './physical'
import { accessClass, currentEntry, tlbEntry } from './tlb'
import { crossesPage, explicit, isAddressable, nextPage, translate } from './translate'
import { NO_TRANSLATION } from './walk'

/** Whether the access may reach paging; otherwise its exception is pending: #SS(0) when an instruction makes it through SS, else #GP(0), or #AC. */
function mayTranslate(cpu: usize, va: u64, size: u32, access: u32): bool {
  if (isAddressable(cpu, va, size, access)) return !isMisaligned(cpu, va, size, access)
  const isStack = !(access & ACCESS_IMPLICIT) && load<u32>(cpu, ACCESS_SEGMENT) == SS
  if (isStack) raiseSs(cpu, 0)
  else raiseGp(cpu, 0)
  return false
}

/**
 * Address in the wasm memory of `size` ≤ 4096 bytes that the supervisor may reach without more ado, as generated code finds it: the tag covers canonical form,
 * paging, crossing and watching; or 0. Programs' accesses may be subject to alignment checks.
 */
export function direct(cpu: usize, va: u64, size: u32, access: u32): usize {
  if (access & ACCESS_USER) return 0
  const entry = tlbEntry(cpu, accessClass(cpu, access), va)
  return reach(entry, access & ACCESS_WRITE ? <usize>TLB_WRITE_TAG : <usize>TLB_READ_TAG, va, size)
}

/** The same of bytes that the current instruction writes. */
export function directWrite(cpu: usize, va: u64, size: u32): usize {
  return reach(currentEntry(cpu, va), TLB_WRITE_TAG, va, size)
}

function reach(entry: usize, tag: usize, va: u64, size: u32): usize {
  if (load<u64>(entry + tag) != ((va + size - 1) & ~0xfff)) return 0
  return <usize>(<u32>va + load<u32>(entry, TLB_ADDEND))
}

/** Reads `size` (1, 2, 4, 8) bytes, zero-extended; check `pending` afterwards. */
export function read(cpu: usize, va: u64, size: u32, access: u32): u64 {
  const at = direct(cpu, va, size, access)
  if (at)
    return size == 8 ? load<u64>(at) : size == 4 ? load<u32>(at) : size == 2 ? load<u16>(at) : load<u8>(at)
  if (!mayTranslate(cpu, va, size, access)) return 0
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
  const at = direct(cpu, va, size, access)
  if (at) {
    if (size == 8) store<u64>(at, value)
    else if (size == 4) store<u32>(at, <u32>value)
    else if (size == 2) store<u16>(at, <u16>value)
    else store<u8>(at, <u8>value)
    return CONTINUE
  }
  if (!mayTranslate(cpu, va, size, access)) return EXCEPTION
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

/** Accesses to descriptor tables and TSS. */
export const READ_SYSTEM: u32 = ACCESS_READ | ACCESS_IMPLICIT

/** A read of a descriptor table or TSS. */
export function readSystem(cpu: usize, va: u64, size: u32): u64 {
  return read(cpu, va, size, READ_SYSTEM)
}

/** A write to a descriptor table or TSS (accessed and busy bits). */
export function writeSystem(cpu: usize, va: u64, size: u32, value: u64): i32 {
  return write(cpu, va, size, value, ACCESS_WRITE | ACCESS_IMPLICIT)
}

/* Accesses that instructions make, which data breakpoints watch. */

function readWatched(cpu: usize, va: u64, size: u32, access: u32): u64 {
  const value = read(cpu, va, size, access)
  if (!pending(cpu)) watchData(cpu, va, size, false)
  return value
}

function writeWatched(cpu: usize, va: u64, size: u32, value: u64, access: u32): i32 {
  if (write(cpu, va, size, value, access)) return EXCEPTION
  watchData(cpu, va, size, true)
  return CONTINUE
}

/** A read that the current instruction makes at its privilege level. */
export function readData(cpu: usize, va: u64, size: u32): u64 {
  return readWatched(cpu, va, size, explicit(cpu, ACCESS_READ))
}

export function writeData(cpu: usize, va: u64, size: u32, value: u64): i32 {
  return writeWatched(cpu, va, size, value, explicit(cpu, ACCESS_WRITE))
}

/** The same of a part of an operand that #AC leaves alone. */
export function readUnaligned(cpu: usize, va: u64, size: u32): u64 {
  return readWatched(cpu, va, size, explicit(cpu, ACCESS_READ) | ACCESS_UNALIGNED)
}

export function writeUnaligned(cpu: usize, va: u64, size: u32, value: u64): i32 {
  return writeWatched(cpu, va, size, value, explicit(cpu, ACCESS_WRITE) | ACCESS_UNALIGNED)
}

/**
 * A write to a stack of privilege level `cpl`, which may be more privileged than the current one; then EFLAGS.AC of the
 * interrupted program does not open user pages. A stack address that may not be accessed at all is #SS, not #GP.
 */
export function writeStack(cpu: usize, va: u64, size: u32, value: u64, cpl: u32): i32 {
  const access = stackAccess(cpu, cpl)
  if (!isAddressable(cpu, va, size, access)) return raiseSs(cpu, 0)
  return writeWatched(cpu, va, size, value, access)
}

function stackAccess(cpu: usize, cpl: u32): u32 {
  if (cpl == 3) return ACCESS_WRITE | ACCESS_USER
  return getCpl(cpu) == 3 ? ACCESS_WRITE | ACCESS_IMPLICIT : ACCESS_WRITE
}

/** `direct` for what `writeStack` writes, and for what `readStack` reads. */
export function directFrame(cpu: usize, va: u64, size: u32, cpl: u32): usize {
  return direct(cpu, va, size, stackAccess(cpu, cpl))
}

export function directStack(cpu: usize, va: u64, size: u32): usize {
  return direct(cpu, va, size, explicit(cpu, ACCESS_READ))
}

/** A read of the current stack. */
export function readStack(cpu: usize, va: u64, size: u32): u64 {
  const access = explicit(cpu, ACCESS_READ)
  if (isAddressable(cpu, va, size, access)) return readWatched(cpu, va, size, access)
  raiseSs(cpu, 0)
  return 0
}

/** Raises what a write of `size` ≤ 4096 bytes would raise. */
export function probeWriteAs(cpu: usize, va: u64, size: u32, access: u32): i32 {
  if (!mayTranslate(cpu, va, size, access)) return EXCEPTION
  if (translate(cpu, va, access) == NO_TRANSLATION) return EXCEPTION
  if (!crossesPage(va, size)) return CONTINUE
  return translate(cpu, nextPage(cpu, va), access) == NO_TRANSLATION ? EXCEPTION : CONTINUE
}
