/**
 * Delivery of events through the IDT: which mode's frame, which error-code bits, and what happens when delivery itself
 * faults. SDM Vol. 3A, 6.12 – 6.15.
 */
import * as L from '../../layout'
import {
  CAUSE_ERROR_SHIFT,
  CAUSE_TYPE_SHIFT,
  EVENT_CAUSE,
  EVENT_INTERRUPT,
  EVENT_SHUTDOWN,
  TRANSITION_EVENT,
} from '../../probe'
import { CR0_PE, RF, VECTOR_DB, VECTOR_DF, VECTOR_NMI, VECTOR_PF } from '../bits'
import { cancelStep, endBoundary, enterDebugHandler, mergePending } from '../debug/trap'
import { getRflags } from '../flags'
import * as S from '../private'
import {
  EVENT_EXTERNAL,
  SHUTDOWN_CHAIN,
  SHUTDOWN_CHAIN_LENGTH,
  SHUTDOWN_ERRORS,
  SHUTDOWN_NO_ERROR,
  SHUTDOWN_RIP,
} from '../private'
import { cr0Has, getNextRip, getRip, longMode } from '../state'
import { BOARD, EXCEPTION, JUMP } from '../status'
import { COUNT_EXCEPTION, COUNT_FRED_EVENT, COUNT_INTERRUPT, COUNT_SOFTWARE_INTERRUPT } from '../../counters'
import { begin, count, end, event } from '../trace'
import * as FRED from './fred'
import { deliverFred } from './fred-deliver'
import { deliverLong } from './deliver-long'
import { deliverProtected } from './deliver-protected'
import { deliverReal } from './deliver-real'
import { INT_THROUGH_IDT, interruptVm86, isVm86 } from './virtual-8086'
import { forgetSwitch, isInNewTask } from './task-switch'

/** Exceptions that a report can hold; the rules allow no longer chain but one that alternates. */
const CHAIN_SIZE: u32 = 8

/* Kinds of INT in the contract. */
const INT_N: u32 = 0
const INT_1: u32 = 3

/** One attempt; `type`: one of FRED's, `source`: its counter. */
function attempt(
  cpu: usize,
  type: u32,
  vector: u32,
  hasError: bool,
  error: u32,
  flags: u64,
  rip: u64,
  source: u32,
): i32 {
  begin(cpu, TRANSITION_EVENT)
  event(cpu, EVENT_CAUSE, cause(type, vector, error), load<u64>(cpu, L.CR2))
  // INT n, INT3 and INTO, which the gate's DPL restricts, and whose faults are not external.
  const isSoftware = type == FRED.TYPE_SOFTWARE_INTERRUPT || type == FRED.TYPE_SOFTWARE_EXCEPTION
  store<u32>(cpu, isSoftware ? 0 : 1, EVENT_EXTERNAL)
  const isFred = FRED.isFred(cpu)
  let status: i32
  if (!cr0Has(cpu, CR0_PE)) status = deliverReal(cpu, vector, flags, rip)
  else if (isFred) status = attemptFred(cpu, type, vector, error, flags, rip)
  else if (longMode(cpu)) status = deliverLong(cpu, vector, isSoftware, hasError, error, flags, rip)
  else status = deliverProtected(cpu, vector, isSoftware, hasError, error, flags, rip)
  store<u32>(cpu, 0, EVENT_EXTERNAL)
  if (status) {
    store<u32>(cpu, 1, S.NESTED)
    return status
  }
  endBoundary(cpu)
  if (vector == VECTOR_DB) enterDebugHandler(cpu)
  count(cpu, isFred ? COUNT_FRED_EVENT : source)
  end(cpu, TRANSITION_EVENT)
  return status
}

function cause(type: u32, vector: u32, error: u32): u64 {
  return vector | (type << CAUSE_TYPE_SHIFT) | ((<u64>error) << CAUSE_ERROR_SHIFT)
}

/** Software events tell the length of their instruction. */
function attemptFred(cpu: usize, type: u32, vector: u32, error: u32, flags: u64, rip: u64): i32 {
  const length = type >= FRED.TYPE_SOFTWARE_INTERRUPT ? <u32>(rip - getRip(cpu)) & 15 : 0
  return deliverFred(cpu, type, vector, load<u32>(cpu, S.NESTED) != 0, length, error, flags, rip)
}

/** #DE, #TS, #NP, #SS, #GP, #CP. Table 6-4. */
function isContributory(vector: u32): bool {
  return vector == 0 || (vector >= 10 && vector <= 13) || vector == 21
}

/** Whether `second`, raised while `first` was being delivered, makes a double fault. Table 6-5. */
function makesDoubleFault(first: u32, second: u32): bool {
  if (isContributory(first)) return isContributory(second)
  return first == VECTOR_PF && (isContributory(second) || second == VECTOR_PF)
}

/** RF in the pushed image: set for faults, so that returning does not meet the same breakpoint again. Vol. 3B, 17.3.1.1. */
function pushedFlags(cpu: usize, vector: u32): u64 {
  const isTrap = vector == VECTOR_DB && !load<u32>(cpu, S.DEBUG_FAULT)
  return isTrap ? flagsAtBoundary(cpu) : getRflags(cpu) | RF
}

