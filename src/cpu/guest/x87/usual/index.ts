/** Instructions in the usual case, see `state.ts`: each says whether it has been done. */
import { directWrite } from '../../mmu/memory'
import { EXTENDED } from '../memory-operand'
import { C0, C1, C2, C3 } from '../state'
import * as A from './arithmetic'
import * as M from './operand'
import {
  addressOf,
  fillUsual,
  isFilled,
  popUsual,
  pushUsual,
  registerOf,
  roundingFlags,
  settleUsual,
  usualState,
} from './state'

/** FLD and FILD from memory. */
export function loadUsual(cpu: usize, format: u32, value: u64, high: u32): bool {
  const state = usualState(cpu)
  return (
    state != 0 && M.takeOperand(format, value, high) && pushUsual(cpu, state, M.significand, M.signExponent)
  )
}

/** FLD ST(i). */
export function duplicateUsual(cpu: usize, i: u32): bool {
  const state = usualState(cpu)
  const register = registerOf(state, i)
  if (!state || !isFilled(state, register)) return false
  const at = addressOf(cpu, register)
  return pushUsual(cpu, state, load<u64>(at), load<u16>(at, 8))
}

/** FST and FSTP to ST(i). */
export function copyUsual(cpu: usize, i: u32, pops: u32): bool {
  const state = usualState(cpu)
  const top = registerOf(state, 0)
  if (!state || !isFilled(state, top)) return false
  const at = addressOf(cpu, top)
  fillUsual(cpu, registerOf(state, i), load<u64>(at), load<u16>(at, 8))
  settleUsual(cpu, state, popUsual(cpu, state, pops), 0)
  return true
}

/** FXCH. */
export function exchangeUsual(cpu: usize, i: u32): bool {
  const state = usualState(cpu)
  const top = registerOf(state, 0)
  const other = registerOf(state, i)
  if (!state || !isFilled(state, top) || !isFilled(state, other)) return false
  const a = addressOf(cpu, top)
  const b = addressOf(cpu, other)
  const significand = load<u64>(a)
  const signExponent = load<u16>(a, 8)
  store<u64>(a, load<u64>(b))
  store<u16>(a, load<u16>(b, 8), 8)
  store<u64>(b, significand)
  store<u16>(b, signExponent, 8)
  settleUsual(cpu, state, top, 0)
  return true
}

/** ST(to) ← ST(to) op a number, with both at hand. */
function operate(cpu: usize, state: u64, operation: u32, to: u32, value: u64, head: u32, pops: u32): bool {
  const register = registerOf(state, to)
  const at = addressOf(cpu, register)
  if (!A.operateUsual(operation, load<u64>(at), load<u16>(at, 8), value, head)) return false
  store<u64>(at, A.significand)
  store<u16>(at, <u16>A.signExponent, 8)
  settleUsual(cpu, state, popUsual(cpu, state, pops), roundingFlags(A.isInexact, A.isUp))
  return true
}

/** ST(to) ← ST(to) op ST(from); one of the two is ST(0). */
export function arithmeticUsual(cpu: usize, operation: u32, to: u32, from: u32, pops: u32): bool {
  const state = usualState(cpu)
  if (!state || !isFilled(state, registerOf(state, to)) || !isFilled(state, registerOf(state, from)))
    return false
  const at = addressOf(cpu, registerOf(state, from))
  return operate(cpu, state, operation, to, load<u64>(at), load<u16>(at, 8), pops)
}

/** ST(0) ← ST(0) op memory. */
export function memoryUsual(cpu: usize, operation: u32, format: u32, value: u64): bool {
  const state = usualState(cpu)
  if (!state || !isFilled(state, registerOf(state, 0)) || !M.takeOperand(format, value, 0)) return false
  return operate(cpu, state, operation, 0, M.significand, M.signExponent, 0)
}

/** Answers of a comparison, C3 and C0, when it was not the usual one. */
export const UNUSUAL: u32 = ~0

/** C3 and C0 of ST(0) against ST(i), or UNUSUAL. */
function compareStack(cpu: usize, state: u64, i: u32): u32 {
  const top = registerOf(state, 0)
  const other = registerOf(state, i)
  if (!state || !isFilled(state, top) || !isFilled(state, other)) return UNUSUAL
  const b = addressOf(cpu, other)
  return compare(cpu, top, load<u64>(b), load<u16>(b, 8))
}

function compare(cpu: usize, register: u32, value: u64, head: u32): u32 {
  const at = addressOf(cpu, register)
  const order = A.compareUsual(load<u64>(at), load<u16>(at, 8), value, head)
  return order == A.UNUSUAL ? UNUSUAL : order == A.EQUAL ? C3 : order == A.LESS ? C0 : 0
}

function setConditions(cpu: usize, state: u64, conditions: u32, pops: u32): bool {
  if (conditions == UNUSUAL) return false
  settleUsual(cpu, state & ~((<u64>(C0 | C2 | C3)) << 16), popUsual(cpu, state, pops), conditions)
  return true
}

/** FCOM, FUCOM and their like. */
export function compareUsual(cpu: usize, i: u32, pops: u32): bool {
  const state = usualState(cpu)
  return setConditions(cpu, state, compareStack(cpu, state, i), pops)
}

/** FCOM and FICOM with memory. */
export function compareMemoryUsual(cpu: usize, format: u32, value: u64, pops: u32): bool {
  const state = usualState(cpu)
  const top = registerOf(state, 0)
  if (!state || !isFilled(state, top) || !M.takeOperand(format, value, 0)) return false
  return setConditions(cpu, state, compare(cpu, top, M.significand, M.signExponent), pops)
}

/** FCOMI and FUCOMI: C3 and C0, which go to the flags, or UNUSUAL. */
export function compareFlagsUsual(cpu: usize, i: u32, pops: u32): u32 {
  const state = usualState(cpu)
  const conditions = compareStack(cpu, state, i)
  // C1 stays, too.
  if (conditions != UNUSUAL) settleUsual(cpu, state, popUsual(cpu, state, pops), <u32>(state >> 16) & C1)
  return conditions
}

/** FST and FSTP to memory that the TLB knows. */
export function storeUsual(cpu: usize, format: u32, va: u64, size: u32, pops: u32): bool {
  const state = usualState(cpu)
  const top = registerOf(state, 0)
  if (!state || format > EXTENDED || !isFilled(state, top)) return false
  const to = directWrite(cpu, va, size)
  if (!to) return false
  const at = addressOf(cpu, top)
  const value = load<u64>(at)
  const head = <u32>load<u16>(at, 8)
  let flags: u32 = 0
  if (format == EXTENDED) {
    store<u64>(to, value)
    store<u16>(to, <u16>head, 8)
  } else {
    if (!M.narrowUsual(format, value, head)) return false
    if (size == 8) store<u64>(to, M.image)
    else store<u32>(to, <u32>M.image)
    flags = roundingFlags(M.isInexact, M.isUp)
  }
  settleUsual(cpu, state, popUsual(cpu, state, pops), flags)
  return true
}
