/** The components of extended state, one by one: how they lie in memory, whether they are in use, how they are saved, loaded and initialised. SDM Vol. 1, 13.4 – 13.6. */
import * as L from '../../layout'
import { pending } from '../raise'
import { readData, writeData } from '../mmu/memory'
import { setPkru } from '../mmu/protection-keys'
import { mode64 } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { initX87, stackRegister, updateSummary } from '../x87/state'

/* By their bits in XCR0. */
export const X87: u64 = 1
export const SSE: u64 = 2
export const AVX: u64 = 4
export const PKRU: u64 = 1 << 9

export const MXCSR_WRITABLE: u32 = 0xffff
const MXCSR_INITIAL: u32 = 0x1f80

/* The legacy area (Vol. 1, table 10-2), then the XSAVE header. */
const AREA_MXCSR: u32 = 24
const AREA_ST0: u32 = 32
const AREA_XMM0: u32 = 160
export const HEADER: u32 = 512
export const EXTENDED: u32 = 576
/* Places of components in the standard format, and their sizes. */
const AVX_BYTES: u32 = 256
const PKRU_OFFSET: u32 = 2688
const PKRU_BYTES: u32 = 8

const UPPER: usize = L.XMM + 16

/** Outside 64-bit mode the other eight registers keep their values. */
function registerCount(cpu: usize): u32 {
  return mode64(cpu) ? 16 : 8
}

/** Offset of component `component` in an area whose XCOMP_BV is `layout`, or in the standard format when that is 0. */
export function offsetOf(component: u64, layout: u64): u32 {
  if (component == AVX) return EXTENDED
  if (!layout) return PKRU_OFFSET
  return layout & AVX ? EXTENDED + AVX_BYTES : EXTENDED
}

/** Bytes of an area for these components. */
export function areaSize(components: u64, compacted: bool): u32 {
  if (components & PKRU) return offsetOf(PKRU, compacted ? components : 0) + PKRU_BYTES
  return components & AVX ? EXTENDED + AVX_BYTES : EXTENDED
}

/** What an area was read into; nothing survives an instruction. */
const AREA: usize = memory.data(4096)

/** Reads `size` (a multiple of 8) bytes, with every check, before any register changes. 0 with an exception pending. */
export function fetchArea(cpu: usize, va: u64, size: u32): usize {
  for (let at: u32 = 0; at < size; at += 8) {
    const value = readData(cpu, va + at, 8)
    if (pending(cpu)) return 0
    store<u64>(AREA + at, value)
  }
  return AREA
}

/* In use: not as after a reset. */

function isClear(from: usize, bytes: u32): bool {
  for (let at: u32 = 0; at < bytes; at += 8) if (load<u64>(from + at)) return false
  return true
}

function isX87Initial(cpu: usize): bool {
  if (load<u64>(cpu, L.FCW) != 0x37f || load<u64>(cpu, L.FIP) || load<u64>(cpu, L.FDP)) return false
  for (let i: u32 = 0; i < 8; i++) {
    if (load<u64>(stackRegister(cpu, i)) || load<u16>(stackRegister(cpu, i), 8)) return false
  }
  return true
}

function areClear(first: usize): bool {
  for (let i: usize = 0; i < 16; i++) if (!isClear(first + i * L.XMM_STRIDE, 16)) return false
  return true
}

/** XINUSE. For SSE it is about the XMM registers only. */
export function inUse(cpu: usize): u64 {
  let components: u64 = 0
  if (!isX87Initial(cpu)) components |= X87
  if (!areClear(cpu + L.XMM)) components |= SSE
  if (!areClear(cpu + UPPER)) components |= AVX
  if (load<u32>(cpu, L.PKRU)) components |= PKRU
  return components
}

/** The same, but an unusual MXCSR counts as SSE state: what XSAVEC, XSAVES and XGETBV take. */
export function inUseWithMxcsr(cpu: usize): u64 {
  return load<u32>(cpu, L.MXCSR) != MXCSR_INITIAL ? inUse(cpu) | SSE : inUse(cpu)
}

/* x87: registers go by their place in the stack, from ST(0) on. Without REX.W, pointers have 32 bits and a selector, which is 0. */

