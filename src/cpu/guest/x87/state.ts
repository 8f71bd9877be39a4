/** The x87 unit's registers by the names of the manual. SDM Vol. 1, 8.1. */
import * as L from '../../layout'
import { EXCEPTIONS } from '../softfloat/flags'
import { releaseFerr } from './ferr'

/* FSW. Vol. 1, figure 8-4 */
export { DE, EXCEPTIONS, IE, OE, PE, UE, ZE } from '../softfloat/flags'
/** Stack fault; always with IE. */
export const SF: u32 = 1 << 6
/** Error summary: an exception that is not masked is pending. B mirrors it. */
export const ES: u32 = 1 << 7
export const C0: u32 = 1 << 8
export const C1: u32 = 1 << 9
export const C2: u32 = 1 << 10
export const C3: u32 = 1 << 14
export const B: u32 = 1 << 15

const FCW_RESET: u32 = 0x37f
export const TOP_SHIFT: u32 = 11

export function getFcw(cpu: usize): u32 {
  return load<u16>(cpu, L.FCW)
}

export function getFsw(cpu: usize): u32 {
  return load<u16>(cpu, L.FSW)
}

export function setFsw(cpu: usize, value: u32): void {
  store<u16>(cpu, value, L.FSW)
}

export function getTop(cpu: usize): u32 {
  return (getFsw(cpu) >> TOP_SHIFT) & 7
}

export function setTop(cpu: usize, top: u32): void {
  setFsw(cpu, (getFsw(cpu) & ~(7 << TOP_SHIFT)) | ((top & 7) << TOP_SHIFT))
}

/** Address of the physical register Ri. */
export function physicalRegister(cpu: usize, i: u32): usize {
  return cpu + L.FPU_REGISTERS + <usize>(i & 7) * L.FPU_STRIDE
}

/** Address of ST(i). */
export function stackRegister(cpu: usize, i: u32): usize {
  return physicalRegister(cpu, getTop(cpu) + i)
}

export function isEmpty(cpu: usize, i: u32): bool {
  return !((load<u8>(cpu, L.FTW) >> <u8>((getTop(cpu) + i) & 7)) & 1)
}

export function setEmpty(cpu: usize, i: u32, empty: bool): void {
  const bit: u32 = 1 << ((getTop(cpu) + i) & 7)
  const tags: u32 = load<u8>(cpu, L.FTW)
  store<u8>(cpu, empty ? tags & ~bit : tags | bit, L.FTW)
}

/** Makes ES and B follow from the exception flags and masks. */
export function updateSummary(cpu: usize): void {
  const fsw = getFsw(cpu) & ~(ES | B)
  const pending = (fsw & ~getFcw(cpu) & EXCEPTIONS) != 0
  setFsw(cpu, pending ? fsw | ES | B : fsw)
  if (!pending) releaseFerr(cpu)
}

/** FNINIT: everything but the contents of the registers. */
export function initX87(cpu: usize): void {
  releaseFerr(cpu)
  store<u64>(cpu, <u64>FCW_RESET, L.FCW)
  store<u64>(cpu, 0, L.FIP)
  store<u64>(cpu, 0, L.FDP)
}
