/** From rows and decoded instructions to shapes: which handler an instruction needs, and which handlers there are. */
import {
  type Instruction,
  MODE64,
  type Operand as DecodedOperand,
  type OperandForm,
  OperandKind as Kind,
  RegisterClass as C,
  type Row,
} from '../../isa/index.ts'
import { meaningOf } from '../semantics/index.ts'
import type { AddressForm, Operand, OperandKind, Shape } from '../semantics/operand.ts'

type Kinds = Partial<Record<C, OperandKind>>
const kindOfClass: Kinds = {
  [C.gpr8]: 'gpr',
  [C.gpr8High]: 'gpr',
  [C.gpr16]: 'gpr',
  [C.gpr32]: 'gpr',
  [C.gpr64]: 'gpr',
  [C.segment]: 'segment',
  [C.control]: 'control',
  [C.debug]: 'debug',
  [C.xmm]: 'vector',
  [C.ymm]: 'vector',
  [C.mmx]: 'mmx',
  [C.x87]: 'x87',
}

const CS = 1
const FS = 4

/** How the memory operand of an instruction is addressed; `long` in 64-bit code. */
export function addressForm(memory: DecodedOperand, instruction: Instruction, long: boolean): AddressForm {
  if (memory.registerClass !== C.none) return 'vector'
  if (!long) return 'legacy'
  if (instruction.addressSize === 32) return 'short'
  if (memory.base < 0 && memory.index < 0 && memory.high !== memory.low >> 31) return 'absolute'
  return memory.index < 0 && memory.segment < FS ? 'base' : 'full'
}

function operand(kind: OperandKind, bits: number, index: number, form: AddressForm | null = null): Operand {
  return { kind, bits, index, form }
}

/**
 * Whether an instruction outside 64-bit code names a segment that is checked even while CS, DS, ES and SS are flat: FS and GS, which have
 * bases of their own, and CS, which can never be written.
 */
export function namesSegment(instruction: Instruction): boolean {
  const memory = instruction.memory
  const segment = memory ? memory.segment : instruction.segment
  return segment >= FS || segment === CS
}

function build(
  meaning: { key: string; definition: { modal?: boolean }; vex: boolean },
  operands: Operand[],
  bits: number,
  long: boolean,
  segmented: boolean,
  samePage: boolean,
  traced: boolean,
): Shape {
  const legacy = operands.some(({ form }) => form === 'legacy')
  const isLong = meaning.definition.modal ? long : !legacy
  return {
    meaning: meaning.key,
    operands,
    vex: meaning.vex,
    operandBits: bits,
    long: isLong,
    segmented: !isLong && segmented,
    samePage,
    traced,
  }
}

/** What MODE_TRACE_CALLS makes report. */
const traceable = new Set<string>(['call', 'call-indirect', 'ret'])

/** Name of the handler that code of this shape is. */
export function shapeKey(shape: Shape): string {
  const { meaning, operands, operandBits, long, segmented, samePage, traced } = shape
  const list = operands.map(({ kind, bits, form }) => `${kind}${bits}${form ?? ''}`).join()
  return `${meaning}/${operandBits}${long ? 'l' : segmented ? 'g' : 'p'}${samePage ? 's' : ''}${traced ? 't' : ''}:${list}`
}

/** The shape of a decoded instruction, or null when nothing says what it means. `segmented`: some of CS, DS, ES and SS is not flat. */
export function shapeOf(
  instruction: Instruction,
  long: boolean,
  segmented: boolean,
  samePage: boolean,
  traceCalls: boolean,
): Shape | null {
  const meaning = meaningOf(instruction.row)
  if (!meaning) return null
  const operands: Operand[] = []
  for (let i = 0; i < instruction.operandCount; i++) {
    const decoded = instruction.operands[i]!
    if (decoded.kind === Kind.register) {
      const kind = kindOfClass[decoded.registerClass]
      if (!kind) return null
      operands.push(operand(kind, decoded.size, i))
    } else if (decoded.kind === Kind.memory)
      operands.push(operand('memory', decoded.size, i, addressForm(decoded, instruction, long)))
    else if (decoded.kind === Kind.relative) operands.push(operand('relative', 0, i))
    else if (decoded.kind === Kind.far) operands.push(operand('far', 0, i))
    else operands.push(operand('immediate', instruction.row.operands[i]!.size, i))
  }
  const traced = traceCalls && traceable.has(instruction.row.branch)
  const bits = ignoresSize(instruction.row) ? 32 : instruction.operandSize
  return build(meaning, operands, bits, long, segmented || namesSegment(instruction), samePage, traced)
}