/** RFLAGS between two instructions, with RF where an IRET or an unfinished string instruction has set it. */
function flagsAtBoundary(cpu: usize): u64 {
  const flags = getRflags(cpu)
  return load<u64>(cpu, S.RESUME_RETIRED) == load<u64>(cpu, L.RETIRED) ? flags | RF : flags
}

function shutdown(cpu: usize, chain: u64): i32 {
  store<u64>(cpu, getRip(cpu), SHUTDOWN_RIP)
  store<u32>(cpu, 1, L.SHUTDOWN)
  event(cpu, EVENT_SHUTDOWN, chain, getRip(cpu))
  return BOARD
}

function record(cpu: usize, vector: u32, hasError: bool, error: u32): void {
  const length = load<u32>(cpu, SHUTDOWN_CHAIN_LENGTH)
  if (length >= CHAIN_SIZE) return
  store<u32>(cpu + SHUTDOWN_CHAIN + <usize>length * 4, vector)
  store<u32>(cpu + SHUTDOWN_ERRORS + <usize>length * 4, hasError ? error : SHUTDOWN_NO_ERROR)
  store<u32>(cpu, length + 1, SHUTDOWN_CHAIN_LENGTH)
}

function reached(cpu: usize): i32 {
  store<u32>(cpu, 0, S.NESTED)
  return JUMP
}

/** Delivers the pending exception, and what its delivery raises, until a handler is reached or nothing is left to try. */
export function deliverException(cpu: usize): i32 {
  store<u32>(cpu, 0, L.HALTED)
  store<u32>(cpu, 0, SHUTDOWN_CHAIN_LENGTH)
  let vector = load<u32>(cpu, L.EXC_VECTOR)
  let error = load<u32>(cpu, L.EXC_ERROR)
  let hasError = load<u32>(cpu, L.EXC_HAS_ERROR) != 0
  let chain: u64 = 0
  while (true) {
    record(cpu, vector, hasError, error)
    chain = (chain << 8) | vector
    store<u32>(cpu, 0, L.EXC_PENDING)
    const flags = pushedFlags(cpu, vector)
    store<u32>(cpu, 0, S.DEBUG_FAULT)
    if (!attempt(cpu, FRED.TYPE_EXCEPTION, vector, hasError, error, flags, getRip(cpu), COUNT_EXCEPTION))
      return reached(cpu)
    store<u32>(cpu, 0, L.EXC_PENDING)
    const second = load<u32>(cpu, L.EXC_VECTOR)
    const secondError = load<u32>(cpu, L.EXC_ERROR)
    const secondHasError = load<u32>(cpu, L.EXC_HAS_ERROR) != 0
    if (vector == VECTOR_DF) {
      record(cpu, second, secondHasError, secondError)
      return shutdown(cpu, (chain << 8) | second)
    }
    const isDouble = makesDoubleFault(vector, second)
    if (isDouble) record(cpu, second, secondHasError, secondError)
    vector = isDouble ? VECTOR_DF : second
    error = isDouble ? 0 : secondError
    hasError = isDouble ? true : secondHasError
  }
}

/** An interrupt of the board, between two instructions. RIP is that of the next one. */
export function deliverInterrupt(cpu: usize, vector: u32): i32 {
  return interrupt(cpu, FRED.TYPE_INTERRUPT, vector)
}

function interrupt(cpu: usize, type: u32, vector: u32): i32 {
  store<u32>(cpu, 0, L.HALTED)
  store<u32>(cpu, 0, L.EXC_PENDING)
  event(cpu, EVENT_INTERRUPT, vector, 0)
  if (!attempt(cpu, type, vector, false, 0, flagsAtBoundary(cpu), getRip(cpu), COUNT_INTERRUPT)) return JUMP
  return deliverException(cpu)
}

/** A non-maskable interrupt: the next one waits for an IRET. */
export function deliverNmi(cpu: usize): i32 {
  store<u32>(cpu, 0, S.NMI_PENDING)
  store<u32>(cpu, 1, S.NMI_BLOCKED)
  return interrupt(cpu, FRED.TYPE_NMI, VECTOR_NMI)
}

/** INT n, INT3, INTO, INT1: a trap, so it returns to the next instruction. */
export function intN(cpu: usize, vector: u32, kind: u32): i32 {
  forgetSwitch()
  if (kind == INT_N && isVm86(cpu)) {
    const status = interruptVm86(cpu, vector)
    if (status != INT_THROUGH_IDT) return status ? EXCEPTION : JUMP
  }
  let type = FRED.TYPE_SOFTWARE_EXCEPTION
  if (kind == INT_N) type = FRED.TYPE_SOFTWARE_INTERRUPT
  else if (kind == INT_1) type = FRED.TYPE_PRIVILEGED_EXCEPTION
  const flags = getRflags(cpu)
  const status = attempt(cpu, type, vector, false, 0, flags, getNextRip(cpu), COUNT_SOFTWARE_INTERRUPT)
  if (status) return isInNewTask() ? deliverException(cpu) : EXCEPTION
  cancelStep(cpu)
  if (kind == INT_1) mergePending(cpu)
  return JUMP
}

/** SYSCALL and SYSENTER with FRED: events of their own. */
export function deliverCall(cpu: usize, vector: u32): i32 {
  const flags = getRflags(cpu)
  if (attempt(cpu, FRED.TYPE_OTHER, vector, false, 0, flags, getNextRip(cpu), COUNT_SOFTWARE_INTERRUPT))
    return EXCEPTION
  cancelStep(cpu)
  return JUMP
}
