import type { Value } from '../ssa/ir.ts'

/**
 * Machine code before register allocation: x86 instructions over virtual registers, each of which is defined once.
 *
 * The operands of an instruction are read before its results are written. A `tied` source is moved into the
 * first operand (the result) before the instruction is executed; the other operands then stay readable until its end.
 */

export type RegisterClass = 'gpr' | 'xmm'

/** A virtual register, or with `fixed` ≥ 0 the machine register of that number. */
export class Reg {
  readonly id: number
  readonly class: RegisterClass
  /** 32, 64 or 128: how much of it must survive a move. */
  readonly bits: number
  readonly fixed: number
  /** A register that this one would best share. */
  hint: Reg | undefined = undefined

  constructor(id: number, registerClass: RegisterClass, bits: number, fixed = -1) {
    this.id = id
    this.class = registerClass
    this.bits = bits
    this.fixed = fixed
  }
}

const names = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi']
export const gpr: readonly Reg[] = Array.from(
  { length: 16 },
  (_, number) => new Reg(-1 - number, 'gpr', 64, number),
)
export const xmm: readonly Reg[] = Array.from(
  { length: 16 },
  (_, number) => new Reg(-17 - number, 'xmm', 128, number),
)
export const [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi] = gpr as [Reg, Reg, Reg, Reg, Reg, Reg, Reg, Reg]
export const gprNames: readonly string[] = [...names, 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']

/** `use` before the instruction, `late` until its end, `def` after it, `temp` throughout, `usedef` fixed ones only. */
export type Access = 'use' | 'late' | 'def' | 'temp' | 'usedef'

export interface RegOperand {
  readonly kind: 'reg'
  reg: Reg
  /** Width of the access: 8, 16, 32, 64 or 128. */
  readonly bits: number
  readonly access: Access
  /** The operand may be the register's stack slot. */
  readonly orMemory: boolean
}

export interface MemOperand {
  readonly kind: 'mem'
  readonly base: Reg | undefined
  readonly index: Reg | undefined
  readonly scale: 1 | 2 | 4 | 8
  readonly disp: number
  /** Width of the access. */
  readonly bits: number
  /** Compute the address modulo 2^32 (address-size prefix): what wasm's i32 arithmetic does. */
  readonly wraps: boolean
  /** Symbol whose address is added: RIP-relative alone, absolute together with registers. */
  readonly symbol: string | undefined
  /** Whether the registers are needed until the end of the instruction. */
  late: boolean
}

export interface ImmOperand {
  readonly kind: 'imm'
  readonly value: number | bigint
}

/** Address of a symbol: call target or 32-bit immediate. */
export interface SymbolOperand {
  readonly kind: 'symbol'
  readonly name: string
}

/** A block of the function, by its number in `MachineFunction.blocks`. */
export interface BlockOperand {
  readonly kind: 'block'
  readonly id: number
}

/** An argument slot at the bottom of the frame, for a call; bytes from RSP. */
export interface StackArgument {
  readonly kind: 'stack'
  readonly offset: number
}

/** A trap that this instruction jumps to, by its reason. */
export interface TrapOperand {
  readonly kind: 'trap'
  readonly reason: Trap
}

/** A machine register that `Inst.implicit` accounts for. */
export interface FixedOperand {
  readonly kind: 'fixed'
  readonly reg: Reg
  readonly bits: number
}

/** A control or segment register, by name. */
export interface SpecialOperand {
  readonly kind: 'special'
  readonly name: string
}

export type Operand =
  | RegOperand
  | MemOperand
  | ImmOperand
  | SymbolOperand
  | BlockOperand
  | TrapOperand
  | FixedOperand
  | SpecialOperand

/**
 * Why compiled code traps: the immediate byte after UD2 is this number, so that a handler can tell. An integer
 * division by zero or overflow raises #DE instead.
 */
export const traps = { unreachable: 0, indirectCall: 1, conversion: 2, division: 3, bounds: 4 } as const
export type Trap = keyof typeof traps

/** A constant that a move can make: no register needed before. */
export type Source = Reg | Value

export interface Move {
  to: Reg | StackArgument
  from: Source
}

export class Inst {
  readonly op: string
  readonly operands: Operand[]
  /** Machine registers that it reads or writes without naming them. */
  implicit: readonly RegOperand[] = []
  /** Moved into operand 0 first. */
  tied: Source | undefined
  /** A group of moves that happen at once (op `parallel`). */
  moves: Move[] | undefined
  /** Machine registers it destroys. */
  clobbers: readonly Reg[]
  /** Operand 0 is also commutative with operand 1: `tied` and operand 1 may be exchanged. */
  commutative = false
  /** A condition code for pseudo instructions. */
  condition = ''
  at = 0

  constructor(op: string, operands: Operand[], tied?: Source, clobbers: readonly Reg[] = []) {
    this.op = op
    this.operands = operands
    this.tied = tied
    this.clobbers = clobbers
  }
}

export interface MachinePhi {
  readonly to: Reg
  /** In the order of the block's predecessors. */
  readonly from: Source[]
}

export class MachineBlock {
  readonly id: number
  readonly depth: number
  readonly isLoopHeader: boolean
  phis: MachinePhi[] = []
  insts: Inst[] = []
  preds: MachineBlock[] = []
  succs: MachineBlock[] = []
  /** Positions of the first instruction and past the last, set by the allocator. */
  from = 0
  to = 0

  constructor(id: number, depth: number, isLoopHeader: boolean) {
    this.id = id
    this.depth = depth
    this.isLoopHeader = isLoopHeader
  }
}

export class MachineFunction {
  readonly blocks: MachineBlock[] = []
  registers: Reg[] = []
  /** Calls something, so it needs a frame and an aligned stack. */
  hasCalls = false
  /** Reads its own frame: incoming stack arguments or the frame pointer. */
  needsFrame = false
  /** Bytes at the bottom of the frame for arguments of calls. */
  outgoing = 0
  /** Jump tables: for each, the ids of the blocks. */
  readonly jumpTables: { readonly symbol: string; readonly blocks: number[] }[] = []

  newReg(registerClass: RegisterClass, bits: number): Reg {
    const reg = new Reg(this.registers.length, registerClass, bits)
    this.registers.push(reg)
    return reg
  }
}

export const isReg = (source: Source | StackArgument): source is Reg => 'fixed' in source
