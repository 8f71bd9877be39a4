/** Operands as the user of the assembler writes them. */
import { RegisterClass as C } from './row.ts'
import type { RegisterClass } from './row.ts'

export class Register {
  readonly kind = 'register' as const
  readonly name: string
  readonly registerClass: RegisterClass
  /** 0 … 15, as encoded. */
  readonly number: number
  /** Bits. */
  readonly size: number
  /** SPL BPL SIL DIL need a REX prefix; AH … BH forbid one. */
  readonly needsRex: boolean
  /** Key of what may select a different row; see `select.ts`. */
  readonly signature: number

  constructor(name: string, registerClass: RegisterClass, number: number, size: number) {
    this.name = name
    this.registerClass = registerClass
    this.number = number
    this.size = size
    this.needsRex = number > 7 || (registerClass === C.gpr8 && number > 3)
    this.signature = signatureOf(registerClass, number)
  }
}

/** Registers that some row names explicitly get a signature of their own: AL CL AX DX EAX RAX, segments, XMM0, ST0. */
function signatureOf(registerClass: RegisterClass, number: number): number {
  if (registerClass === C.segment) return 32 + number
  if (number === 0) return 16 + registerClass
  if (number === 1 && registerClass === C.gpr8) return 30
  if (number === 2 && registerClass === C.gpr16) return 31
  return registerClass
}

/** A place in the code that an `Assembler` binds with `bind`. */
export class Label {
  readonly kind = 'label' as const
  readonly name: string
  /** Offset in the section, or -1 while unbound. */
  offset = -1

  constructor(name: string) {
    this.name = name
  }
}

/** How the linker computes a field: S + A (`abs…`) or S + A - P (`pc32`). `abs32` is zero-extended, `abs32s` sign-extended. */
export type RelocationKind = 'abs32' | 'abs32s' | 'abs64' | 'pc32'

/** The address of a named symbol plus `addend`, known to the linker. */
export class SymbolReference {
  readonly kind = 'symbol' as const
  readonly name: string
  readonly addend: number
  /** Forces the width of an immediate; by default it follows from the row. */
  readonly relocation: RelocationKind | undefined

  constructor(name: string, addend: number, relocation: RelocationKind | undefined) {
    this.name = name
    this.addend = addend
    this.relocation = relocation
  }
}

/** A far pointer in the instruction (16- and 32-bit modes). */
export class FarPointer {
  readonly kind = 'far' as const
  readonly selector: number
  readonly offset: number | SymbolReference

  constructor(selector: number, offset: number | SymbolReference) {
    this.selector = selector
    this.offset = offset
  }
}

/** A full-width absolute address in the instruction, without ModRM (`MOV AL, moffs8`). */
export class AbsoluteAddress {
  readonly kind = 'absolute' as const
  readonly address: bigint | SymbolReference
  readonly segment: Register | null

  constructor(address: bigint | SymbolReference, segment: Register | null) {
    this.address = address
    this.segment = segment
  }
}

/** A branch target that must be reached with an 8-bit displacement. */
export class ShortTarget {
  readonly kind = 'short' as const
  readonly label: Label

  constructor(label: Label) {
    this.label = label
  }
}

export interface MemoryFields {
  base?: Register
  index?: Register
  scale?: 1 | 2 | 4 | 8
  /** Displacement, -2³¹ … 2³¹ - 1; 0 … 2³² - 1 as well when neither base nor index is given. */
  disp?: number
  /** Bits accessed: 8, 16, 32, 64, 128 …; needed only where no other operand tells. */
  size?: number
  segment?: Register
  /** Absolute address of this symbol, added to the rest (`abs32s`). */
  symbol?: SymbolReference
  /** Address relative to RIP: a label of the same section or a symbol. Excludes base and index. */
  rip?: Label | SymbolReference
}

export class Memory {
  readonly kind = 'memory' as const
  readonly base: Register | null
  readonly index: Register | null
  readonly scale: number
  readonly disp: number
  readonly size: number
  readonly segment: Register | null
  readonly symbol: SymbolReference | null
  readonly rip: Label | SymbolReference | null

  constructor(fields: MemoryFields) {
    this.base = fields.base ?? null
    this.index = fields.index ?? null
    this.scale = fields.scale ?? 1
    this.disp = fields.disp ?? 0
    this.size = fields.size ?? 0
    this.segment = fields.segment ?? null
    this.symbol = fields.symbol ?? null
    this.rip = fields.rip ?? null
  }
}

/** Immediates are numbers (integers, any sign) or, beyond 2⁵³, bigints. */
export type AssemblerOperand =
  | Register
  | Memory
  | number
  | bigint
  | Label
  | ShortTarget
  | SymbolReference
  | FarPointer
  | AbsoluteAddress

/** A memory operand: `mem({ base: rbx, index: rcx, scale: 8, disp: 16, size: 32 })`. */
export function mem(fields: MemoryFields): Memory {
  return new Memory(fields)
}

/** The address of a linker symbol, as immediate, branch target or part of a memory operand. */
export function symbol(name: string, addend = 0, relocation?: RelocationKind): SymbolReference {
  return new SymbolReference(name, addend, relocation)
}

/** Asks for the two-byte form of a forward branch. `Assembler.bind` throws if it turns out too far. */
export function short(label: Label): ShortTarget {
  return new ShortTarget(label)
}

export function far(selector: number, offset: number | SymbolReference): FarPointer {
  return new FarPointer(selector, offset)
}

export function absolute(
  address: bigint | SymbolReference,
  segment: Register | null = null,
): AbsoluteAddress {
  return new AbsoluteAddress(address, segment)
}
