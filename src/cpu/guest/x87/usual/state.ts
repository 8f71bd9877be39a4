/**
 * The usual case of x87 instructions, without ceremony: FCW as programs leave it (64-bit significands, rounding to nearest, #P masked), no exception pending,
 * numbers that are normal or zero. What is here answers false, with nothing changed, when it is not so; the general way is then taken. SDM Vol. 1, 8.1.
 */
import * as L from '../../../layout'
import { getRip } from '../../state'
import { C1, ES, PE, TOP_SHIFT } from '../state'

/* FCW, FSW and the tags as one word of 64 bits. */
const RC_PC_PM: u64 = 0xf20
const EXTENDED_NEAREST: u64 = 0x320
const FSW_SHIFT: u64 = 16
const TAGS_SHIFT: u64 = 32

const TOP: u32 = 7 << TOP_SHIFT

/** FCW, FSW and tags as they stand, or 0 when they are not as usual. */
export function usualState(cpu: usize): u64 {
  const state = load<u64>(cpu, L.FCW)
  return (state & (RC_PC_PM | ((<u64>ES) << FSW_SHIFT))) == EXTENDED_NEAREST ? state : 0
}

/** Number of the register that is ST(i). */
export function registerOf(state: u64, i: u32): u32 {
  return (<u32>(state >> (FSW_SHIFT + TOP_SHIFT)) + i) & 7
}

export function isFilled(state: u64, register: u32): bool {
  return ((state >> (TAGS_SHIFT + register)) & 1) != 0
}

export function addressOf(cpu: usize, register: u32): usize {
  return cpu + L.FPU_REGISTERS + <usize>register * L.FPU_STRIDE
}

/** Whether a number of 80 bits, its exponent without the sign, is normal. */
export function isNormal(significand: u64, exponent: u32): bool {
  return exponent - 1 < 0x7ffe && <i64>significand < 0
}

/** Ends an instruction that has found no exception but #P, with `top` as the new TOP. C1 tells of rounding up. */
export function settleUsual(cpu: usize, state: u64, top: u32, conditions: u32): void {
  const kept = <u32>(state >> FSW_SHIFT) & 0xffff & ~(C1 | TOP)
  store<u16>(cpu, kept | ((top & 7) << TOP_SHIFT) | conditions, L.FSW)
  store<u64>(cpu, getRip(cpu), L.FIP)
}

/** The bits of FSW that tell of rounding. */
export function roundingFlags(inexact: bool, up: bool): u32 {
  return (inexact ? PE : 0) | (up ? C1 : 0)
}

/** Marks ST(0), or ST(0) and ST(1), as empty: `pops` is 0, 1 or 2. The new TOP. */
export function popUsual(cpu: usize, state: u64, pops: u32): u32 {
  const top = registerOf(state, 0)
  if (pops) {
    const gone = (1 << top) | (pops == 2 ? 1 << ((top + 1) & 7) : 0)
    store<u8>(cpu, <u8>(<u32>load<u8>(cpu, L.FTW) & ~gone), L.FTW)
  }
  return top + pops
}

/** Writes a register that is, or becomes, filled. */
export function fillUsual(cpu: usize, register: u32, significand: u64, signExponent: u32): void {
  const at = addressOf(cpu, register)
  store<u64>(at, significand)
  store<u16>(at, <u16>signExponent, 8)
  store<u8>(cpu, <u8>(<u32>load<u8>(cpu, L.FTW) | (1 << register)), L.FTW)
}

/** Puts a number on the stack. */
export function pushUsual(cpu: usize, state: u64, significand: u64, signExponent: u32): bool {
  const top = registerOf(state, 7)
  if (isFilled(state, top)) return false
  fillUsual(cpu, top, significand, signExponent)
  settleUsual(cpu, state, top, 0)
  return true
}
