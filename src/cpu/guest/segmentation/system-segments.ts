/** LLDT, LTR, and the questions VERR, VERW, LAR, LSL. SDM Vol. 2A and 2B; Vol. 3A, 5.10. */
import { LDTR, TR } from '../../layout'
import { DESC_CODE, DESC_P, DESC_RW, DESC_S, TYPE_LDT, TYPE_TSS, TYPE_TSS16 } from '../bits'
import { isCanonicalBase } from '../mmu/canonical'
import { readSystem } from '../mmu/memory'
import { pending, raiseGp, raiseNp, raiseUd } from '../raise'
import { getCpl, longMode, setSegment } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import * as D from './descriptor'
import { isConforming, isReadable, isRealOrVm86, setNull } from './load'

/** ZF = 0: the descriptor cannot be used that way. */
const REFUSED: u64 = ~(<u64>0)

export function lldt(cpu: usize, selector: u32): i32 {
  if (isRealOrVm86(cpu)) return raiseUd(cpu)
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  if (!D.isNull(selector)) return loadSystem(cpu, LDTR, selector)
  setNull(cpu, LDTR, selector)
  return CONTINUE
}

export function ltr(cpu: usize, selector: u32): i32 {
  if (isRealOrVm86(cpu)) return raiseUd(cpu)
  if (getCpl(cpu) || D.isNull(selector)) return raiseGp(cpu, 0)
  return loadSystem(cpu, TR, selector)
}

function isRightType(cpu: usize, seg: u32, attributes: u32): bool {
  if (attributes & DESC_S) return false
  const type = D.typeOf(attributes)
  if (seg == LDTR) return type == TYPE_LDT
  return type == TYPE_TSS || (type == TYPE_TSS16 && !longMode(cpu))
}

function loadSystem(cpu: usize, seg: u32, selector: u32): i32 {
  const size: u32 = longMode(cpu) ? 16 : 8
  if (selector & 4) return raiseGp(cpu, selector)
  const at = D.descriptorAddress(cpu, selector, size)
  if (at == D.NO_DESCRIPTOR) return raiseGp(cpu, selector)
  const descriptor = D.readDescriptor(cpu, at)
  const high = size == 16 ? readSystem(cpu, at + 8, 8) : 0
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if (!isRightType(cpu, seg, attributes)) return raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  const base = D.baseOf(descriptor) | (high << 32)
  if (size == 16 && !isCanonicalBase(cpu, base)) return raiseGp(cpu, selector)
  const busy: u32 = seg == TR ? 2 : 0
  if (D.markDescriptor(cpu, at, descriptor, busy)) return EXCEPTION
  setSegment(cpu, seg, selector, attributes | busy, base, D.limitOf(descriptor))
  return CONTINUE
}

/** Whether the last `askedDescriptor` found one; scratch of one instruction. Any 64 bits can be a descriptor. */
let isFound: bool = false

/** The descriptor that a question is about, when `isFound`; otherwise `pending` tells whether reading it raised. */
function askedDescriptor(cpu: usize, selector: u32): u64 {
  isFound = false
  if (isRealOrVm86(cpu)) {
    raiseUd(cpu)
    return REFUSED
  }
  if (D.isNull(selector)) return REFUSED
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) return REFUSED
  const descriptor = D.readDescriptor(cpu, at)
  isFound = !pending(cpu)
  return descriptor
}

function mayUse(cpu: usize, selector: u32, attributes: u32): bool {
  if (isConforming(attributes)) return true
  const dpl = D.dplOf(attributes)
  return getCpl(cpu) <= dpl && D.rplOf(selector) <= dpl
}

export function verr(cpu: usize, selector: u32): u64 {
  const descriptor = askedDescriptor(cpu, selector)
  if (!isFound) return REFUSED
  const attributes = D.attributesOf(descriptor)
  return isReadable(attributes) && mayUse(cpu, selector, attributes) ? 1 : REFUSED
}

export function verw(cpu: usize, selector: u32): u64 {
  const descriptor = askedDescriptor(cpu, selector)
  if (!isFound) return REFUSED
  const attributes = D.attributesOf(descriptor)
  const isWritable = (attributes & (DESC_S | DESC_CODE | DESC_RW)) == (DESC_S | DESC_RW)
  return isWritable && mayUse(cpu, selector, attributes) ? 1 : REFUSED
}

/* System descriptor types that LAR and LSL accept, one bit each. Vol. 2A, LAR and LSL. */
const LAR_TYPES: u32 = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 9) | (1 << 11) | (1 << 12)
const LAR_TYPES_LONG: u32 = (1 << 2) | (1 << 9) | (1 << 11) | (1 << 12)
const LSL_TYPES: u32 = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 9) | (1 << 11)
const LSL_TYPES_LONG: u32 = (1 << 2) | (1 << 9) | (1 << 11)

function isAccepted(attributes: u32, systemTypes: u32): bool {
  return (attributes & DESC_S) != 0 || ((systemTypes >> D.typeOf(attributes)) & 1) != 0
}

/** Access rights in their places: bits 8–23. */
export function lar(cpu: usize, selector: u32): u64 {
  const descriptor = askedDescriptor(cpu, selector)
  if (!isFound) return REFUSED
  const attributes = D.attributesOf(descriptor)
  if (!isAccepted(attributes, longMode(cpu) ? LAR_TYPES_LONG : LAR_TYPES)) return REFUSED
  return mayUse(cpu, selector, attributes) ? (descriptor >> 32) & 0x00f0_ff00 : REFUSED
}

/** Limit in bytes. */
export function lsl(cpu: usize, selector: u32): u64 {
  const descriptor = askedDescriptor(cpu, selector)
  if (!isFound) return REFUSED
  const attributes = D.attributesOf(descriptor)
  if (!isAccepted(attributes, longMode(cpu) ? LSL_TYPES_LONG : LSL_TYPES)) return REFUSED
  return mayUse(cpu, selector, attributes) ? <u64>D.limitOf(descriptor) : REFUSED
}
