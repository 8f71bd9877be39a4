/** XGETBV, XSETBV: which components of extended state are enabled, and which are in use. SDM Vol. 1, 13.3 and 13.6; Vol. 2. */
import * as L from '../../layout'
import { CR4_OSXSAVE } from '../bits'
import { updateMode } from '../mode'
import { raiseGp, raiseUd } from '../raise'
import { cr4Has, getCpl, getGpr, getNextRip, RAX, RCX, RDX, setGpr32, setRip } from '../state'
import { CONTINUE, JUMP } from '../status'
import { hasFeature } from './cpuid'
import { AVX, inUseWithMxcsr, SSE, X87 } from './xstate'

/** XGETBV with ECX = 1 exists: CPUID.(EAX=0DH,ECX=1):EAX[2]. */
const LEAF_XSAVE: u32 = 0xd
const EAX_XGETBV1: u32 = 1 << 2

export function xgetbv(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  const number = <u32>getGpr(cpu, RCX)
  let value = load<u64>(cpu, L.XCR0)
  if (number == 1 && hasFeature(cpu, LEAF_XSAVE, 1, RAX, EAX_XGETBV1)) value &= inUseWithMxcsr(cpu)
  else if (number) return raiseGp(cpu, 0)
  setGpr32(cpu, RAX, <u32>value)
  setGpr32(cpu, RDX, <u32>(value >> 32))
  return CONTINUE
}

/** x87 is always enabled, and AVX needs SSE. */
function isValid(cpu: usize, value: u64): bool {
  if (value & ~load<u64>(cpu, L.XCR0_WRITABLE) || !(value & X87)) return false
  return !(value & AVX) || (value & SSE) != 0
}

export function xsetbv(cpu: usize): i32 {
  if (!cr4Has(cpu, CR4_OSXSAVE)) return raiseUd(cpu)
  const value = (getGpr(cpu, RDX) << 32) | (getGpr(cpu, RAX) & 0xffff_ffff)
  if (getCpl(cpu) || <u32>getGpr(cpu, RCX) || !isValid(cpu, value)) return raiseGp(cpu, 0)
  store<u64>(cpu, value, L.XCR0)
  updateMode(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}
