/** Writes a decoded instruction into its record. */
import {
  BASE_RIP,
  type Instruction,
  type Operand as DecodedOperand,
  OperandKind as Kind,
  RegisterClass as C,
} from '../../isa/index.ts'
import * as L from '../layout.ts'
import * as R from './record.ts'
import { addressForm } from './shape.ts'

const RSP = 4

/** What an operand slot holds: an offset in the state block, or the number of a special register. */
function registerSlot(operand: DecodedOperand): number {
  switch (operand.registerClass) {
    case C.gpr8High:
      return L.GPR + 8 * (operand.register - 4) + 1
    case C.gpr8:
    case C.gpr16:
    case C.gpr32:
    case C.gpr64:
      return L.GPR + 8 * operand.register
    case C.xmm:
    case C.ymm:
      return L.XMM + L.XMM_STRIDE * operand.register
    case C.mmx:
      return L.FPU_REGISTERS + L.FPU_STRIDE * operand.register
    default:
      return operand.register
  }
}

function gprSlot(number: number): number {
  return number < 0 ? L.ZERO : L.GPR + 8 * number
}

function segmentBaseSlot(segment: number, long: boolean): number {
  if (long && segment < L.FS) return L.ZERO
  return L.SEGMENTS + segment * L.SEG_SIZE + L.SEG_BASE
}

function writeMemory(
  view: DataView,
  at: number,
  memory: DecodedOperand,
  instruction: Instruction,
  next: number,
  long: boolean,
): void {
  const form = addressForm(memory, instruction, long)
  let displacement = memory.low
  if (form === 'absolute') {
    view.setInt32(at + R.IMMEDIATE, memory.low, true)
    view.setInt32(at + R.IMMEDIATE + 4, memory.high, true)
  }
  if (memory.base === BASE_RIP) displacement += next
  // POP to memory addressed by the stack pointer means the pointer after the pop.
  if (instruction.row.mnemonic === 'pop' && memory.base === RSP) displacement += instruction.operandSize / 8
  view.setUint32(at + R.BASE, memory.base === BASE_RIP ? L.CODE_BASE : gprSlot(memory.base), true)
  view.setUint32(at + R.INDEX, form === 'vector' ? memory.index : gprSlot(memory.index), true)
  view.setUint8(at + R.SHIFT, Math.log2(memory.scale))
  view.setUint32(at + R.SEGMENT_BASE, segmentBaseSlot(memory.segment, long), true)
  view.setInt32(at + R.DISPLACEMENT, displacement, true)
}

/**
 * Fills the record at `at` but for HANDLER and REMAINING, which the block knows. `offset` is the instruction's in its page. Every byte
 * is written: records are used again.
 */
export function encodeRecord(
  view: DataView,
  at: number,
  instruction: Instruction,
  offset: number,
  long: boolean,
): void {
  for (let i = 0; i < R.RECORD_SIZE; i += 8) view.setFloat64(at + i, 0, true)
  const next = offset + instruction.length
  view.setUint32(at + R.IP, offset, true)
  view.setUint32(at + R.NEXT, next, true)
  const { repeat } = instruction
  view.setUint8(at + R.REPEAT, repeat === 0xf3 ? 1 : repeat === 0xf2 ? 2 : 0)
  view.setUint8(at + R.ADDRESS, instruction.addressSize / 8)
  const memory = instruction.memory
  const implied = instruction.row.mnemonic === 'enter' ? L.SS : L.DS
  const segment = memory ? memory.segment : instruction.segment >= 0 ? instruction.segment : implied
  view.setUint8(at + R.SEGMENT, segment)

  let immediates = 0
  for (let i = 0; i < instruction.operandCount; i++) {
    const operand = instruction.operands[i]!
    if (operand.kind === Kind.register) {
      view.setUint32(at + R.operandSlot(i), registerSlot(operand), true)
    } else if (operand.kind === Kind.memory) writeMemory(view, at, operand, instruction, next, long)
    else if (operand.kind === Kind.relative)
      view.setBigInt64(at + R.IMMEDIATE, BigInt(next + operand.value), true)
    else if (operand.kind === Kind.far) {
      view.setUint32(at + R.IMMEDIATE, operand.value, true)
      view.setUint16(at + R.SECOND, operand.selector, true)
    } else if (operand.kind === Kind.immediate) {
      if (immediates++ === 0) {
        view.setInt32(at + R.IMMEDIATE, operand.low, true)
        view.setInt32(at + R.IMMEDIATE + 4, operand.high, true)
      } else view.setUint16(at + R.SECOND, operand.low & 0xffff, true)
    }
  }
}
