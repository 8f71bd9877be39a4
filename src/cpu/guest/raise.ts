/** Making an exception pending. Delivery through the IDT is `privilege/deliver.ts`. */
import { CR2, EXC_ERROR, EXC_HAS_ERROR, EXC_PENDING, EXC_VECTOR } from '../layout'
import { EVENT_EXCEPTION } from '../probe'
import { VECTOR_GP, VECTOR_NM, VECTOR_NP, VECTOR_PF, VECTOR_SS, VECTOR_TS, VECTOR_UD } from './bits'
import { EVENT_EXTERNAL } from './private'
import { EXCEPTION } from './status'
import { event } from './trace'

/** Stores the pending exception; always STATUS_EXCEPTION. */
export function raise(cpu: usize, vector: u32, hasError: u32, error: u32): i32 {
  store<u32>(cpu, vector, EXC_VECTOR)
  store<u32>(cpu, hasError, EXC_HAS_ERROR)
  store<u32>(cpu, error, EXC_ERROR)
  store<u32>(cpu, 1, EXC_PENDING)
  event(cpu, EVENT_EXCEPTION, vector, error)
  return EXCEPTION
}

/** Whether an access made by this helper has raised. */
export function pending(cpu: usize): bool {
  return load<u32>(cpu, EXC_PENDING) != 0
}

export function raiseUd(cpu: usize): i32 {
  return raise(cpu, VECTOR_UD, 0, 0)
}

export function raiseNm(cpu: usize): i32 {
  return raise(cpu, VECTOR_NM, 0, 0)
}

/**
 * Error code about a selector: its index and table bits. Bit 0 (EXT) tells that the fault happened while an event from
 * outside the program was being delivered. SDM Vol. 3A, 6.13.
 */
function selectorError(cpu: usize, selector: u32): u32 {
  return (selector & 0xfffc) | load<u32>(cpu, EVENT_EXTERNAL)
}

export function raiseGp(cpu: usize, selector: u32): i32 {
  return raise(cpu, VECTOR_GP, 1, selectorError(cpu, selector))
}

export function raiseNp(cpu: usize, selector: u32): i32 {
  return raise(cpu, VECTOR_NP, 1, selectorError(cpu, selector))
}

export function raiseSs(cpu: usize, selector: u32): i32 {
  return raise(cpu, VECTOR_SS, 1, selectorError(cpu, selector))
}

export function raiseTs(cpu: usize, selector: u32): i32 {
  return raise(cpu, VECTOR_TS, 1, selectorError(cpu, selector))
}

/** #PF, with its error code as in SDM Vol. 3A, 4.7. */
export function raisePf(cpu: usize, va: u64, error: u32): i32 {
  store<u64>(cpu, va, CR2)
  return raise(cpu, VECTOR_PF, 1, error)
}
