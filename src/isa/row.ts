/** The shape of one row of the table of encodings. All sizes are in bits, as in the names of the manual. */

/** Register files an operand can name. The numbers are used in tables and in the key of the assembler's cache. */
export const RegisterClass = {
  none: 0,
  gpr8: 1,
  /** AH CH DH BH, numbered 4 … 7 as encoded. */
  gpr8High: 2,
  gpr16: 3,
  gpr32: 4,
  gpr64: 5,
  segment: 6,
  control: 7,
  debug: 8,
  mmx: 9,
  xmm: 10,
  ymm: 11,
  x87: 12,
} as const
export type RegisterClass = (typeof RegisterClass)[keyof typeof RegisterClass]

/** What an operand form accepts. */
export type FormKind =
  | 'register'
  | 'memory'
  /** A register or memory, chosen by ModRM.mod. */
  | 'rm'
  | 'immediate'
  | 'relative'
  /** An immediate far pointer, `ptr16:32`. */
  | 'far'
  /** An absolute address in the instruction, without ModRM. */
  | 'moffs'
  /** A register the opcode implies and the assembler writes. */
  | 'fixed'
  /** The constant that `SHL r/m32, 1` writes. */
  | 'constant'

/** Where the operand is encoded; the letters of the manual's Op/En column. */
export type Place = 'reg' | 'rm' | 'vvvv' | 'opcode' | 'immediate' | 'is4' | 'implied'

export type Access = 'r' | 'w' | 'rw' | 'none'

export interface OperandForm {
  /** As in the manual: `r/m32`, `imm8`, `AL`. */
  readonly name: string
  readonly kind: FormKind
  readonly registerClass: RegisterClass
  /** Bits of the register or of the immediate as encoded. */
  readonly size: number
  /** Register file of the indexes of a gather's memory operand; `none` for all others. */
  readonly indexClass: RegisterClass
  /** Bits accessed in memory; 0 when only the address is used or the size depends on state. */
  readonly memorySize: number
  /** The immediate is sign-extended to the operand size. */
  readonly signed: boolean
  /** Register number of a fixed register, or the value of a constant; otherwise -1. */
  readonly fixed: number
  readonly place: Place
  readonly access: Access
}

/** Mandatory prefix. `any`: 66, F2 and F3 do not select; `NFx`: F2 and F3 must be absent. */
export type MandatoryPrefix = 'any' | 'NP' | '66' | 'F3' | 'F2' | 'NFx'

/** How control leaves the instruction, for the block builder and the tracer. */
export type Branch =
  | 'none'
  | 'jmp'
  | 'jcc'
  | 'call'
  | 'ret'
  | 'jmp-indirect'
  | 'call-indirect'
  | 'jmp-far'
  | 'call-far'
  | 'ret-far'
  | 'int'
  | 'iret'
  | 'syscall'
  | 'sysret'
  | 'halt'
  | 'undefined'

/** What an F2 or F3 prefix means to a string instruction. */
export type Repeat = 'none' | 'rep' | 'repz'

/** RFLAGS bits by effect. A flag in `cleared` or `set` is not in `written`. */
export interface FlagEffects {
  readonly read: number
  readonly written: number
  readonly undefined: number
  readonly cleared: number
  readonly set: number
}

/** Modes of the code segment. A mask of these stands in `Row.modes`. */
export const MODE16 = 1
export const MODE32 = 2
export const MODE64 = 4

export interface Row {
  /** Position in `rows`. Not stable between versions; `id` is. */
  readonly index: number
  /** Stable and unique: `add.rm64.r64`. */
  readonly id: string
  /** Lower case. */
  readonly mnemonic: string
  readonly operands: readonly OperandForm[]
  /** CPUID feature flag in the manual's spelling; `base` for what every x86-64 has. */
  readonly feature: string

  /** 0: one-byte, 1: 0F, 2: 0F 38, 3: 0F 3A. */
  readonly map: 0 | 1 | 2 | 3
  readonly opcode: number
  readonly prefix: MandatoryPrefix
  readonly vex: boolean
  /** VEX.L: 0, 128 or 256; 0 means ignored. */
  readonly vectorLength: 0 | 128 | 256
  /** REX.W or VEX.W the row requires; -1 when it is ignored or follows from the operand size. */
  readonly w: -1 | 0 | 1
  /** Operand-size attribute the row requires; 0 when it does not depend on it. */
  readonly operandSize: 0 | 16 | 32 | 64
  /** In 64-bit mode the operand size is 64 without REX.W, and 32 cannot be encoded. */
  readonly default64: boolean
  /** In 64-bit mode the operand size is always 64. */
  readonly forced64: boolean
  /** A 32-bit row that also serves REX.W. */
  readonly wideIgnored: boolean
  /** Address-size attribute the row requires; 0 when any. */
  readonly addressSize: 0 | 16 | 32 | 64

  readonly hasModrm: boolean
  /** The memory operand has a vector of indexes. */
  readonly indexed: boolean
  /** ModRM.reg as opcode extension, or -1. */
  readonly digit: number
  /** The whole ModRM byte as part of the opcode, or -1. */
  readonly modrm: number
  /** Which ModRM.mod the row accepts. `ignored`: always a register, whatever mod says. */
  readonly mod: 'any' | 'register' | 'memory' | 'ignored'
  /** The low three bits of the opcode hold a register. */
  readonly opcodeRegister: boolean
  /** Bytes after ModRM, SIB and displacement. */
  readonly immediateBytes: number

  readonly flags: FlagEffects
  readonly modes: number
  readonly lockable: boolean
  /** Needs CPL 0. */
  readonly privileged: boolean
  /** Needs CPL ≤ IOPL (or the I/O permission bitmap). */
  readonly ioSensitive: boolean
  readonly branch: Branch
  readonly repeat: Repeat
  /** A second encoding of something; decoded, never assembled. */
  readonly alias: boolean
}

/** RFLAGS bits by the letters that the rows use. */
export const flagLetters: Readonly<Record<string, number>> = {
  c: 1 << 0,
  p: 1 << 2,
  a: 1 << 4,
  z: 1 << 6,
  s: 1 << 7,
  t: 1 << 8,
  i: 1 << 9,
  d: 1 << 10,
  o: 1 << 11,
  /** NT */
  n: 1 << 14,
  /** RF */
  r: 1 << 16,
  /** AC */
  k: 1 << 18,
}
