/** IRET: back from an interrupt, in every mode. SDM Vol. 2A, IRET. The mode's frame and checks stand in the files it calls. */
import { CS, EXIT_REQUEST } from '../../layout'
import { STEP_POP_CS, STEP_POP_RFLAGS, STEP_POP_RIP, TRANSITION_IRET } from '../../probe'
import { AC, ARITHMETIC_FLAGS, CR0_PE, CR4_VME, DF, ID, IF, IOPL, NT, RF, TF, VIF, VIP, VM } from '../bits'
import { setResumeFlag } from '../debug/trap'
import { getRflags } from '../flags'
import { NMI_BLOCKED, NMI_PENDING } from '../private'
import { pending, raiseGp } from '../raise'
import { setReal } from '../segmentation/load'
import { cr0Has, cr4Has, getCpl, getGpr, longMode, RSP, systemFlags } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import { begin, end, step } from '../trace'
import { finishTransition, jumpTo, setFlags, setStackPointer } from './commit'
import { iretLong } from './iret-long'
import { iretProtected } from './iret-protected'
import { peek } from './return-target'
import { isIoplSensitive, isVm86, loadedVirtual, mayLoadVirtual } from './virtual-8086'

export function iret(cpu: usize, size: u32): i32 {
  begin(cpu, TRANSITION_IRET)
  unblockNmi(cpu)
  let status: i32
  if (longMode(cpu)) status = iretLong(cpu, size)
  else if (!cr0Has(cpu, CR0_PE)) status = iretReal(cpu, size)
  else if (!(systemFlags(cpu) & VM)) status = iretProtected(cpu, size)
  else if (!isIoplSensitive(cpu)) status = iretReal(cpu, size)
  else status = size == 2 && cr4Has(cpu, CR4_VME) ? iretReal(cpu, size) : raiseGp(cpu, 0)
  if (status) return status
  finishTransition(cpu)
  end(cpu, TRANSITION_IRET)
  return JUMP
}

/** IRET ends the blocking of NMIs, even when it faults. Vol. 3A, 6.7.1. */
function unblockNmi(cpu: usize): void {
  store<u32>(cpu, 0, NMI_BLOCKED)
  if (load<u32>(cpu, NMI_PENDING)) store<u32>(cpu, 1, EXIT_REQUEST)
}

/** RF holds for one instruction. */
export function restoreResumeFlag(cpu: usize, popped: u64, size: u32): void {
  if (size > 2 && popped & RF) setResumeFlag(cpu)
}

/** RFLAGS after IRET from `cpl`, without VM and RF. */
export function returnedFlags(cpu: usize, popped: u64, size: u32, cpl: u32): u64 {
  const old = getRflags(cpu)
  let mask = ARITHMETIC_FLAGS | TF | DF | NT
  if (size > 2) mask |= AC | ID
  if (cpl <= <u32>((old & IOPL) >> 12)) mask |= IF
  if (cpl == 0) mask |= size > 2 ? IOPL | VIF | VIP : IOPL
  return (old & ~mask) | (popped & mask)
}

/** Real mode, and virtual-8086 mode with IOPL 3 or the virtual IF of VME. */
function iretReal(cpu: usize, size: u32): i32 {
  const rip = peek(cpu, 0, size)
  if (pending(cpu)) return EXCEPTION
  const selector = <u32>peek(cpu, size, size) & 0xffff
  if (pending(cpu)) return EXCEPTION
  const flags = peek(cpu, 2 * size, size)
  if (pending(cpu)) return EXCEPTION
  if (rip > 0xffff) return raiseGp(cpu, 0)
  const hasVirtualIf = isVm86(cpu) && isIoplSensitive(cpu)
  if (hasVirtualIf && !mayLoadVirtual(cpu, flags)) return raiseGp(cpu, 0)
  step(cpu, STEP_POP_RIP, rip)
  step(cpu, STEP_POP_CS, selector)
  step(cpu, STEP_POP_RFLAGS, flags)
  restoreResumeFlag(cpu, flags, size)
  // In virtual-8086 mode IRET leaves IOPL and VM alone; at CPL 3 `returnedFlags` does so already.
  setFlags(cpu, hasVirtualIf ? loadedVirtual(cpu, flags) : returnedFlags(cpu, flags, size, getCpl(cpu)))
  setReal(cpu, CS, selector)
  setStackPointer(cpu, getGpr(cpu, RSP) + 3 * size)
  jumpTo(cpu, rip)
  return CONTINUE
}
