/**
 * Virtual-8086 mode extensions: software interrupts that stay in the 8086 program, and the virtual interrupt flag. SDM Vol. 3B, 21.3.3 and 21.4.
 */
import { CS, TR } from '../../layout'
import * as P from '../../probe'
import { CR4_PVI, CR4_VME, IF, IOPL, NT, RF, TF, VIF, VIP, VM } from '../bits'
import { getRflags } from '../flags'
import { readData, readSystem } from '../mmu/memory'
import { pending, raiseGp } from '../raise'
import { setReal } from '../segmentation/load'
import {
  cr4Has,
  getCpl,
  getGpr,
  getNextRip,
  RSP,
  segBase,
  segLimit,
  segSelector,
  systemFlags,
} from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { finishTransition, jumpTo, setFlags, setStackPointer } from './commit'
import { pushedPointer, pushTo, useCurrentStack } from './stack-target'

/** Offset in the TSS of the I/O bitmap's offset; the redirection bitmap ends where that bitmap begins. */
const TSS_IO_MAP_BASE: u32 = 102
const REDIRECTION_BYTES: u32 = 32

export function isVm86(cpu: usize): bool {
  return (systemFlags(cpu) & VM) != 0
}

/** IOPL below 3: IF, and what shows or changes it, belongs to the supervisor. */
export function isIoplSensitive(cpu: usize): bool {
  return (systemFlags(cpu) & IOPL) != IOPL
}

/** CLI and STI write VIF instead of IF: in virtual-8086 mode under VME, at CPL 3 otherwise under PVI, each with IOPL below 3. */
export function usesVirtualIf(cpu: usize): bool {
  if (!isIoplSensitive(cpu)) return false
  return isVm86(cpu) ? cr4Has(cpu, CR4_VME) : getCpl(cpu) == 3 && cr4Has(cpu, CR4_PVI)
}

/** The 16-bit FLAGS image as the 8086 program under VME sees it: its IF is VIF, its IOPL 3. */
export function virtualFlags(cpu: usize): u64 {
  const flags = getRflags(cpu)
  return (flags & ~IF) | IOPL | (flags & VIF ? IF : 0)
}

/** Whether POPF and IRET may load a 16-bit image under VME: not TF, nor IF while an interrupt is waiting (VIP). */
export function mayLoadVirtual(cpu: usize, image: u64): bool {
  return !(image & TF) && !(image & IF && systemFlags(cpu) & VIP)
}

/** RFLAGS after that load. */
export function loadedVirtual(cpu: usize, image: u64): u64 {
  const kept = getRflags(cpu) & (~(<u64>0xffff) | IF | IOPL)
  return (kept & ~VIF) | (image & 0xffff & ~(IF | IOPL)) | (image & IF ? VIF : 0)
}

/** Whether the redirection bitmap keeps a vector in the 8086 program; check `pending`. Beyond the limit of the TSS #GP(0). */
function isRedirected(cpu: usize, vector: u32): bool {
  const limit = segLimit(cpu, TR)
  if (limit < TSS_IO_MAP_BASE + 1) {
    raiseGp(cpu, 0)
    return false
  }
  const map = <u32>readSystem(cpu, segBase(cpu, TR) + TSS_IO_MAP_BASE, 2)
  if (pending(cpu)) return false
  const at = map - REDIRECTION_BYTES + (vector >> 3)
  if (map < REDIRECTION_BYTES || at > limit) {
    raiseGp(cpu, 0)
    return false
  }
  const bits = <u32>readSystem(cpu, segBase(cpu, TR) + at, 1)
  return !pending(cpu) && !((bits >> (vector & 7)) & 1)
}

/** What becomes of INT n in virtual-8086 mode. */
export const INT_THROUGH_IDT: i32 = -1

/** Runs INT n inside the 8086 program where VME says so (methods 5 and 6); otherwise INT_THROUGH_IDT, or EXCEPTION. Table 21-2. */
export function interruptVm86(cpu: usize, vector: u32): i32 {
  if (cr4Has(cpu, CR4_VME)) {
    const stays = isRedirected(cpu, vector)
    if (pending(cpu)) return EXCEPTION
    if (stays) return redirect(cpu, vector)
  }
  return isIoplSensitive(cpu) ? raiseGp(cpu, 0) : INT_THROUGH_IDT
}

/** FLAGS, CS and IP on the program's stack, CS:IP from its vector table at linear address 0. */
function redirect(cpu: usize, vector: u32): i32 {
  const isSensitive = isIoplSensitive(cpu)
  const target = <u32>readData(cpu, vector << 2, 4)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_READ_GATE, target)
  useCurrentStack(cpu, getGpr(cpu, RSP), 3)
  if (pushTo(cpu, 2, isSensitive ? virtualFlags(cpu) : getRflags(cpu))) return EXCEPTION
  if (pushTo(cpu, 2, segSelector(cpu, CS))) return EXCEPTION
  if (pushTo(cpu, 2, getNextRip(cpu))) return EXCEPTION

  setStackPointer(cpu, pushedPointer())
  setFlags(cpu, getRflags(cpu) & ~(TF | NT | RF | (isSensitive ? VIF : IF)))
  setReal(cpu, CS, target >> 16)
  jumpTo(cpu, target & 0xffff)
  finishTransition(cpu)
  return CONTINUE
}
