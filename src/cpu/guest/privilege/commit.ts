/** The last steps that transitions share: writing CS, SS, CPL and RFLAGS. Nothing here can fault. */
import * as L from '../../layout'
import { STEP_CPL, STEP_CS, STEP_NULL_SEGMENT, STEP_RFLAGS, STEP_RIP, STEP_RSP, STEP_SS } from '../../probe'
import { setRflags } from '../flags'
import { staysIn64, updateMode, updateModeIn64 } from '../mode'
import { dplOf } from '../segmentation/descriptor'
import { isConforming, setFromDescriptor } from '../segmentation/load'
import {
  getCpl,
  getGpr,
  RSP,
  segAttributes,
  segBase,
  segSelector,
  setGpr,
  setRip,
  setSegment,
  stackMask,
} from '../state'
import { step } from '../trace'
import { COUNT_RINGS, COUNT_SINCE } from '../../counters'

/* Attributes that SYSCALL and its kin load without reading a descriptor: flat, present, accessed, DPL 0. Limit bits are set. */
export const FLAT_CODE64: u32 = 0xaf9b
export const FLAT_CODE32: u32 = 0xcf9b
export const FLAT_DATA: u32 = 0xcf93

/** The instructions since the last change of ring were `ring`'s. */
function countRing(cpu: usize, ring: u32): void {
  const counters = cpu + L.COUNTERS
  const retired = load<u64>(cpu, L.RETIRED)
  const at = counters + ((<usize>(COUNT_RINGS + ring)) << 3)
  store<u64>(at, load<u64>(at) + retired - load<u64>(counters, COUNT_SINCE << 3))
  store<u64>(counters, retired, COUNT_SINCE << 3)
}

export function setCpl(cpu: usize, cpl: u32): void {
  const from = getCpl(cpu)
  if (from == cpl) return
  countRing(cpu, from)
  store<u32>(cpu, cpl, L.CPL)
  step(cpu, STEP_CPL, cpl)
}

/** CS with a flat segment of privilege level `cpl`, which becomes CPL. */
export function setFlatCode(cpu: usize, selector: u32, attributes: u32, cpl: u32): void {
  setSegment(cpu, L.CS, (selector & 0xfffc) | cpl, attributes | (cpl << 5), 0, 0xffff_ffff)
  step(cpu, STEP_CS, segSelector(cpu, L.CS))
  setCpl(cpu, cpl)
}

export function setFlatStack(cpu: usize, selector: u32, cpl: u32): void {
  setSegment(cpu, L.SS, (selector & 0xfffc) | cpl, FLAT_DATA | (cpl << 5), 0, 0xffff_ffff)
  step(cpu, STEP_SS, segSelector(cpu, L.SS))
}

/** CS from a descriptor that has been checked; its RPL and CPL become `cpl`. */
export function setCode(cpu: usize, selector: u32, descriptor: u64, cpl: u32): void {
  setFromDescriptor(cpu, L.CS, (selector & 0xfffc) | cpl, descriptor)
  step(cpu, STEP_CS, segSelector(cpu, L.CS))
  setCpl(cpu, cpl)
}

export function setStack(cpu: usize, selector: u32, descriptor: u64): void {
  setFromDescriptor(cpu, L.SS, selector, descriptor)
  step(cpu, STEP_SS, selector)
}

/** RSP, ESP or SP, as the current stack segment says. Write CS and SS first. */
export function setStackPointer(cpu: usize, value: u64): void {
  const mask = stackMask(cpu)
  // A 32-bit stack pointer leaves the high half of RSP zero, a 16-bit one leaves the rest alone.
  const kept: u64 = mask == 0xffff ? getGpr(cpu, RSP) & ~mask : 0
  setGpr(cpu, RSP, kept | (value & mask))
  step(cpu, STEP_RSP, getGpr(cpu, RSP))
}

export function jumpTo(cpu: usize, rip: u64): void {
  setRip(cpu, rip)
  step(cpu, STEP_RIP, rip)
}

export function setFlags(cpu: usize, flags: u64): void {
  setRflags(cpu, flags)
  step(cpu, STEP_RFLAGS, flags)
}

/** After a return to a less privileged level: data segments that it may not use become null. SDM Vol. 2A, IRET. */
export function dropPrivilegedSegments(cpu: usize): void {
  dropIfPrivileged(cpu, L.ES)
  dropIfPrivileged(cpu, L.DS)
  dropIfPrivileged(cpu, L.FS)
  dropIfPrivileged(cpu, L.GS)
}

function dropIfPrivileged(cpu: usize, seg: u32): void {
  const attributes = segAttributes(cpu, seg)
  if (attributes == 0 || isConforming(attributes) || dplOf(attributes) >= getCpl(cpu)) return
  // The base stays: 64-bit systems keep it in FS and GS across returns.
  setSegment(cpu, seg, 0, 0, segBase(cpu, seg), 0)
  step(cpu, STEP_NULL_SEGMENT, seg)
}

/** Every transition ends with this: decoding and TLB follow the new CPL, CS, SS and flags. */
export function finishTransition(cpu: usize): void {
  if (staysIn64(cpu)) updateModeIn64(cpu)
  else updateMode(cpu)
}
