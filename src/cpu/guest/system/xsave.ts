/**
 * XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS. SDM Vol. 1, 13.7 – 13.12. RFBM, the requested-feature bitmap, is EDX:EAX AND the enabled
 * components. The modified optimisation is not made: what is in use is always written.
 */
import * as L from '../../layout'
import { CR0_TS, CR4_OSXSAVE } from '../bits'
import { ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs, readData, writeData } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { pending, raiseGp, raiseNm, raiseUd } from '../raise'
import { cr0Has, cr4Has, getCpl, getGpr, RAX, RDX } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import * as X from './xstate'

const COMPACTED: u64 = 1 << 63
/* XSTATE_BV and XCOMP_BV in the header. */
const XSTATE_BV: u32 = X.HEADER
const XCOMP_BV: u32 = X.HEADER + 8

/** Supervisor components are for XSAVES and XRSTORS only. */
function requested(cpu: usize, supervisor: bool): u64 {
  const mask = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  return mask & enabled(cpu, supervisor)
}

function enabled(cpu: usize, supervisor: bool): u64 {
  const user = load<u64>(cpu, L.XCR0)
  return supervisor ? user | load<u64>(cpu, L.XSS) : user
}

function check(cpu: usize, va: u64): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  if (cr0Has(cpu, CR0_TS)) return raiseNm(cpu)
  return va & 63 ? raiseGp(cpu, 0) : CONTINUE
}

function checkSupervisor(cpu: usize, va: u64): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  return getCpl(cpu) ? raiseGp(cpu, 0) : check(cpu, va)
}

/** Writes `components`, all of which RFBM has. `size` 8: with REX.W. */
function save(cpu: usize, va: u64, components: u64, layout: u64, size: u32): i32 {
  if (components & X.X87 && X.saveX87(cpu, va, size == 8)) return EXCEPTION
  if (components & X.SSE && X.saveXmm(cpu, va)) return EXCEPTION
  return X.saveExtended(cpu, va, components, layout)
}

/** The standard format. MXCSR goes with SSE and with AVX; bits of XSTATE_BV that were not asked for keep their value. */
function saveStandard(cpu: usize, va: u64, size: u32, optimised: bool): i32 {
  if (check(cpu, va)) return EXCEPTION
  const rfbm = requested(cpu, false)
  if (probeWriteAs(cpu, va, X.areaSize(rfbm, false), explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  const old = readData(cpu, va + XSTATE_BV, 8)
  if (pending(cpu)) return EXCEPTION
  const used = X.inUse(cpu) & rfbm
  if (save(cpu, va, optimised ? used : rfbm, 0, size)) return EXCEPTION
  if (rfbm & (X.SSE | X.AVX) && X.saveMxcsr(cpu, va)) return EXCEPTION
  return writeData(cpu, va + XSTATE_BV, 8, (old & ~rfbm) | used)
}

export function xsave(cpu: usize, va: u64, size: u32): i32 {
  return saveStandard(cpu, va, size, false)
}

export function xsaveopt(cpu: usize, va: u64, size: u32): i32 {
  return saveStandard(cpu, va, size, true)
}

/** The compacted format: components in use only; MXCSR goes with SSE. */
function saveCompacted(cpu: usize, va: u64, size: u32, rfbm: u64): i32 {
  const layout = rfbm | COMPACTED
  if (probeWriteAs(cpu, va, X.areaSize(rfbm, true), explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  const used = X.inUseWithMxcsr(cpu) & rfbm
  if (save(cpu, va, used, layout, size)) return EXCEPTION
  if (used & X.SSE && X.saveMxcsr(cpu, va)) return EXCEPTION
  if (writeData(cpu, va + XSTATE_BV, 8, used)) return EXCEPTION
  return writeData(cpu, va + XCOMP_BV, 8, layout)
}

export function xsavec(cpu: usize, va: u64, size: u32): i32 {
  return check(cpu, va) ? EXCEPTION : saveCompacted(cpu, va, size, requested(cpu, false))
}

export function xsaves(cpu: usize, va: u64, size: u32): i32 {
  return checkSupervisor(cpu, va) ? EXCEPTION : saveCompacted(cpu, va, size, requested(cpu, true))
}

/** Whether a header may be restored, by the rules of its format. */
function isValidHeader(header: usize, present: u64, layout: u64, components: u64): bool {
  const reserved = load<u64>(header, 16)
  if (!(layout & COMPACTED)) return !layout && !reserved && !(present & ~components)
  for (let at: usize = 24; at < 64; at += 8) if (load<u64>(header + at)) return false
  return !reserved && !(layout & ~COMPACTED & ~components) && !(present & ~layout)
}

function restore(cpu: usize, va: u64, size: u32, supervisor: bool): i32 {
  const rfbm = requested(cpu, supervisor)
  const header = X.fetchArea(cpu, va + XSTATE_BV, 64)
  if (!header) return EXCEPTION
  const present = load<u64>(header)
  const layout = load<u64>(header, 8)
  const compacted = (layout & COMPACTED) != 0
  if (supervisor && !compacted) return raiseGp(cpu, 0)
  if (!isValidHeader(header, present, layout, enabled(cpu, supervisor))) return raiseGp(cpu, 0)
  const needed = X.areaSize(compacted ? layout & ~COMPACTED & (rfbm | X.AVX) : rfbm & present, compacted)
  const area = X.fetchArea(cpu, va, needed)
  if (!area) return EXCEPTION

  // The standard format has MXCSR for SSE and AVX alike, in use or not.
  const loadsMxcsr = compacted ? rfbm & present & X.SSE : rfbm & (X.SSE | X.AVX)
  const mxcsr = X.mxcsrOf(area)
  if (loadsMxcsr && mxcsr & ~X.MXCSR_WRITABLE) return raiseGp(cpu, 0)
  if (rfbm & X.X87) {
    if (present & X.X87) X.loadX87(cpu, area, size == 8)
    else X.clearX87(cpu)
  }
  if (loadsMxcsr) store<u32>(cpu, mxcsr, L.MXCSR)
  else if (rfbm & X.SSE) X.resetMxcsr(cpu)
  if (rfbm & X.SSE) {
    if (present & X.SSE) X.loadXmm(cpu, area)
    else X.clearXmm(cpu)
  }
  X.loadExtended(cpu, area, rfbm, present, layout)
  return CONTINUE
}

export function xrstor(cpu: usize, va: u64, size: u32): i32 {
  return check(cpu, va) ? EXCEPTION : restore(cpu, va, size, false)
}

export function xrstors(cpu: usize, va: u64, size: u32): i32 {
  return checkSupervisor(cpu, va) ? EXCEPTION : restore(cpu, va, size, true)
}
