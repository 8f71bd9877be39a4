/** The register stack: what an instruction finds in it, and how it ends. SDM Vol. 1, 8.1.2 and 8.5. */
import * as L from '../../layout'
import { getRip } from '../state'
import { CONTINUE } from '../status'
import * as N from './number'
import { Extended } from './number'
import { keepPointers } from './pointers'
import {
  C1,
  DE,
  EXCEPTIONS,
  IE,
  SF,
  ZE,
  getFcw,
  getFsw,
  getTop,
  isEmpty,
  setEmpty,
  setFsw,
  setTop,
  stackRegister,
  updateSummary,
} from './state'

/** Exceptions that, unmasked, leave the destination and the stack alone. */
const BEFORE: u32 = IE | DE | ZE

/** Starts an instruction: FIP, no exception yet. C1 stays. */
export function start(cpu: usize): void {
  store<u64>(cpu, getRip(cpu), L.FIP)
  N.begin()
}

/** The same of the many that clear C1. */
export function enter(cpu: usize): void {
  start(cpu)
  setFsw(cpu, getFsw(cpu) & ~C1)
}

/** Reads ST(i). */
export function readStack(cpu: usize, n: Extended, i: u32): void {
  const register = stackRegister(cpu, i)
  N.unpack(n, load<u64>(register), load<u16>(register, 8))
}

/** The result is what ST(i) holds, bit for bit. */
export function copyResult(cpu: usize, i: u32): void {
  const register = stackRegister(cpu, i)
  N.setResult(load<u64>(register), load<u16>(register, 8))
}

/** Flags a stack fault: IE and SF, C1 = 1 for overflow. */
export function stackFault(cpu: usize, overflow: bool): void {
  N.signal(IE | SF)
  setFsw(cpu, (getFsw(cpu) & ~C1) | (overflow ? C1 : 0))
  N.setIndefinite()
}

/** Whether an unmasked exception forbids writing the destination. */
export function blocked(cpu: usize): bool {
  return (N.raised & BEFORE & ~getFcw(cpu)) != 0
}

/** Puts the flags into FSW; C1 tells of rounding up unless the stack faulted. */
export function settle(cpu: usize): i32 {
  // What comes before the operation hides what would come after it.
  if (blocked(cpu)) N.keepBefore(BEFORE | SF)
  let fsw = getFsw(cpu) | (N.raised & (EXCEPTIONS | SF))
  if (!(N.raised & SF) && N.roundedUp) fsw |= C1
  setFsw(cpu, fsw)
  updateSummary(cpu)
  if (N.raised & EXCEPTIONS & ~getFcw(cpu)) keepPointers(cpu)
  return CONTINUE
}

export function writeResult(cpu: usize, i: u32): void {
  const register = stackRegister(cpu, i)
  store<u64>(register, N.resultSignificand)
  store<u16>(register, N.resultExponent, 8)
  setEmpty(cpu, i, false)
}

export function pop(cpu: usize): void {
  setEmpty(cpu, 0, true)
  setTop(cpu, getTop(cpu) + 1)
}

/** Pushes the result, unless an unmasked exception forbids it. A stack fault found before is the one that counts. */
export function push(cpu: usize): i32 {
  if (!isEmpty(cpu, 7) && !(N.raised & SF)) stackFault(cpu, true)
  // #D does not keep a load from its work.
  if (!(N.raised & IE & ~getFcw(cpu))) {
    setTop(cpu, getTop(cpu) - 1)
    writeResult(cpu, 0)
  }
  return settle(cpu)
}

/** Ends with the result in ST(i) and `pops` pops. */
export function conclude(cpu: usize, i: u32, pops: u32): i32 {
  if (!blocked(cpu)) {
    writeResult(cpu, i)
    for (let n: u32 = 0; n < (pops & 3); n++) pop(cpu)
  }
  return settle(cpu)
}

/** Whether ST(0) or ST(i) is missing; then the stack fault has been flagged. */
export function underflow(cpu: usize, i: u32): bool {
  if (!isEmpty(cpu, 0) && !isEmpty(cpu, i)) return false
  stackFault(cpu, false)
  return true
}