/** A number for each form, less than 8; 0 is for no memory operand. A record, so that a new form cannot be forgotten. */
const addressFormCode: Record<AddressForm, number> = {
  base: 1,
  full: 2,
  short: 3,
  absolute: 4,
  legacy: 5,
  vector: 6,
}

/** A number that is the same for two instructions only if their shapes are; its arguments are those of `shapeOf`. */
export function shapeCode(
  instruction: Instruction,
  long: boolean,
  segmented: boolean,
  samePage: boolean,
  traceCalls: boolean,
): number {
  const { row, operandSize, memory } = instruction
  const form = memory ? addressFormCode[addressForm(memory, instruction, long)] : 0
  const flags =
    Number(long) |
    (Number(segmented || namesSegment(instruction)) << 1) |
    (Number(samePage) << 2) |
    (Number(traceCalls) << 3)
  // Operand sizes are 16, 32 or 64: bits 4 and 5 tell them apart.
  return (((row.index << 2) | ((operandSize >> 4) & 3)) << 7) | (form << 4) | flags
}

function formsOf(row: Row, form: OperandForm, index: number, long: boolean): Operand[] {
  const memory = (): Operand[] => {
    const ways: AddressForm[] = long ? ['base', 'full', 'short'] : ['legacy']
    if (long && form.kind === 'moffs') ways.push('absolute')
    if (form.indexClass !== C.none) return [operand('memory', form.memorySize, index, 'vector')]
    return ways.map((way) => operand('memory', form.memorySize, index, way))
  }
  const registers = (): Operand[] => {
    const kind = kindOfClass[form.registerClass]
    return kind ? [operand(kind, form.size, index)] : []
  }
  switch (form.kind) {
    case 'register':
    case 'fixed':
      return registers()
    case 'memory':
    case 'moffs':
      return memory()
    case 'rm':
      if (row.mod === 'register' || row.mod === 'ignored') return registers()
      return row.mod === 'memory' ? memory() : [...registers(), ...memory()]
    case 'relative':
      return [operand('relative', 0, index)]
    case 'far':
      return [operand('far', 0, index)]
    default:
      return [operand('immediate', form.size, index)]
  }
}

/** Every shape that instructions of a row can have; empty when it has no meaning yet. */
export function shapesOfRow(row: Row): Shape[] {
  const meaning = meaningOf(row)
  if (!meaning) return []
  const shapes: Shape[] = []
  for (const [long, segmented] of [
    [true, false],
    [false, false],
    [false, true],
  ] as const) {
    if (long ? !(row.modes & MODE64) : !(row.modes & ~MODE64)) continue
    let lists: Operand[][] = [[]]
    row.operands.forEach((form, index) => {
      const choices = formsOf(row, form, index, long)
      lists = lists.flatMap((list) => choices.map((choice) => [...list, choice]))
    })
    const near = row.operands.some((form) => form.kind === 'relative')
    for (const bits of operandSizes(row, long))
      for (const samePage of near ? [false, true] : [false])
        for (const list of lists)
          for (const traced of traceable.has(row.branch) ? [false, true] : [false])
            shapes.push(build(meaning, list, bits, long, segmented, samePage, traced))
  }
  return shapes
}

const vectorClasses = new Set<C>([C.xmm, C.ymm, C.mmx, C.x87])

/** Instructions on vector, MMX and x87 registers do not look at the operand size: one handler serves all prefixes. */
function ignoresSize(row: Row): boolean {
  const isVector = ({ registerClass }: OperandForm): boolean => vectorClasses.has(registerClass)
  return row.operandSize === 0 && row.operands.some(isVector)
}

function operandSizes(row: Row, long: boolean): number[] {
  if (row.operandSize) return [row.operandSize]
  if (ignoresSize(row)) return [32]
  if (!long) return [16, 32]
  return row.forced64 ? [64] : [16, 32, 64]
}
