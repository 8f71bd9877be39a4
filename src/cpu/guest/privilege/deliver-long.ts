/**
 * An exception or interrupt in IA-32e mode: gate, code segment, stack, frame, jump. SDM Vol. 3A, 6.14; Vol. 2A, INT n.
 * Nothing architectural changes before the frame is complete, so a fault on the way leaves the interrupted program whole.
 */
import { IDTR } from '../../layout'
import * as P from '../../probe'
import {
  DESC_DB,
  DESC_L,
  DESC_P,
  IF,
  NT,
  RF,
  TF,
  TYPE_INTERRUPT_GATE,
  TYPE_TRAP_GATE,
  VECTOR_GP,
  VECTOR_NP,
  VM,
} from '../bits'
import { CS, SS } from '../../layout'
import { isCanonical } from '../mmu/canonical'
import { direct, directFrame, READ_SYSTEM, readSystem, writeStack } from '../mmu/memory'
import { EVENT_EXTERNAL } from '../private'
import { pending, raise, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { isCode, isConforming, setNullStack } from '../segmentation/load'
import { getCpl, getGpr, RSP, segSelector, setGpr } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { fetchDescriptor, markAccessed } from './code-target'
import { finishTransition, jumpTo, setCode, setFlags } from './commit'
import { readTss } from './stack-target'

/** Offsets in the 64-bit TSS. Vol. 3A, 8.7. */
const TSS_RSP0: u32 = 4
const TSS_IST1: u32 = 36

/** The error code about a gate: its vector and bit 1 (IDT). */
export function gateError(cpu: usize, vector: u32): u32 {
  return (vector << 3) | 2 | load<u32>(cpu, EVENT_EXTERNAL)
}

/** Where the frame goes: the IST entry of the gate, the stack of an inner level, or the current one. Check `pending`. */
function chooseStack(cpu: usize, ist: u32, newCpl: u32): u64 {
  if (ist) {
    const rsp = readTss(cpu, TSS_IST1 + (ist - 1) * 8, 8)
    step(cpu, P.STEP_STACK_FROM_IST, rsp)
    return rsp
  }
  if (newCpl == getCpl(cpu)) return getGpr(cpu, RSP)
  const rsp = readTss(cpu, TSS_RSP0 + newCpl * 8, 8)
  step(cpu, P.STEP_STACK_FROM_TSS, rsp)
  return rsp
}

/** The `n`th word below `top`; `host`: address of `top` in the wasm memory, or 0 when the frame needs every check. */
function push(cpu: usize, top: u64, host: usize, n: u32, value: u64, cpl: u32, id: u32): i32 {
  if (host) store<u64>(host - (n << 3), value)
  else if (writeStack(cpu, top - (n << 3), 8, value, cpl)) return EXCEPTION
  step(cpu, id, value)
  return CONTINUE
}

/** `checkDpl` for INT n, INT3 and INTO. `flags` is the RFLAGS image to push, `rip` the address to return to. */
export function deliverLong(
  cpu: usize,
  vector: u32,
  checkDpl: bool,
  hasError: bool,
  error: u32,
  flags: u64,
  rip: u64,
): i32 {
  // gate ← IDT[vector]
  if ((vector << 4) + 15 > load<u32>(cpu, IDTR + 8)) return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  const gateAddress = load<u64>(cpu, IDTR) + (vector << 4)
  const gateHost = direct(cpu, gateAddress, 16, READ_SYSTEM)
  const gate = gateHost ? load<u64>(gateHost) : readSystem(cpu, gateAddress, 8)
  if (!gateHost && pending(cpu)) return EXCEPTION
  const gateHigh = gateHost ? load<u64>(gateHost, 8) : readSystem(cpu, gateAddress + 8, 8)
  if (!gateHost && pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_READ_GATE, gate)
  const gateAttributes = D.attributesOf(gate)
  const type = gateAttributes & 0x1f
  if (type != TYPE_INTERRUPT_GATE && type != TYPE_TRAP_GATE)
    return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  if (checkDpl && D.dplOf(gateAttributes) < getCpl(cpu))
    return raise(cpu, VECTOR_GP, 1, gateError(cpu, vector))
  if (checkDpl) step(cpu, P.STEP_CHECK_GATE, D.dplOf(gateAttributes))
  if (!(gateAttributes & DESC_P)) return raise(cpu, VECTOR_NP, 1, gateError(cpu, vector))
  const selector = <u32>(gate >> 16) & 0xffff
  const target = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000) | (gateHigh << 32)

  // The code segment must be 64-bit and not less privileged than the program.
  const cpl = getCpl(cpu)
  const code = fetchDescriptor(cpu, selector)
  if (pending(cpu)) return EXCEPTION
  const attributes = D.attributesOf(code)
  if (!isCode(attributes) || D.dplOf(attributes) > cpl) return raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  if ((attributes & (DESC_L | DESC_DB)) != DESC_L) return raiseGp(cpu, selector)
  const newCpl = isConforming(attributes) ? cpl : D.dplOf(attributes)

  let top = chooseStack(cpu, <u32>(gate >> 32) & 7, newCpl)
  if (pending(cpu)) return EXCEPTION
  if (!isCanonical(cpu, target)) return raiseGp(cpu, 0)
  // RSP ← RSP AND −16, then the frame of five or six quadwords, whatever the levels are.
  top &= ~15
  step(cpu, P.STEP_ALIGN_STACK, top)
  const size: u32 = hasError ? 48 : 40
  const low = directFrame(cpu, top - size, size, newCpl)
  const host = low ? low + size : 0
  if (push(cpu, top, host, 1, segSelector(cpu, SS), newCpl, P.STEP_PUSH_SS)) return EXCEPTION
  if (push(cpu, top, host, 2, getGpr(cpu, RSP), newCpl, P.STEP_PUSH_RSP)) return EXCEPTION
  if (push(cpu, top, host, 3, flags, newCpl, P.STEP_PUSH_RFLAGS)) return EXCEPTION
  if (push(cpu, top, host, 4, segSelector(cpu, CS), newCpl, P.STEP_PUSH_CS)) return EXCEPTION
  if (push(cpu, top, host, 5, rip, newCpl, P.STEP_PUSH_RIP)) return EXCEPTION
  if (hasError && push(cpu, top, host, 6, error, newCpl, P.STEP_PUSH_ERROR)) return EXCEPTION
  if (markAccessed(cpu, selector, code)) return EXCEPTION

  // From here on nothing can fault.
  const isInner = newCpl != cpl
  setCode(cpu, selector, code, newCpl)
  if (isInner) setNullStack(cpu, newCpl, newCpl)
  setGpr(cpu, RSP, top - size)
  step(cpu, P.STEP_RSP, top - size)
  let newFlags = flags & ~(TF | NT | RF | VM)
  if (type == TYPE_INTERRUPT_GATE) newFlags &= ~IF
  setFlags(cpu, newFlags)
  jumpTo(cpu, target)
  finishTransition(cpu)
  return CONTINUE
}
