import { RegisterClass } from './row.ts'
import type { RegisterClass as RegisterClassNumber, Row } from './row.ts'

/** What a decoded operand is. */
export const OperandKind = {
  none: 0,
  register: 1,
  memory: 2,
  immediate: 3,
  /** A branch displacement, relative to the end of the instruction. */
  relative: 4,
  /** Selector and offset in the instruction. */
  far: 5,
} as const
export type OperandKind = (typeof OperandKind)[keyof typeof OperandKind]

/** `Operand.base` of a RIP-relative operand. */
export const BASE_RIP = 16

/** One operand of a decoded instruction. Which fields hold something depends on `kind`. */
export class Operand {
  kind: OperandKind = OperandKind.none
  /** Bits of the register, of the immediate as encoded, or of the memory access (0: the address only, or depends on state). */
  size = 0

  /** Of a memory operand: the register file of its indexes, where that is not a general one. */
  registerClass: RegisterClassNumber = RegisterClass.none
  /** Register number, 0 … 15; 4 … 7 of class `gpr8High` are AH CH DH BH. */
  register = 0

  /** Number of the base register, `BASE_RIP`, or -1. Its width is the instruction's address size. */
  base = -1
  /** Number of the index register, or -1. */
  index = -1
  /** 1, 2, 4 or 8. */
  scale = 1
  /** Sign-extended displacement; with an absolute 64-bit address see `low` and `high`. */
  displacement = 0
  /** Segment in effect: ES 0, CS 1, SS 2, DS 3, FS 4, GS 5. */
  segment = 3

  /**
   * Immediate or branch displacement. Negative only for a sign-extended immediate and a displacement; rounded when a 64-bit immediate
   * exceeds 2⁵³. For a far pointer the offset.
   */
  value = 0
  /** The two halves, as signed 32-bit integers, of the value extended to 64 bits as the instruction extends it. */
  low = 0
  high = 0
  /** Of a far pointer. */
  selector = 0
}

/** Prefixes seen, as a mask in `Instruction.prefixes`. */
export const PREFIX_LOCK = 1
export const PREFIX_REP = 2
export const PREFIX_REPNE = 4
export const PREFIX_OPERAND_SIZE = 8
export const PREFIX_ADDRESS_SIZE = 16
export const PREFIX_REX = 32
export const PREFIX_VEX = 64

/** The result of `decode`; made once and filled again and again. */
export class Instruction {
  row!: Row
  /** Bytes. */
  length = 0
  /** Operand-size attribute in bits: the row's where it has one, otherwise what mode, 66 and REX.W say. */
  operandSize: 16 | 32 | 64 = 32
  addressSize: 16 | 32 | 64 = 64
  /** Mask of `PREFIX_…`. */
  prefixes = 0
  /** Segment override, 0 … 5, or -1. In 64-bit mode only FS and GS count. */
  segment = -1
  operandCount = 0
  readonly operands: readonly [Operand, Operand, Operand, Operand] = [
    new Operand(),
    new Operand(),
    new Operand(),
    new Operand(),
  ]

  get lock(): boolean {
    return (this.prefixes & PREFIX_LOCK) !== 0
  }

  /** F2 or F3 in front of a string instruction; 0 when there is none or it has another meaning. */
  get repeat(): 0 | 0xf2 | 0xf3 {
    if (this.row.repeat === 'none') return 0
    return (this.prefixes & PREFIX_REP) !== 0 ? 0xf3 : (this.prefixes & PREFIX_REPNE) !== 0 ? 0xf2 : 0
  }

  /** The memory operand, or null. There is at most one. */
  get memory(): Operand | null {
    for (let i = 0; i < this.operandCount; i++) {
      if (this.operands[i]!.kind === OperandKind.memory) return this.operands[i]!
    }
    return null
  }
}
