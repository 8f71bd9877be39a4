/** Environment and state of the x87 unit to and from memory: FLDCW, FNCLEX, FLDENV, FNSTENV, FRSTOR, FNSAVE. SDM Vol. 1, 8.1.10; Vol. 2A. */
import * as L from '../../layout'
import { CR0_PE, VM } from '../bits'
import { ACCESS_UNALIGNED, ACCESS_WRITE } from '../mmu/access-kind'
import { isMisaligned } from '../mmu/alignment'
import { probeWriteAs, readUnaligned, writeUnaligned } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { pending } from '../raise'
import { cr0Has, systemFlags } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import {
  EXCEPTIONS,
  SF,
  getFcw,
  getFsw,
  initX87,
  physicalRegister,
  setFsw,
  stackRegister,
  updateSummary,
} from './state'

/** FCW: the bits that exist, and bit 6, which reads as one. */
const FCW_BITS: u32 = 0x1f3f
const FCW_FIXED: u32 = 0x40

/* Tags. Vol. 1, figure 8-7 */
const VALID: u32 = 0
const ZERO: u32 = 1
const SPECIAL: u32 = 2
const EMPTY: u32 = 3

export function setFcw(cpu: usize, value: u32): void {
  store<u16>(cpu, (value & FCW_BITS) | FCW_FIXED, L.FCW)
  updateSummary(cpu)
}

function tagOf(register: usize): u32 {
  const exponent: u32 = load<u16>(register, 8) & 0x7fff
  const significand = load<u64>(register)
  if (exponent == 0) return significand ? SPECIAL : ZERO
  return exponent == 0x7fff || !(significand >> 63) ? SPECIAL : VALID
}

/** The tag word with two bits for each register, from the one that says only which are empty. */
export function tagWord(cpu: usize): u32 {
  const used: u32 = load<u8>(cpu, L.FTW)
  let word: u32 = 0
  for (let i: u32 = 0; i < 8; i++) {
    const tag = (used >> i) & 1 ? tagOf(physicalRegister(cpu, i)) : EMPTY
    word |= tag << (2 * i)
  }
  return word
}

function setTagWord(cpu: usize, word: u32): void {
  let used: u32 = 0
  for (let i: u32 = 0; i < 8; i++) if (((word >> (2 * i)) & 3) != EMPTY) used |= 1 << i
  store<u8>(cpu, used, L.FTW)
}

export function fninit(cpu: usize): i32 {
  initX87(cpu)
  return CONTINUE
}

export function fldcw(cpu: usize, value: u32): i32 {
  setFcw(cpu, value)
  return CONTINUE
}

export function fnclex(cpu: usize): i32 {
  setFsw(cpu, getFsw(cpu) & ~(EXCEPTIONS | SF))
  updateSummary(cpu)
  return CONTINUE
}

/** Real-address and virtual-8086 mode keep linear pointers instead of selectors. */
function linearPointers(cpu: usize): bool {
  return !cr0Has(cpu, CR0_PE) || (systemFlags(cpu) & VM) != 0
}

/** Bytes of the environment for an operand size of 2, or 4 and 8. */
function environmentSize(size: u32): u32 {
  return size == 2 ? 14 : 28
}

/** The seven words of the environment in either size; the pages have been probed. Selectors read as zero. */
function writeEnvironment(cpu: usize, va: u64, size: u32): void {
  const width: u32 = size == 2 ? 2 : 4
  const fip = <u32>load<u64>(cpu, L.FIP)
  const fdp = <u32>load<u64>(cpu, L.FDP)
  const fop: u32 = load<u16>(cpu, L.FOP) & 0x7ff
  const pad: u32 = width == 4 ? 0xffff_0000 : 0
  writeUnaligned(cpu, va, width, getFcw(cpu) | pad)
  writeUnaligned(cpu, va + width, width, getFsw(cpu) | pad)
  writeUnaligned(cpu, va + 2 * width, width, tagWord(cpu) | pad)
  if (!linearPointers(cpu)) {
    writeUnaligned(cpu, va + 3 * width, width, fip)
    writeUnaligned(cpu, va + 4 * width, width, width == 4 ? fop << 16 : 0)
    writeUnaligned(cpu, va + 5 * width, width, fdp)
    writeUnaligned(cpu, va + 6 * width, width, pad)
    return
  }
  writeUnaligned(cpu, va + 3 * width, width, (fip & 0xffff) | pad)
  writeUnaligned(cpu, va + 4 * width, width, ((fip >> 16) << 12) | fop)
  writeUnaligned(cpu, va + 5 * width, width, (fdp & 0xffff) | pad)
  writeUnaligned(cpu, va + 6 * width, width, (fdp >> 16) << 12)
}

