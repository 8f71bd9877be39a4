/** ERETS and ERETU: back from a FRED event within ring 0, and to ring 3. Intel's FRED specification (document 346446), ERETS and ERETU. */
import * as L from '../../layout'
import * as P from '../../probe'
import { DESC_L, IF, RF, TF } from '../bits'
import { beginShadow, setResumeFlag, stepByNewFlags } from '../debug/trap'
import { isCanonical } from '../mmu/canonical'
import { NMI_BLOCKED, NMI_PENDING, SHADOW_STI } from '../private'
import { pending, raiseGp, raiseUd } from '../raise'
import * as D from '../segmentation/descriptor'
import { getCpl, RSP, segSelector, setGpr } from '../state'
import { CONTINUE, EXCEPTION, JUMP } from '../status'
import { begin, end, step } from '../trace'
import {
  finishTransition,
  FLAT_CODE32,
  FLAT_CODE64,
  jumpTo,
  setCode,
  setFlags,
  setFlatCode,
  setFlatStack,
} from './commit'
import * as F from './fred'
import { fetchReturnCode, fetchReturnStack, peek, setReturnStack } from './return-target'

/* The frame that is being returned to; scratch of one instruction. */
let rip: u64 = 0
let cs: u64 = 0
let flags: u64 = 0
let rsp: u64 = 0
let ss: u64 = 0

/** Bits of RFLAGS that must be zero: 3, 5, 15, VM and all above ID. ERETU asks the same of IOPL. */
const RESERVED_FLAGS: u64 = 0xffff_ffff_ffc2_802a
const RESERVED_FLAGS_USER: u64 = RESERVED_FLAGS | 0x3000
/** Of the CS word and of the low half of the SS word: the bits beside the selector that may be set. */
const CS_EXTRA: u64 = 0x7_0000
const SS_EXTRA: u64 = 0x7_0000

function read(cpu: usize): i32 {
  rip = peek(cpu, F.FRAME_RIP, 8)
  if (pending(cpu)) return EXCEPTION
  cs = peek(cpu, F.FRAME_CS, 8)
  if (pending(cpu)) return EXCEPTION
  flags = peek(cpu, F.FRAME_RFLAGS, 8)
  if (pending(cpu)) return EXCEPTION
  rsp = peek(cpu, F.FRAME_RSP, 8)
  if (pending(cpu)) return EXCEPTION
  ss = peek(cpu, F.FRAME_SS, 8)
  if (pending(cpu)) return EXCEPTION
  step(cpu, P.STEP_POP_RIP, rip)
  step(cpu, P.STEP_POP_CS, cs)
  step(cpu, P.STEP_POP_RFLAGS, flags)
  step(cpu, P.STEP_POP_RSP, rsp)
  step(cpu, P.STEP_POP_SS, ss)
  return CONTINUE
}

/** RFLAGS, RIP, and what the SS word says: a single step that SYSCALL or INT n owes, NMIs open again. */
function finish(cpu: usize): void {
  setFlags(cpu, flags & ~RF)
  if (flags & RF) setResumeFlag(cpu)
  jumpTo(cpu, rip)
  finishTransition(cpu)
  if (ss & F.SS_SOFTWARE && flags & TF) stepByNewFlags(cpu)
  if (!(ss & F.SS_NMI)) return
  store<u32>(cpu, 0, NMI_BLOCKED)
  if (load<u32>(cpu, NMI_PENDING)) store<u32>(cpu, 1, L.EXIT_REQUEST)
}

export function erets(cpu: usize): i32 {
  if (!F.isFred(cpu) || getCpl(cpu)) return raiseUd(cpu)
  begin(cpu, P.TRANSITION_ERETS)
  if (read(cpu)) return EXCEPTION
  // CS and SS must be those of now: they are not loaded.
  const isSame =
    (cs & ~CS_EXTRA) == segSelector(cpu, L.CS) && (ss & 0xffff_ffff & ~SS_EXTRA) == segSelector(cpu, L.SS)
  if (!isSame || !isCanonical(cpu, rip) || (flags & RESERVED_FLAGS) != 2) return raiseGp(cpu, 0)

  // From here on nothing can fault. The stack level never rises.
  const level = <u32>(cs >> F.CS_LEVEL_SHIFT) & 3
  if (level < F.stackLevel(cpu)) F.setStackLevel(cpu, level)
  setGpr(cpu, RSP, rsp)
  step(cpu, P.STEP_RSP, rsp)
  finish(cpu)
  if (ss & F.SS_STI && flags & IF) beginShadow(cpu, SHADOW_STI)
  end(cpu, P.TRANSITION_ERETS)
  return JUMP
}

export function eretu(cpu: usize): i32 {
  if (!F.isFred(cpu) || getCpl(cpu)) return raiseUd(cpu)
  if (F.stackLevel(cpu)) return raiseGp(cpu, 0)
  begin(cpu, P.TRANSITION_ERETU)
  if (read(cpu)) return EXCEPTION
  const isUser = (cs & 0xffff_ffff_ffff_0003) == 3 && (ss & 0xfff8_0003) == 3
  if (!isUser || !isCanonical(cpu, rip) || (flags & RESERVED_FLAGS_USER) != 2) return raiseGp(cpu, 0)
  if (loadUserSegments(cpu, <u32>cs & 0xffff, <u32>ss & 0xffff)) return EXCEPTION

  // From here on nothing can fault. GS.base ↔ KERNEL_GS_BASE
  setGpr(cpu, RSP, rsp)
  step(cpu, P.STEP_RSP, rsp)
  F.exchangeGs(cpu)
  finish(cpu)
  end(cpu, P.TRANSITION_ERETU)
  return JUMP
}

/** The selectors that IA32_STAR[63:48] names stand for flat segments; others are looked up, as IRET does. */
function loadUserSegments(cpu: usize, code: u32, stack: u32): i32 {
  const user = F.userSelector(cpu)
  if (stack == ((user + 8) | 3) && (code == ((user + 16) | 3) || code == (user | 3))) {
    const to64 = code == ((user + 16) | 3)
    if (!to64) narrow()
    setFlatCode(cpu, code, to64 ? FLAT_CODE64 : FLAT_CODE32, 3)
    setFlatStack(cpu, stack, 3)
    return CONTINUE
  }
  const descriptor = fetchReturnCode(cpu, code, rip, true)
  if (pending(cpu)) return EXCEPTION
  const stackDescriptor = fetchReturnStack(cpu, stack, code, descriptor)
  if (pending(cpu)) return EXCEPTION
  if (!(D.attributesOf(descriptor) & DESC_L)) narrow()
  setCode(cpu, code, descriptor, 3)
  setReturnStack(cpu, stack, stackDescriptor, 3)
  return CONTINUE
}

/** Compatibility mode has 32 bits of both. */
function narrow(): void {
  rip &= 0xffff_ffff
  rsp &= 0xffff_ffff
}
