/** Near branches: taken or not, either way leaves a mark of its own in the data page before it comes to the end of the code. */
import {
  decode,
  DecodeStatus,
  Instruction,
  MODE32,
  MODE64,
  OperandKind,
  rows,
  type Row,
} from '../../../src/isa/index.ts'
import { compareAll, digestAll, type Family } from './family.ts'
import { CODE, DATA, DATA_SIZE, type Case } from './native.ts'
import { randomCase, type Random } from './random.ts'

/** Where a taken branch goes, from the start of the code. */
const TAKEN = 32
/** Places of the data page: the mark, and pointers to TAKEN for jumps through memory and for RET, which the stack pointer points to. */
const MARK = 0x10
const POINTER = 0x200
const STACK = 0xe00

const near = new Set(['jmp', 'jmp-indirect', 'call', 'call-indirect', 'jcc', 'ret'])

/** Branches with a 16-bit operand size would leave the code's page; `elsewhere.ts` names their tests. */
const isNear = (row: Row, mode: number): boolean =>
  (row.modes & mode) !== 0 && near.has(row.branch) && (mode === MODE64 || row.operandSize !== 16)

const instruction = new Instruction()

/** MOV byte [MARK], value */
function mark(value: number, long: boolean): number[] {
  const address = [...new Uint8Array(Uint32Array.of(DATA + MARK).buffer)]
  return long ? [0xc6, 0x04, 0x25, ...address, value] : [0xc6, 0x05, ...address, value]
}

/** Whether a call from this stack pointer writes to the data page. */
function isWithin(stackPointer: bigint): boolean {
  return stackPointer >= BigInt(DATA + 8) && stackPointer <= BigInt(DATA + DATA_SIZE)
}

/** Aims the branch, whose bytes are `code`, at TAKEN. */
function aimBranch(code: Uint8Array, gpr: bigint[]): boolean {
  const [operand] = instruction.operands
  if (instruction.operandCount === 0 || instruction.row.branch === 'ret' || instruction.memory) return true
  if (operand!.kind === OperandKind.register) {
    gpr[operand!.register] = BigInt(CODE + TAKEN)
    return operand!.register !== 4
  }
  const size = instruction.row.immediateBytes
  const at = code.length - size
  const displacement = TAKEN - code.length
  const view = new DataView(code.buffer)
  if (size === 1) view.setInt8(at, displacement)
  else if (size === 2) view.setInt16(at, displacement, true)
  else view.setInt32(at, displacement, true)
  return true
}

function branchCase(row: Row, random: Random, compatibility: boolean): Case | null {
  const one = randomCase(row, random, { compatibility, target: DATA + POINTER })
  if (!one) return null
  const long = !compatibility
  if (decode(one.code, 0, one.code.length, long ? 64 : 32, instruction) !== DecodeStatus.ok) return null
  if (!aimBranch(one.code, one.before.gpr)) return null
  // A pointer through the stack pointer has moved it; what is below the data page differs.
  if (instruction.memory?.base === 4 && !isWithin(one.before.gpr[4]!)) return null
  // The counts that LOOP and JRCXZ look for.
  if (row.branch === 'jcc' && random.below(2)) one.before.gpr[1] = BigInt(random.below(3))
  const code = [...one.code, ...mark(1, long)]
  const taken = [...mark(2, long), 0x90]
  const end = TAKEN + taken.length
  code.push(0xeb, end - code.length - 2)
  while (code.length < TAKEN) code.push(0xcc)
  return { ...one, code: Uint8Array.of(...code, ...taken), count: 3 }
}

function branchFamily(name: string, mode: number): Family {
  return {
    name,
    rows: rows.filter((row) => isNear(row, mode)),
    page(random) {
      const page = random.bytes(DATA_SIZE)
      const view = new DataView(page.buffer)
      for (const at of [POINTER, STACK]) view.setBigUint64(at, BigInt(CODE + TAKEN), true)
      return page
    },
    make: (row, random) => branchCase(row, random, mode === MODE32),
    difference: (_row, one, native, ours) => compareAll(one, native, ours),
    digest: (_row, one, outcome) => digestAll(one, outcome),
  }
}

export const branch64: Family = branchFamily('near branches, 64-bit code', MODE64)
export const branch32: Family = branchFamily('near branches, 32-bit code', MODE32)
