/** FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSETBV, XGETBV. SDM Vol. 1, 10.5 and 13; Vol. 2. */
import * as L from '../../layout'
import { CR0_EM, CR0_TS, CR4_OSXSAVE } from '../bits'
import { ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs, readData, writeData } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { updateMode } from '../mode'
import { initX87, stackRegister, updateSummary } from '../x87/state'
import { pending, raiseGp, raiseNm, raiseUd } from '../raise'
import { cr0Has, cr4Has, getCpl, getGpr, getNextRip, mode64, RAX, RCX, RDX, setGpr32, setRip } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'

/* State components, by their bits in XCR0. */
const X87: u64 = 1
const SSE: u64 = 2
/** x87 and SSE are what XCR0 may enable until there is AVX. */
const XCR0_SUPPORTED: u64 = X87 | SSE

const MXCSR_WRITABLE: u32 = 0xffff

/* The legacy area. Vol. 1, table 10-2. */
const AREA_MXCSR: u32 = 24
const AREA_ST0: u32 = 32
const AREA_XMM0: u32 = 160
const AREA_HEADER: u32 = 512
const AREA_SIZE: u32 = 576

function xmmCount(cpu: usize): u32 {
  return mode64(cpu) ? 16 : 8
}

/** The checks that every save and restore begins with; `alignment` is a power of two. */
function check(cpu: usize, va: u64, alignment: u64): i32 {
  if (cr0Has(cpu, CR0_EM)) return raiseUd(cpu)
  if (cr0Has(cpu, CR0_TS)) return raiseNm(cpu)
  return va & (alignment - 1) ? raiseGp(cpu, 0) : CONTINUE
}

/** The header is kept as FXSAVE stores it; the registers go by their place in the stack, from ST(0) on. */
function saveX87(cpu: usize, va: u64): i32 {
  for (let i: u32 = 0; i < 24; i += 8) {
    if (writeData(cpu, va + i, 8, load<u64>(cpu + L.FCW + i))) return EXCEPTION
  }
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    const at = va + AREA_ST0 + i * 16
    if (writeData(cpu, at, 8, load<u64>(register))) return EXCEPTION
    if (writeData(cpu, at + 8, 8, load<u16>(register, 8))) return EXCEPTION
  }
  return CONTINUE
}

function saveMxcsr(cpu: usize, va: u64): i32 {
  if (writeData(cpu, va + AREA_MXCSR, 4, load<u32>(cpu, L.MXCSR))) return EXCEPTION
  return writeData(cpu, va + AREA_MXCSR + 4, 4, MXCSR_WRITABLE)
}

function saveXmm(cpu: usize, va: u64): i32 {
  for (let i: u32 = 0; i < xmmCount(cpu); i++) {
    const register = cpu + L.XMM + <usize>i * L.XMM_STRIDE
    const at = va + AREA_XMM0 + i * 16
    if (writeData(cpu, at, 8, load<u64>(register))) return EXCEPTION
    if (writeData(cpu, at + 8, 8, load<u64>(register, 8))) return EXCEPTION
  }
  return CONTINUE
}

/** Raises what reading the area may raise, before any register has changed. */
function probeRead(cpu: usize, va: u64, size: u32): i32 {
  readData(cpu, va, 8)
  if (pending(cpu)) return EXCEPTION
  readData(cpu, va + size - 8, 8)
  return pending(cpu) ? EXCEPTION : CONTINUE
}

function restoreX87(cpu: usize, va: u64): void {
  for (let i: u32 = 0; i < 24; i += 8) store<u64>(cpu + L.FCW + i, readData(cpu, va + i, 8))
  updateSummary(cpu)
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    store<u64>(register, readData(cpu, va + AREA_ST0 + i * 16, 8))
    store<u64>(register, readData(cpu, va + AREA_ST0 + i * 16 + 8, 2), 8)
  }
}

function restoreXmm(cpu: usize, va: u64): void {
  for (let i: u32 = 0; i < xmmCount(cpu); i++) {
    const register = cpu + L.XMM + <usize>i * L.XMM_STRIDE
    store<u64>(register, readData(cpu, va + AREA_XMM0 + i * 16, 8))
    store<u64>(register, readData(cpu, va + AREA_XMM0 + i * 16 + 8, 8), 8)
  }
}

