/** FXSAVE and FXRSTOR: x87 and SSE state in 512 bytes. SDM Vol. 1, 10.5; Vol. 2. */
import * as L from '../../layout'
import { CR0_EM, CR0_TS } from '../bits'
import { ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { raiseGp, raiseNm, raiseUd } from '../raise'
import { cr0Has } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import {
  fetchArea,
  HEADER,
  loadX87,
  loadXmm,
  MXCSR_WRITABLE,
  mxcsrOf,
  saveMxcsr,
  saveX87,
  saveXmm,
} from './xstate'

function check(cpu: usize, va: u64): i32 {
  if (cr0Has(cpu, CR0_EM)) return raiseUd(cpu)
  if (cr0Has(cpu, CR0_TS)) return raiseNm(cpu)
  return va & 15 ? raiseGp(cpu, 0) : CONTINUE
}

/** `size` 8 (REX.W) keeps instruction and data pointers of 64 bits. */
export function fxsave(cpu: usize, va: u64, size: u32): i32 {
  if (check(cpu, va)) return EXCEPTION
  if (probeWriteAs(cpu, va, HEADER, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
  saveX87(cpu, va, size == 8)
  saveMxcsr(cpu, va)
  return saveXmm(cpu, va)
}

export function fxrstor(cpu: usize, va: u64, size: u32): i32 {
  if (check(cpu, va)) return EXCEPTION
  const area = fetchArea(cpu, va, HEADER)
  if (!area) return EXCEPTION
  const mxcsr = mxcsrOf(area)
  if (mxcsr & ~MXCSR_WRITABLE) return raiseGp(cpu, 0)
  loadX87(cpu, area, size == 8)
  store<u32>(cpu, mxcsr, L.MXCSR)
  loadXmm(cpu, area)
  return CONTINUE
}
