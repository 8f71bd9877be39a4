/** What generated code is specialised for: the shape of an instruction, as opposed to the values of its fields. */

/**
 * - `gpr`: a general register; `bits` 8 … 64 (AH … BH are byte registers like the others).
 * - `memory`: addressed as `form` says; `bits` may be 0 where only the address counts.
 * - `immediate`: a constant, sign- or zero-extended to 64 bits when it was decoded.
 * - `relative`: the target of a near branch.
 * - `vector`: XMM or YMM; `bits` 128 or 256.
 * - `mmx`: MM0 … MM7, 64 bits. Writing one also sets the exponent of the x87 register that it is.
 * - `x87`: ST(i), by number.
 * - `segment`, `control`, `debug`: special registers, by number.
 */
export type OperandKind =
  | 'gpr'
  | 'memory'
  | 'immediate'
  | 'relative'
  | 'vector'
  | 'mmx'
  | 'x87'
  | 'segment'
  | 'control'
  | 'debug'
  | 'far'

/**
 * How a memory operand is addressed.
 * - `base`: 64-bit base (or RIP) + displacement, in a segment without a base.
 * - `full`: 64-bit base + index · scale + displacement + segment base.
 * - `absolute`: 64-bit displacement + segment base.
 * - `short`: 64-bit code with 32-bit addresses: the sum is cut to 32 bits before the segment base is added.
 * - `vector`: a gather's: 64-bit base + displacement, not cut; what is added for each element is the helper's business.
 * - `legacy`: any other mode: the sum is cut to the address size; in segmented code a checked segment makes it a linear address of 32 bits.
 */
export type AddressForm = 'base' | 'full' | 'absolute' | 'short' | 'vector' | 'legacy'

export interface Operand {
  readonly kind: OperandKind
  readonly bits: number
  /** Position among the operands of the instruction. */
  readonly index: number
  readonly form: AddressForm | null
}

/** One instruction as far as code is specialised for it. */
export interface Shape {
  /** Key in the semantics: the row's id, or its mnemonic. */
  readonly meaning: string
  readonly operands: readonly Operand[]
  /** The VEX form of an instruction: its operands are not destroyed, and it clears what lies above the destination. */
  readonly vex: boolean
  /** Operand-size attribute in bits. */
  readonly operandBits: number
  /** Whether the code segment is 64-bit; instructions that do not care have the shape of 64-bit code. */
  readonly long: boolean
  /** Outside 64-bit code: every access is checked against its segment, because some segment in use is not flat. */
  readonly segmented: boolean
  /** A direct branch whose target lies in the page of the instruction. */
  readonly samePage: boolean
  /** A near CALL or RET that reports to the probe. */
  readonly traced: boolean
}

/** Fields of an instruction besides operands and immediates, for string instructions and other system helpers. */
export type FieldName =
  /** 0 none, 1 F3, 2 F2. */
  | 'repeat'
  /** Address size in bytes. */
  | 'address'
  /** Segment of a memory operand, after override: layout's ES … GS. */
  | 'segment'
  /** The 16-bit second immediate of ENTER, or the selector of a far pointer. */
  | 'second'
  /** Of a gather: number of the vector register with the indexes, and the shift that scales them. */
  | 'index'
  | 'scale'
