/** Call gates: 16- and 32-bit ones, and the 16-byte ones of IA-32e mode. SDM Vol. 3A, 5.8.3. */
import { STEP_READ_GATE } from '../../probe'
import { DESC_DB, DESC_L, DESC_P, DESC_S, TYPE_CALL_GATE, TYPE_CALL_GATE16 } from '../bits'
import { readSystem } from '../mmu/memory'
import { pending, raiseGp, raiseNp } from '../raise'
import * as D from '../segmentation/descriptor'
import { getCpl, longMode } from '../state'
import { CONTINUE, EXCEPTION } from '../status'
import { step } from '../trace'

/* The gate that was read last; scratch of one transfer. */
let targetSelector: u32 = 0
let targetOffset: u64 = 0
let parameters: u32 = 0
let operandSize: u32 = 0

export function isCallGate(cpu: usize, attributes: u32): bool {
  if (attributes & DESC_S) return false
  const type = D.typeOf(attributes)
  return type == TYPE_CALL_GATE || (type == TYPE_CALL_GATE16 && !longMode(cpu))
}

/** Checks the gate's own DPL and presence, and reads where it leads. */
export function fetchGate(cpu: usize, selector: u32, gate: u64): i32 {
  const attributes = D.attributesOf(gate)
  const dpl = D.dplOf(attributes)
  if (dpl < getCpl(cpu) || D.rplOf(selector) > dpl) return raiseGp(cpu, selector)
  if (!(attributes & DESC_P)) return raiseNp(cpu, selector)
  step(cpu, STEP_READ_GATE, gate)
  targetSelector = <u32>(gate >> 16) & 0xffff
  parameters = <u32>(gate >> 32) & 31
  operandSize = D.typeOf(attributes) & 8 ? 4 : 2
  targetOffset = gate & 0xffff
  if (operandSize == 4) targetOffset |= (gate >> 32) & 0xffff_0000
  return longMode(cpu) ? fetchUpperHalf(cpu, selector) : CONTINUE
}

function fetchUpperHalf(cpu: usize, selector: u32): i32 {
  const at = D.descriptorAddress(cpu, selector, 16)
  if (at == D.NO_DESCRIPTOR) return raiseGp(cpu, selector)
  const high = readSystem(cpu, at + 8, 8)
  if (pending(cpu)) return EXCEPTION
  // The type field of the upper half must be zero, so that no one enters in the middle of a gate.
  if ((high >> 40) & 0x1f) return raiseGp(cpu, selector)
  parameters = 0
  operandSize = 8
  targetOffset |= high << 32
  return CONTINUE
}

export function gateSelector(): u32 {
  return targetSelector
}

export function gateOffset(): u64 {
  return targetOffset
}

/** Parameters that the processor copies to the inner stack; always 0 in IA-32e mode. */
export function gateParameters(): u32 {
  return parameters
}

/** Size of what a call through the gate pushes: 2, 4 or 8 bytes. */
export function gateSize(): u32 {
  return operandSize
}

/** In IA-32e mode a gate leads to 64-bit code only. */
export function isGateTarget(cpu: usize, attributes: u32): bool {
  return !longMode(cpu) || (attributes & (DESC_L | DESC_DB)) == DESC_L
}
