/** Comparisons, and what else gives its answer in C3, C2, C0: FTST and FXAM. SDM Vol. 2A. */
import { CONTINUE } from '../status'
import { unpackFrom } from './memory-operand'
import * as N from './number'
import { X, Y } from './number'
import { blocked, enter, pop, readStack, settle, start, underflow } from './stack'
import { C0, C1, C2, C3, IE, getFsw, isEmpty, setFsw } from './state'
import { UNUSUAL, compareFlagsUsual, compareMemoryUsual, compareUsual } from './usual'

/** C3, C2, C0 for X against Y. */
function compare(quiet: bool): u32 {
  if (X.kind == N.UNSUPPORTED || Y.kind == N.UNSUPPORTED) {
    N.signal(IE)
    return C0 | C2 | C3
  }
  if (X.kind == N.NAN || Y.kind == N.NAN) {
    if (!quiet || N.isSignaling(X) || N.isSignaling(Y)) N.signal(IE)
    return C0 | C2 | C3
  }
  N.denormals(X, Y)
  const order = N.order(X, Y)
  return order == 0 ? C3 : order < 0 ? C0 : 0
}

/** C3, C2, C0 of ST(0) against ST(i). */
function compareStack(cpu: usize, i: u32, quiet: bool): u32 {
  if (underflow(cpu, i)) return C0 | C2 | C3
  readStack(cpu, X, 0)
  readStack(cpu, Y, i)
  return compare(quiet)
}

function setConditions(cpu: usize, conditions: u32): void {
  setFsw(cpu, (getFsw(cpu) & ~(C0 | C2 | C3)) | conditions)
}

function finishCompare(cpu: usize, pops: u32): i32 {
  if (!blocked(cpu)) {
    for (let n: u32 = 0; n < (pops & 3); n++) pop(cpu)
  }
  return settle(cpu)
}

/** FCOM and kin with a register. */
export function x87Compare(cpu: usize, i: u32, quiet: u32, pops: u32): i32 {
  if (compareUsual(cpu, i, pops)) return CONTINUE
  enter(cpu)
  setConditions(cpu, compareStack(cpu, i, quiet != 0))
  return finishCompare(cpu, pops)
}

/** FCOMI and kin: C0, C2, C3 as CF, PF, ZF; on this silicon also when #IA is not masked. */
export function x87CompareFlags(cpu: usize, i: u32, quiet: u32, pops: u32): u64 {
  const usual = compareFlagsUsual(cpu, i, pops)
  if (usual != UNUSUAL) return flagsOf(usual)
  start(cpu)
  const conditions = compareStack(cpu, i, quiet != 0)
  finishCompare(cpu, pops)
  return flagsOf(conditions)
}

function flagsOf(conditions: u32): u64 {
  return <u64>((conditions >> 8) & 0x45)
}

/** FCOM, FICOM with memory. */
export function x87CompareMemory(cpu: usize, format: u32, value: u64, pops: u32): i32 {
  if (compareMemoryUsual(cpu, format, value, pops)) return CONTINUE
  enter(cpu)
  let conditions: u32 = C0 | C2 | C3
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    unpackFrom(Y, format, value, 0)
    conditions = compare(false)
  }
  setConditions(cpu, conditions)
  return finishCompare(cpu, pops)
}

/** FTST: ST(0) against 0. */
export function test(cpu: usize): i32 {
  let conditions: u32 = C0 | C2 | C3
  if (!underflow(cpu, 0)) {
    readStack(cpu, X, 0)
    N.unpack(Y, 0, 0)
    conditions = compare(false)
  }
  setConditions(cpu, conditions)
  return finishCompare(cpu, 0)
}

/** FXAM */
export function examine(cpu: usize): i32 {
  readStack(cpu, X, 0)
  // C3 C2 C0 of each kind: table 3-31.
  let conditions: u32 = 0
  if (isEmpty(cpu, 0)) conditions = C3 | C0
  else if (X.kind == N.NAN) conditions = C0
  else if (X.kind == N.NORMAL) conditions = C2
  else if (X.kind == N.INFINITY) conditions = C2 | C0
  else if (X.kind == N.ZERO) conditions = C3
  else if (X.kind == N.DENORMAL) conditions = C3 | C2
  if (X.sign) conditions |= C1
  setFsw(cpu, (getFsw(cpu) & ~(C0 | C1 | C2 | C3)) | conditions)
  return CONTINUE
}