function readEnvironment(cpu: usize, va: u64, size: u32): void {
  const width: u32 = size == 2 ? 2 : 4
  const word3 = readUnaligned(cpu, va + 3 * width, width)
  const word4 = readUnaligned(cpu, va + 4 * width, width)
  const word5 = readUnaligned(cpu, va + 5 * width, width)
  const word6 = readUnaligned(cpu, va + 6 * width, width)
  let fip = word3
  let fdp = word5
  let fop = width == 4 ? word4 >> 16 : 0
  if (linearPointers(cpu)) {
    fip = (word3 & 0xffff) | ((word4 >> 12) << 16)
    fdp = (word5 & 0xffff) | ((word6 >> 12) << 16)
    fop = word4
  }
  store<u16>(cpu, <u32>readUnaligned(cpu, va + width, 2), L.FSW)
  setTagWord(cpu, <u32>readUnaligned(cpu, va + 2 * width, 2))
  store<u64>(cpu, fip, L.FIP)
  store<u64>(cpu, fdp, L.FDP)
  store<u16>(cpu, <u32>fop & 0x7ff, L.FOP)
  setFcw(cpu, <u32>readUnaligned(cpu, va, 2))
}

/** Raises what writing the area may raise; `width` of its words is its alignment. */
function probeWrite(cpu: usize, va: u64, size: u32, width: u32): bool {
  const access = explicit(cpu, ACCESS_WRITE)
  return isMisaligned(cpu, va, width, access) || probeWriteAs(cpu, va, size, access | ACCESS_UNALIGNED) != 0
}

/** Raises what reading it may raise. */
function probeRead(cpu: usize, va: u64, size: u32, width: u32): bool {
  if (isMisaligned(cpu, va, width, explicit(cpu, 0))) return true
  readUnaligned(cpu, va, 1)
  if (!pending(cpu)) readUnaligned(cpu, va + size - 1, 1)
  return pending(cpu)
}

export function fnstenv(cpu: usize, va: u64, size: u32): i32 {
  if (probeWrite(cpu, va, environmentSize(size), size == 2 ? 2 : 4)) return EXCEPTION
  writeEnvironment(cpu, va, size)
  setFcw(cpu, getFcw(cpu) | EXCEPTIONS)
  return CONTINUE
}

export function fldenv(cpu: usize, va: u64, size: u32): i32 {
  if (probeRead(cpu, va, environmentSize(size), size == 2 ? 2 : 4)) return EXCEPTION
  readEnvironment(cpu, va, size)
  return CONTINUE
}

/** The environment, then ST(0) … ST(7) of ten bytes each. */
export function fnsave(cpu: usize, va: u64, size: u32): i32 {
  const start = environmentSize(size)
  if (probeWrite(cpu, va, start + 80, size == 2 ? 2 : 4)) return EXCEPTION
  writeEnvironment(cpu, va, size)
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    writeUnaligned(cpu, va + start + 10 * i, 8, load<u64>(register))
    writeUnaligned(cpu, va + start + 10 * i + 8, 2, load<u16>(register, 8))
  }
  initX87(cpu)
  return CONTINUE
}

export function frstor(cpu: usize, va: u64, size: u32): i32 {
  const start = environmentSize(size)
  if (probeRead(cpu, va, start + 80, size == 2 ? 2 : 4)) return EXCEPTION
  readEnvironment(cpu, va, size)
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    store<u64>(register, readUnaligned(cpu, va + start + 10 * i, 8))
    store<u16>(register, <u32>readUnaligned(cpu, va + start + 10 * i + 8, 2), 8)
  }
  return CONTINUE
}