export function saveX87(cpu: usize, va: u64, wide: bool): i32 {
  if (writeData(cpu, va, 8, load<u64>(cpu, L.FCW))) return EXCEPTION
  const mask: u64 = wide ? ~(<u64>0) : 0xffff_ffff
  if (writeData(cpu, va + 8, 8, load<u64>(cpu, L.FIP) & mask)) return EXCEPTION
  if (writeData(cpu, va + 16, 8, load<u64>(cpu, L.FDP) & mask)) return EXCEPTION
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    const at = va + AREA_ST0 + i * 16
    if (writeData(cpu, at, 8, load<u64>(register))) return EXCEPTION
    if (writeData(cpu, at + 8, 8, load<u16>(register, 8))) return EXCEPTION
  }
  return CONTINUE
}

export function loadX87(cpu: usize, from: usize, wide: bool): void {
  const mask: u64 = wide ? ~(<u64>0) : 0xffff_ffff
  // FCW, FSW, tags, FOP; bits that do not exist are dropped, and bit 6 of FCW is always set.
  store<u64>(cpu, (load<u64>(from) & 0x07ff_00ff_ffff_1f3f) | 0x40, L.FCW)
  // FIP is as wide as a linear address with five levels of paging, and sign-extended; FDP has all bits.
  store<u64>(cpu, <u64>((load<i64>(from, 8) << 7) >> 7) & mask, L.FIP)
  store<u64>(cpu, load<u64>(from, 16) & mask, L.FDP)
  updateSummary(cpu)
  for (let i: u32 = 0; i < 8; i++) {
    const register = stackRegister(cpu, i)
    store<u64>(register, load<u64>(from + AREA_ST0 + i * 16))
    store<u64>(register, load<u16>(from + AREA_ST0 + i * 16, 8), 8)
  }
}

export function clearX87(cpu: usize): void {
  initX87(cpu)
  memory.fill(cpu + L.FPU_REGISTERS, 0, 8 * L.FPU_STRIDE)
}

/* SSE */

export function saveMxcsr(cpu: usize, va: u64): i32 {
  return writeData(cpu, va + AREA_MXCSR, 8, ((<u64>MXCSR_WRITABLE) << 32) | load<u32>(cpu, L.MXCSR))
}

/** MXCSR as the area has it. */
export function mxcsrOf(from: usize): u32 {
  return load<u32>(from + AREA_MXCSR)
}

export function resetMxcsr(cpu: usize): void {
  store<u32>(cpu, MXCSR_INITIAL, L.MXCSR)
}

/** `part`: L.XMM for the low 128 bits of each register, 16 more for those above. */
function saveLanes(cpu: usize, va: u64, part: usize): i32 {
  for (let i: u32 = 0; i < registerCount(cpu); i++) {
    const register = cpu + part + <usize>i * L.XMM_STRIDE
    if (writeData(cpu, va + i * 16, 8, load<u64>(register))) return EXCEPTION
    if (writeData(cpu, va + i * 16 + 8, 8, load<u64>(register, 8))) return EXCEPTION
  }
  return CONTINUE
}

function loadLanes(cpu: usize, from: usize, part: usize): void {
  for (let i: u32 = 0; i < registerCount(cpu); i++)
    memory.copy(cpu + part + <usize>i * L.XMM_STRIDE, from + i * 16, 16)
}

function clearLanes(cpu: usize, part: usize): void {
  for (let i: u32 = 0; i < registerCount(cpu); i++) memory.fill(cpu + part + <usize>i * L.XMM_STRIDE, 0, 16)
}

export function saveXmm(cpu: usize, va: u64): i32 {
  return saveLanes(cpu, va + AREA_XMM0, L.XMM)
}

export function loadXmm(cpu: usize, from: usize): void {
  loadLanes(cpu, from + AREA_XMM0, L.XMM)
}

export function clearXmm(cpu: usize): void {
  clearLanes(cpu, L.XMM)
}

/* What has places of its own in the extended area. */

export function saveExtended(cpu: usize, va: u64, components: u64, layout: u64): i32 {
  if (components & AVX && saveLanes(cpu, va + offsetOf(AVX, layout), UPPER)) return EXCEPTION
  if (!(components & PKRU)) return CONTINUE
  return writeData(cpu, va + offsetOf(PKRU, layout), 8, load<u32>(cpu, L.PKRU))
}

/** Loads what is `present` and initialises the rest of `components`. */
export function loadExtended(cpu: usize, from: usize, components: u64, present: u64, layout: u64): void {
  if (components & AVX) {
    if (present & AVX) loadLanes(cpu, from + offsetOf(AVX, layout), UPPER)
    else clearLanes(cpu, UPPER)
  }
  if (components & PKRU) {
    setPkru(cpu, present & PKRU ? load<u32>(from + offsetOf(PKRU, layout)) : 0)
  }
}
