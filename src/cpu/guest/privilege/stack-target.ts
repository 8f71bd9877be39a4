/** The stack that a transition goes to: from the TSS on the way in, from the old stack on the way out. */
import { SS, TR } from '../../layout'
import { STEP_READ_STACK_DESCRIPTOR } from '../../probe'
import { DESC_DB, DESC_P, VECTOR_GP, VECTOR_TS } from '../bits'
import { readSystem, writeStack } from '../mmu/memory'
import { pending, raise, raiseSs, raiseTs } from '../raise'
import { EVENT_EXTERNAL } from '../private'
import * as D from '../segmentation/descriptor'
import { isWritableData } from '../segmentation/load'
import { isWithin } from '../segmentation/limit'
import { segAttributes, segBase, segLimit, segSelector } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'

/** A field of the TSS; #TS(TR) when it lies beyond the limit. Check `pending` afterwards. */
export function readTss(cpu: usize, offset: u32, size: u32): u64 {
  if (offset + size - 1 > segLimit(cpu, TR)) {
    raiseTs(cpu, segSelector(cpu, TR))
    return 0
  }
  return readSystem(cpu, segBase(cpu, TR) + offset, size)
}

/** `#TS` on the way in (the selector came from the TSS), `#GP` on the way out. */
function refuse(cpu: usize, vector: u32, selector: u32): u64 {
  raise(cpu, vector, 1, (selector & 0xfffc) | load<u32>(cpu, EVENT_EXTERNAL))
  return D.NO_DESCRIPTOR
}

/** The checked descriptor of a stack segment for privilege level `cpl`, unless `vector` or #SS is pending. */
export function fetchStack(cpu: usize, selector: u32, cpl: u32, vector: u32): u64 {
  if (D.isNull(selector)) return refuse(cpu, vector, 0)
  const at = D.descriptorAddress(cpu, selector, 8)
  if (at == D.NO_DESCRIPTOR) return refuse(cpu, vector, selector)
  const descriptor = D.readDescriptor(cpu, at)
  if (pending(cpu)) return D.NO_DESCRIPTOR
  step(cpu, STEP_READ_STACK_DESCRIPTOR, descriptor)
  const attributes = D.attributesOf(descriptor)
  const isFit = D.rplOf(selector) == cpl && D.dplOf(attributes) == cpl && isWritableData(attributes)
  if (!isFit) return refuse(cpu, vector, selector)
  if (!(attributes & DESC_P)) {
    raiseSs(cpu, selector)
    return D.NO_DESCRIPTOR
  }
  if (D.markDescriptor(cpu, at, descriptor, 1)) return D.NO_DESCRIPTOR
  return descriptor
}

export const FROM_TSS: u32 = VECTOR_TS
export const FROM_STACK: u32 = VECTOR_GP

/** Bits of the stack pointer that a stack segment with these attributes uses. */
export function stackMaskOf(attributes: u32): u64 {
  return attributes & DESC_DB ? 0xffff_ffff : 0xffff
}

/**
 * A stack that is being written before it becomes the current one (16- and 32-bit frames). These fields are scratch of one
 * transition; nothing of them outlives the call into the module.
 */
let base: u64 = 0
let limit: u32 = 0
let attributes: u32 = 0
let errorSelector: u32 = 0
let pointer: u64 = 0
let level: u32 = 0

/** Frames go to the current stack. */
export function useCurrentStack(cpu: usize, rsp: u64, cpl: u32): void {
  base = segBase(cpu, SS)
  limit = segLimit(cpu, SS)
  attributes = segAttributes(cpu, SS)
  errorSelector = 0
  pointer = rsp
  level = cpl
}

/** Frames go to the stack of a descriptor from the TSS. */
export function useNewStack(selector: u32, descriptor: u64, rsp: u64, cpl: u32): void {
  base = D.baseOf(descriptor)
  limit = D.limitOf(descriptor)
  attributes = D.attributesOf(descriptor)
  errorSelector = selector
  pointer = rsp
  level = cpl
}

export function pushedPointer(): u64 {
  return pointer
}

/** Pushes 2 or 4 bytes; #SS when that leaves the segment. */
export function pushTo(cpu: usize, size: u32, value: u64): i32 {
  const mask = stackMaskOf(attributes)
  const next = (pointer - size) & mask
  if (!isWithin(attributes, limit, <u32>next, size)) return raiseSs(cpu, errorSelector)
  if (writeStack(cpu, (base + next) & 0xffff_ffff, size, value, level)) return EXCEPTION
  pointer = (pointer & ~mask) | next
  return CONTINUE
}
