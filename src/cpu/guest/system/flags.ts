/** CLI, STI, PUSHF, POPF, STAC, CLAC: flags with a privilege check. SDM Vol. 2. */
import * as L from '../../layout'
import { beginShadow } from '../debug/trap'
import { SHADOW_STI } from '../private'
import { AC, CR4_VME, IF, IOPL, RF, VIF, VIP, VM } from '../bits'
import { getRflags, setRflags } from '../flags'
import { writeStack } from '../mmu/memory'
import { updateMode, updateTlbBase } from '../mode'
import { returnedFlags } from '../privilege/iret'
import { setStackPointer } from '../privilege/commit'
import { peek } from '../privilege/return-target'
import { pushedPointer, pushTo, useCurrentStack } from '../privilege/stack-target'
import { pending, raiseGp, raiseUd } from '../raise'
import { cr4Has, getCpl, getGpr, getNextRip, mode64, RSP, setRip, systemFlags } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import {
  isIoplSensitive,
  isVm86,
  loadedVirtual,
  mayLoadVirtual,
  usesVirtualIf,
  virtualFlags,
} from '../privilege/virtual-8086'

/** CLI, STI, I/O: CPL against IOPL. In real mode CPL is 0. */
export function hasIoPrivilege(cpu: usize): bool {
  return getCpl(cpu) <= <u32>((systemFlags(cpu) & IOPL) >> 12)
}

function setSystemFlags(cpu: usize, flags: u64): void {
  store<u64>(cpu, flags, L.RFLAGS)
}

export function cli(cpu: usize): i32 {
  if (usesVirtualIf(cpu)) {
    setSystemFlags(cpu, systemFlags(cpu) & ~VIF)
    return CONTINUE
  }
  if (!hasIoPrivilege(cpu)) return raiseGp(cpu, 0)
  setSystemFlags(cpu, systemFlags(cpu) & ~IF)
  return CONTINUE
}

/** Interrupts wait for one more instruction, so that STI; HLT and STI; RET cannot be torn apart. */
export function sti(cpu: usize): i32 {
  if (usesVirtualIf(cpu)) {
    if (systemFlags(cpu) & VIP) return raiseGp(cpu, 0)
    setSystemFlags(cpu, systemFlags(cpu) | VIF)
    return CONTINUE
  }
  if (!hasIoPrivilege(cpu)) return raiseGp(cpu, 0)
  const old = systemFlags(cpu)
  if (old & IF) return CONTINUE
  setSystemFlags(cpu, old | IF)
  beginShadow(cpu, SHADOW_STI)
  if (!load<u32>(cpu, L.INTR)) return CONTINUE
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

/** PUSHF and POPF of an 8086 program that may not see IF. */
function isVirtualized(cpu: usize): bool {
  return isVm86(cpu) && isIoplSensitive(cpu)
}

/** Under VME it sees VIF in its place, in 16-bit images. */
function isRefused(cpu: usize, size: u32): bool {
  return isVirtualized(cpu) && (size != 2 || !cr4Has(cpu, CR4_VME))
}

export function pushf(cpu: usize, size: u32): i32 {
  if (isRefused(cpu, size)) return raiseGp(cpu, 0)
  const image = isVirtualized(cpu) ? virtualFlags(cpu) : getRflags(cpu) & ~(VM | RF)
  const rsp = getGpr(cpu, RSP)
  if (mode64(cpu)) {
    if (writeStack(cpu, rsp - size, size, image, getCpl(cpu))) return EXCEPTION
    setStackPointer(cpu, rsp - size)
    return CONTINUE
  }
  useCurrentStack(cpu, rsp, getCpl(cpu))
  if (pushTo(cpu, size, image)) return EXCEPTION
  setStackPointer(cpu, pushedPointer())
  return CONTINUE
}

export function popf(cpu: usize, size: u32): i32 {
  if (isRefused(cpu, size)) return raiseGp(cpu, 0)
  const popped = peek(cpu, 0, size)
  if (pending(cpu)) return EXCEPTION
  const hasVirtualIf = isVirtualized(cpu)
  if (hasVirtualIf && !mayLoadVirtual(cpu, popped)) return raiseGp(cpu, 0)
  setStackPointer(cpu, getGpr(cpu, RSP) + size)
  const oldMode = load<u32>(cpu, L.MODE)
  const hadIf = (systemFlags(cpu) & IF) != 0
  const loaded = hasVirtualIf
    ? loadedVirtual(cpu, popped)
    : returnedFlags(cpu, popped & ~(VIF | VIP), size, getCpl(cpu))
  setRflags(cpu, loaded)
  updateMode(cpu)
  const opensInterrupts = !hadIf && (systemFlags(cpu) & IF) != 0 && load<u32>(cpu, L.INTR) != 0
  if (!opensInterrupts && load<u32>(cpu, L.MODE) == oldMode) return CONTINUE
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

export function stac(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseUd(cpu)
  setSystemFlags(cpu, systemFlags(cpu) | AC)
  updateTlbBase(cpu)
  return CONTINUE
}

export function clac(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseUd(cpu)
  setSystemFlags(cpu, systemFlags(cpu) & ~AC)
  updateTlbBase(cpu)
  return CONTINUE
}
