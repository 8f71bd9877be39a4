/** Loading ES, SS, DS, FS and GS: MOV Sreg, POP Sreg, LSS and its kin. SDM Vol. 2B, MOV; Vol. 3A, 3.4.2, 5.6 and 5.7. */
import * as L from '../../layout'
import { CR0_PE, DESC_CODE, DESC_DB, DESC_DC, DESC_G, DESC_P, DESC_RW, DESC_S, TF, VM } from '../bits'
import { beginShadow, cancelStep } from '../debug/trap'
import { updateMode } from '../mode'
import { SHADOW_SS } from '../private'
import { pending, raiseGp, raiseNp, raiseSs, raiseUd } from '../raise'
import { cr0Has, getCpl, getNextRip, mode64, setRip, setSegment, systemFlags } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import * as D from './descriptor'

/** Attributes of a segment loaded in real or virtual-8086 mode: present, writable data, accessed. */
const REAL_ATTRIBUTES: u32 = DESC_P | DESC_S | DESC_RW | 1

/** Puts the fields of a descriptor into a segment register. */
export function setFromDescriptor(cpu: usize, seg: u32, selector: u32, descriptor: u64): void {
  setSegment(cpu, seg, selector, D.attributesOf(descriptor) | 1, D.baseOf(descriptor), D.limitOf(descriptor))
}

/** Makes a segment register null, hence unusable outside 64-bit mode. */
export function setNull(cpu: usize, seg: u32, selector: u32): void {
  setSegment(cpu, seg, selector, 0, 0, 0)
}

/** A stack segment of IA-32e mode that is null; its DPL is the new CPL. */
export function setNullStack(cpu: usize, selector: u32, cpl: u32): void {
  setSegment(cpu, L.SS, selector, DESC_S | DESC_RW | DESC_G | DESC_DB | 1 | (cpl << 5), 0, 0xffff_ffff)
}

/** Real mode: the selector is the base in paragraphs; the limit stays as it is, so large segments of protected mode remain usable. */
export function setReal(cpu: usize, seg: u32, selector: u32): void {
  const at = cpu + L.SEGMENTS + <usize>seg * L.SEG_SIZE
  store<u32>(at, selector, L.SEG_SELECTOR)
  store<u64>(at, (<u64>selector) << 4, L.SEG_BASE)
  if (!(systemFlags(cpu) & VM)) {
    const kept = load<u32>(at, L.SEG_ATTRIBUTES) & (DESC_DB | DESC_G)
    return store<u32>(at, kept | REAL_ATTRIBUTES, L.SEG_ATTRIBUTES)
  }
  store<u32>(at, REAL_ATTRIBUTES | (3 << 5), L.SEG_ATTRIBUTES)
  store<u32>(at, 0xffff, L.SEG_LIMIT)
}

export function isRealOrVm86(cpu: usize): bool {
  return !cr0Has(cpu, CR0_PE) || (systemFlags(cpu) & VM) != 0
}

/** MOV to a segment register other than CS. After a load of SS interrupts wait for one instruction. Vol. 3A, 6.8.3. */
export function loadSegment(cpu: usize, seg: u32, selector: u32): i32 {
  if (seg == L.CS || seg > <u32>L.GS) return raiseUd(cpu)
  const oldMode = load<u32>(cpu, L.MODE)
  if (isRealOrVm86(cpu)) setReal(cpu, seg, selector)
  else if (seg == L.SS ? loadStack(cpu, selector) : loadData(cpu, seg, selector)) return EXCEPTION
  updateMode(cpu)
  if (seg == L.SS) {
    // No trap of this instruction, and nothing between it and the next: Vol. 3A, 6.8.3.
    cancelStep(cpu)
    beginShadow(cpu, SHADOW_SS)
  }
  const mustLook = seg == L.SS && (load<u32>(cpu, L.INTR) != 0 || (systemFlags(cpu) & TF) != 0)
  if (!mustLook && load<u32>(cpu, L.MODE) == oldMode) return CONTINUE
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

function loadStack(cpu: usize, selector: u32): i32 {
  const cpl = getCpl(cpu)
  if (D.isNull(selector)) {
    if (!mode64(cpu) || cpl == 3 || D.rplOf(selector) != cpl) return raiseGp(cpu, 0)
    setNullStack(cpu, selector, cpl)
    return CONTINUE
  }
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) return raiseGp(cpu, selector)
  const descriptor = D.readDescriptor(cpu, at)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if (D.rplOf(selector) != cpl || D.dplOf(attributes) != cpl || !isWritableData(attributes)) {
    return raiseGp(cpu, selector)
  }
  if (!(attributes & DESC_P)) return raiseSs(cpu, selector)
  if (D.markDescriptor(cpu, at, descriptor, 1)) return EXCEPTION
  setFromDescriptor(cpu, L.SS, selector, descriptor)
  return CONTINUE
}

function loadData(cpu: usize, seg: u32, selector: u32): i32 {
  if (D.isNull(selector)) {
    setNull(cpu, seg, selector)
    return CONTINUE
  }
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) return raiseGp(cpu, selector)
  const descriptor = D.readDescriptor(cpu, at)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(descriptor)
  if (!isReadable(attributes)) return raiseGp(cpu, selector)
  const dpl = D.dplOf(attributes)
  if (!isConforming(attributes) && (D.rplOf(selector) > dpl || getCpl(cpu) > dpl)) {
    return raiseGp(cpu, selector)
  }
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  if (D.markDescriptor(cpu, at, descriptor, 1)) return EXCEPTION
  setFromDescriptor(cpu, seg, selector, descriptor)
  return CONTINUE
}

export function isWritableData(attributes: u32): bool {
  return (attributes & (DESC_S | DESC_CODE | DESC_RW)) == (DESC_S | DESC_RW)
}

export function isReadable(attributes: u32): bool {
  if (!(attributes & DESC_S)) return false
  return !(attributes & DESC_CODE) || (attributes & DESC_RW) != 0
}

export function isCode(attributes: u32): bool {
  return (attributes & (DESC_S | DESC_CODE)) == (DESC_S | DESC_CODE)
}

/** Conforming code, which any level may use. */
export function isConforming(attributes: u32): bool {
  return (attributes & (DESC_S | DESC_CODE | DESC_DC)) == (DESC_S | DESC_CODE | DESC_DC)
}