function clearXmm(cpu: usize): void {
  for (let i: u32 = 0; i < xmmCount(cpu); i++) memory.fill(cpu + L.XMM + <usize>i * L.XMM_STRIDE, 0, 16)
}

/** `size` 8 (REX.W) keeps 64-bit instruction and data pointers; both forms share the layout here. */
export function fxsave(cpu: usize, va: u64, _size: u32): i32 {
  if (check(cpu, va, 16)) return EXCEPTION
  if (probeWriteAs(cpu, va, 512, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  saveX87(cpu, va)
  saveMxcsr(cpu, va)
  return saveXmm(cpu, va)
}

export function fxrstor(cpu: usize, va: u64, _size: u32): i32 {
  if (check(cpu, va, 16) || probeRead(cpu, va, 512)) return EXCEPTION
  const mxcsr = <u32>readData(cpu, va + AREA_MXCSR, 4)
  if (mxcsr & ~MXCSR_WRITABLE) return raiseGp(cpu, 0)
  restoreX87(cpu, va)
  store<u32>(cpu, mxcsr, L.MXCSR)
  restoreXmm(cpu, va)
  return CONTINUE
}

/** The components that an XSAVE or XRSTOR is asked for: EDX:EAX AND XCR0. */
function requested(cpu: usize): u64 {
  const mask = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  return mask & load<u64>(cpu, L.XCR0)
}

function checkExtended(cpu: usize, va: u64): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  if (cr0Has(cpu, CR0_TS)) return raiseNm(cpu)
  return va & 63 ? raiseGp(cpu, 0) : CONTINUE
}

export function xsave(cpu: usize, va: u64, _size: u32): i32 {
  if (checkExtended(cpu, va)) return EXCEPTION
  if (probeWriteAs(cpu, va, AREA_SIZE, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  const components = requested(cpu)
  if (components & X87 && saveX87(cpu, va)) return EXCEPTION
  if (components & SSE && (saveMxcsr(cpu, va) || saveXmm(cpu, va))) return EXCEPTION
  // XSTATE_BV: bits that were not asked for keep their value.
  const old = readData(cpu, va + AREA_HEADER, 8)
  return writeData(cpu, va + AREA_HEADER, 8, (old & ~components) | components)
}

export function xrstor(cpu: usize, va: u64, _size: u32): i32 {
  if (checkExtended(cpu, va) || probeRead(cpu, va, AREA_SIZE)) return EXCEPTION
  const present = readData(cpu, va + AREA_HEADER, 8)
  const compacted = readData(cpu, va + AREA_HEADER + 8, 8)
  const reserved = readData(cpu, va + AREA_HEADER + 16, 8)
  const mxcsr = <u32>readData(cpu, va + AREA_MXCSR, 4)
  // Only the standard form: XCOMP_BV and the bytes after it must be zero.
  if (present & ~load<u64>(cpu, L.XCR0) || compacted || reserved) return raiseGp(cpu, 0)
  const components = requested(cpu)
  if (components & SSE && mxcsr & ~MXCSR_WRITABLE) return raiseGp(cpu, 0)
  if (components & X87) {
    if (present & X87) restoreX87(cpu, va)
    else initX87(cpu)
  }
  if (components & SSE) {
    store<u32>(cpu, mxcsr, L.MXCSR)
    if (present & SSE) restoreXmm(cpu, va)
    else clearXmm(cpu)
  }
  return CONTINUE
}

export function xgetbv(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  if (<u32>getGpr(cpu, RCX)) return raiseGp(cpu, 0)
  const xcr0 = load<u64>(cpu, L.XCR0)
  setGpr32(cpu, RAX, <u32>xcr0)
  setGpr32(cpu, RDX, <u32>(xcr0 >> 32))
  return CONTINUE
}

export function xsetbv(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  const value = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  if (getCpl(cpu) || <u32>getGpr(cpu, RCX)) return raiseGp(cpu, 0)
  if (value & ~XCR0_SUPPORTED || !(value & X87)) return raiseGp(cpu, 0)
  store<u64>(cpu, value, L.XCR0)
  updateMode(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}
