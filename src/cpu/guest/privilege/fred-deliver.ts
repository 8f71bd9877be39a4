/**
 * FRED event delivery: one entry point for each ring, a frame of 64 bytes that tells what happened, and the stack that the event's level asks for.
 * No table is read. Intel's FRED specification (document 346446), FRED event delivery.
 */
import * as L from '../../layout'
import * as P from '../../probe'
import { VECTOR_DB, VECTOR_DF, VECTOR_PF } from '../bits'
import { isCanonical } from '../mmu/canonical'
import { writeStack } from '../mmu/memory'
import {
  DEBUG_DATA,
  FRED_CONFIG,
  FRED_RSP0,
  FRED_STKLVLS,
  SHADOW_KIND,
  SHADOW_RETIRED,
  SHADOW_STI,
} from '../private'
import { raiseGp } from '../raise'
import { getCpl, getGpr, mode64, RSP, segSelector, setGpr } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'
import { finishTransition, FLAT_CODE64, jumpTo, setFlags, setFlatCode, setFlatStack } from './commit'
import * as F from './fred'

/** The level that the event itself asks for. */
function eventLevel(cpu: usize, type: u32, vector: u32): u32 {
  if (type == F.TYPE_INTERRUPT)
    return <u32>(load<u64>(cpu, FRED_CONFIG) >> F.CONFIG_INTERRUPT_LEVEL_SHIFT) & 3
  if (type == F.TYPE_SOFTWARE_INTERRUPT || type == F.TYPE_OTHER) return 0
  return <u32>(load<u64>(cpu, FRED_STKLVLS) >> (vector << 1)) & 3
}

/** Vector, type, whether 64-bit code was interrupted, nesting, and the length of the instruction that made the event. */
function information(cpu: usize, type: u32, vector: u32, isNested: bool, length: u32): u64 {
  let word = vector | (type << 16) | (length << 28)
  if (mode64(cpu)) word |= 1 << 25
  if (isNested && vector != VECTOR_DF) word |= 1 << 26
  return word
}

/** The address of a page fault, or the causes of a debug exception, which CR2 and DR6 could lose. */
function eventData(cpu: usize, type: u32, vector: u32): u64 {
  if (type == F.TYPE_EXCEPTION && vector == VECTOR_PF) return load<u64>(cpu, L.CR2)
  if (type == F.TYPE_EXCEPTION && vector == VECTOR_DB) return load<u32>(cpu, DEBUG_DATA)
  return 0
}

/** What the SS word says beside the selector about the way back. */
function returnBits(cpu: usize, type: u32): u64 {
  let bits: u64 = 0
  const isAfterSti =
    load<u64>(cpu, SHADOW_RETIRED) == load<u64>(cpu, L.RETIRED) && load<u32>(cpu, SHADOW_KIND) == SHADOW_STI
  if (isAfterSti) bits |= F.SS_STI
  if (type == F.TYPE_SOFTWARE_INTERRUPT || type == F.TYPE_OTHER) bits |= F.SS_SOFTWARE
  return type == F.TYPE_NMI ? bits | F.SS_NMI : bits
}

function push(cpu: usize, at: u64, value: u64, id: u32): i32 {
  if (writeStack(cpu, at, 8, value, 0)) return EXCEPTION
  step(cpu, id, value)
  return CONTINUE
}

/** `length`: of the instruction for software events, else 0. `flags` is the RFLAGS image to save, `rip` the address to return to. */
export function deliverFred(
  cpu: usize,
  type: u32,
  vector: u32,
  isNested: bool,
  length: u32,
  error: u32,
  flags: u64,
  rip: u64,
): i32 {
  const config = load<u64>(cpu, FRED_CONFIG)
  const isUser = getCpl(cpu) != 0
  const target = (config & ~0xfff) + (isUser ? 0 : 256)
  if (!isCanonical(cpu, target)) return raiseGp(cpu, 0)

  // CSL ← the higher of the event's level and the current one; from ring 3 both are 0 unless delivery itself has faulted
  const oldLevel = isUser ? 0 : F.stackLevel(cpu)
  const isLevelZero = isUser && !isNested && vector != VECTOR_DF
  const wanted = isLevelZero ? 0 : eventLevel(cpu, type, vector)
  const level = wanted > oldLevel ? wanted : oldLevel
  // RSP ← IA32_FRED_RSPn for a new level; else below the red zone, aligned
  let rsp =
    isUser || level > oldLevel
      ? load<u64>(cpu + FRED_RSP0 + ((<usize>level) << 3))
      : (getGpr(cpu, RSP) - (config & F.CONFIG_RED_ZONE)) & ~63
  step(cpu, P.STEP_STACK_FROM_FRED, rsp)

  const cs = segSelector(cpu, L.CS) | ((<u64>oldLevel) << F.CS_LEVEL_SHIFT)
  const ss =
    segSelector(cpu, L.SS) |
    returnBits(cpu, type) |
    (information(cpu, type, vector, isNested, length) << F.SS_INFORMATION_SHIFT)
  if (push(cpu, (rsp -= 8), 0, P.STEP_PUSH_RESERVED)) return EXCEPTION
  if (push(cpu, (rsp -= 8), eventData(cpu, type, vector), P.STEP_PUSH_EVENT_DATA)) return EXCEPTION
  if (push(cpu, (rsp -= 8), ss, P.STEP_PUSH_SS)) return EXCEPTION
  if (push(cpu, (rsp -= 8), getGpr(cpu, RSP), P.STEP_PUSH_RSP)) return EXCEPTION
  if (push(cpu, (rsp -= 8), flags, P.STEP_PUSH_RFLAGS)) return EXCEPTION
  if (push(cpu, (rsp -= 8), cs, P.STEP_PUSH_CS)) return EXCEPTION
  if (push(cpu, (rsp -= 8), rip, P.STEP_PUSH_RIP)) return EXCEPTION
  if (push(cpu, (rsp -= 8), error, P.STEP_PUSH_ERROR)) return EXCEPTION

  // From here on nothing can fault. CS ← STAR[47:32], SS ← STAR[47:32] + 8, GS.base ↔ KERNEL_GS_BASE when the ring changes
  if (isUser) {
    setFlatCode(cpu, F.kernelSelector(cpu), FLAT_CODE64, 0)
    setFlatStack(cpu, F.kernelSelector(cpu) + 8, 0)
    F.exchangeGs(cpu)
  }
  // RFLAGS ← 2: interrupts off, no single step, user pages closed
  setFlags(cpu, 2)
  setGpr(cpu, RSP, rsp)
  step(cpu, P.STEP_RSP, rsp)
  F.setStackLevel(cpu, level)
  jumpTo(cpu, target)
  finishTransition(cpu)
  return CONTINUE
}
