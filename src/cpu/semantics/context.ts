/**
 * What the meaning of an instruction is written against. A semantics function is called once for each piece of code that is made: by
 * the interpreter's generator with operands that are read out of a decoded record, and by a translator with operands that are constants
 * and registers that are locals. It cannot tell which.
 *
 * Precise faults: `load`, `store`, `read` and `write` of memory, and `raise`, leave the instruction at once when they fault. So a semantics function
 * writes memory first, then flags, then registers; nothing that the guest can see may come before the last thing that can fault.
 */
import type { HelperName } from '../helpers.ts'
import * as L from '../layout.ts'
import {
  add,
  and,
  i32,
  i64,
  loadI64,
  ltU,
  ne,
  replaceLowest,
  select,
  shl,
  shrS,
  shrU,
  sub,
  v128,
  wrap,
  xor,
  type Expr,
  type F32,
  type F64,
  type FunctionBuilder,
  type I32,
  type I64,
  type V128,
  type ValType,
} from '../wasm/index.ts'
import { conditionOf, carryOf, type FlagSource } from './flags.ts'
import type { FieldName, Operand, Shape } from './operand.ts'
import { constant, signed64, truncate, type Value } from './values.ts'

/** What an address is for: the right that its segment must give. `none`: the address is only named (INVLPG). */
export type Access = 'read' | 'write' | 'none'

/** Exception vectors that semantics raise themselves. */
export const DE = 0
export const UD = 6
export const NM = 7
export const GP = 13
export const MF = 16

export abstract class Context {
  readonly f: FunctionBuilder
  readonly shape: Shape
  /** Source of the flags when this function has written them. */
  protected flags: FlagSource | null = null
  /** Of memory operands, by their index. */
  readonly #addresses = new Map<number, I64>()

  constructor(f: FunctionBuilder, shape: Shape) {
    this.f = f
    this.shape = shape
  }

  get operands(): readonly Operand[] {
    return this.shape.operands
  }

  /** The operand at `index`; throws when the row has fewer. */
  operand(index: number): Operand {
    const operand = this.shape.operands[index]
    if (!operand) throw new RangeError(`${this.shape.meaning} has no operand ${index}`)
    return operand
  }

  /** Binds a value here; see `FunctionBuilder.let`. */
  let<T extends ValType>(value: Expr<T>): Expr<T> {
    return this.f.let(value)
  }

  // Registers

  /** A general register by number, its low `bits`, clean and bound. */
  abstract gpr(number: number, bits: number): Value
  /** 32-bit writes clear the upper half; 8- and 16-bit writes keep the rest. */
  abstract setGpr(number: number, bits: number, value: Value): void
  /** AH, CH, DH, BH (number 0 … 3). */
  abstract gprHigh(number: number): Value
  abstract setGprHigh(number: number, value: Value): void

  // Operands

  /** An operand of any kind but far, clean and bound. Memory is loaded; an immediate is cut to `bits` (default: the operand's). */
  abstract read(index: number, bits?: number): Value
  /** Writes a register or memory operand; memory may fault. */
  abstract write(index: number, value: Value, bits?: number): void
  /** Like `read`, of the lowest lane of a vector register, or of as much memory; for what computes in vector registers. */
  readLowest(index: number, bits: 32 | 64): Value {
    return this.read(index, bits)
  }
  /** Like `read`, of an operand that `writeBack` will write; see `loadForWrite`. */
  abstract readForWrite(index: number, bits?: number): Value
  abstract writeBack(index: number, value: Value, bits?: number): void
  /**
   * Linear address of a memory operand, bound; made once, unless the code is segmented. In segmented code the `bytes` from there are checked against the segment; without them as
   * many as the operand has.
   */
  address(index: number, access: Access = 'read', bytes: number = this.operand(index).bits / 8): I64 {
    if (this.shape.segmented) return this.linear(index, this.offset(index), access, bytes)
    const known = this.#addresses.get(index)
    if (known) return known
    const address = this.linear(index, this.offset(index), access, bytes)
    this.#addresses.set(index, address)
    return address
  }
  /** The same of another offset in the segment of a memory operand; `offset` has been cut to the address size. */
  abstract linear(index: number, offset: I64, access: Access, bytes: number): I64
  /** The offset of a memory operand within its segment, in 64 bits: what LEA gives. */
  abstract offset(index: number): I64
  /** Cuts an offset to the address size of the memory operand. */
  abstract wrapOffset(index: number, offset: I64): I64
  /** The immediate operand as a sign- or zero-extended 64-bit value, as decoded. */
  abstract immediate(index: number): I64
  abstract field(name: FieldName): I32
  /** Number of a segment, control, debug, general or vector register operand. */
  abstract registerNumber(index: number): I32

  // Vectors: registers and memory operands by index, or by number and address

  /** 128 bits of a vector register operand or of memory, which need not be aligned; `lane` 1: those at 16 bytes up. */
  abstract readVector(index: number, lane?: 0 | 1): V128
  /** The same 128 bits alone; the rest of a register stays. */
  abstract writeVector(index: number, value: V128, lane?: 0 | 1): void
  abstract vector(number: number, lane?: 0 | 1): V128
  abstract setVector(number: number, value: V128, lane?: 0 | 1): void
  /** Raises #GP(0) unless the memory operand is aligned to `bytes` (a power of two); nothing for a register. */
  abstract requireAligned(index: number, bytes?: number): void

  /** All 128-bit lanes of a vector register or memory operand, the low one first. */
  readVectors(index: number): V128[] {
    const { kind, bits } = this.operand(index)
    if (bits <= 128) return [this.readVector(index)]
    if (kind === 'memory') return this.loadWide(this.address(index))
    return [this.readVector(index, 0), this.readVector(index, 1)]
  }

  /** Writes one or two lanes to memory, all or nothing, or to a register as VEX forms do: with zeros above. */
  writeVectors(index: number, [low, high]: readonly V128[]): void {
    if (this.operand(index).kind !== 'memory') {
      this.writeVector(index, low!, 0)
      this.writeVector(index, high ?? v128(0n, 0n), 1)
    } else if (high) this.storeWide(this.address(index), low!, high)
    else this.writeVector(index, low!)
  }

  // Memory by linear address

  /** `stack`: an access through SS, to which an address that is not canonical is #SS(0) rather than #GP(0). */
  abstract load(bits: number, va: I64, stack?: boolean): Value
  abstract store(bits: number, va: I64, value: Value, stack?: boolean): void
  /** Load of what `storeBack` will write, checked for writing first: the two halves of a read-modify-write. At most one for each instruction. */
  abstract loadForWrite(bits: number, va: I64): Value
  abstract storeBack(bits: number, value: Value): void
  abstract loadVector(va: I64): V128
  /** 32 or 64 bits as the lowest lane of a vector, with zeros above. */
  loadScalar(bits: 32 | 64, va: I64): V128 {
    return replaceLowest(v128(0n, 0n), this.load(bits, va))
  }
  abstract storeVector(va: I64, value: V128): void
  /** 256 bits, as two lanes; a store that faults has written nothing. */
  abstract loadWide(va: I64): [V128, V128]
  abstract storeWide(va: I64, low: V128, high: V128): void

  // Segments

  /**
   * Linear address of `bytes` bytes at an offset of a segment, given by number. Segmented code checks limit and type first and raises #GP(0),
   * or #SS(0) for SS. In 64-bit code only FS and GS have a base.
   */
  segmentAddress(segment: I32, offset: I64, access: Access, bytes: number): I64 {
    if (this.shape.segmented && access !== 'none')
      return this.systemValue('segmentAddress', segment, offset, i32(bytes), i32(Number(access === 'write')))
    if (!this.shape.long && !this.shape.segmented) return this.let(offset)
    const base = loadI64(add(this.cpu, shl(segment, i32(5))), L.SEGMENTS + L.SEG_BASE)
    if (!this.shape.long) return this.let(and(add(offset, base), i64(0xffffffff)))
    return this.let(add(offset, select(ltU(segment, i32(L.FS)), i64(0), base)))
  }

  /** Raises #GP(0) unless a near branch may go there; before anything else of the branch is done. Links need no check in 64-bit code. */
  checkTarget(rip: I64): void {
    if (this.shape.segmented) return this.system('checkTarget', rip)
    // With 57-bit addresses more is canonical than this asks for: the helper knows.
    if (this.shape.long)
      this.f.if(ne(shrS(rip, i64(47)), shrS(rip, i64(63))), () => this.system('checkTarget', rip))
  }

  // Control

  /** Address of the next instruction, and of a near branch's target, in the width of the mode. */
  abstract nextRip(): I64
  abstract targetRip(index: number): I64
  /** Ends the instruction at the target of the relative operand. */
  abstract jumpRelative(index: number): void
  /** The same when the condition holds, else falls through to the next instruction; ends the instruction both ways. */
  abstract jumpIf(condition: I32, index: number): void
  /** Ends the instruction at a computed RIP. */
  abstract jumpTo(rip: I64): void

  // State block and helpers

  abstract get cpu(): I32
  abstract stateI32(offset: number): I32
  abstract stateI64(offset: number): I64
  /** Not 0 when the bits of `mask` in a field of the state block are not those of `value`. */
  differs(offset: number, mask: number, value: number): I32 {
    return xor(and(this.stateI32(offset), i32(mask)), i32(value))
  }
  /**
   * Whether floats of `bits` bits, the bits of one or a vector of them, are known to be *plain*: neither denormal nor NaN; and that they are, from here
   * on. For implementations that remember.
   */
  isPlain(floats: Value | V128, bits: number): boolean {
    void floats
    void bits
    return false
  }
  notePlain(floats: Value | V128, bits: number): void {
    void floats
    void bits
  }
  /** Whether what is rare may be left to another context, as long as nothing has changed. */
  get leavesRare(): boolean {
    return false
  }
  /** Does so when `unusual` holds; whenever it does, so does `suspicious`, which is told sooner. */
  leaveWhen(suspicious: I32, unusual: I32): void {
    void suspicious
    void unusual
    throw new TypeError('there is no other context')
  }
  abstract setStateI32(offset: number, value: I32): void
  abstract setStateI64(offset: number, value: I64): void
  /** Raises an exception and leaves. */
  abstract raise(vector: number, error?: I32 | number): void
  /** Calls a helper that returns a status, and leaves unless it is STATUS_CONTINUE. */
  abstract system(name: HelperName, ...args: Expr[]): void
  /** The same, but unless it raised, `after` still belongs to the instruction. */
  abstract systemThen(after: () => void, name: HelperName, ...args: Expr[]): void
  /** Calls a helper that may raise through EXC_PENDING and gives a value. */
  abstract systemValue(name: HelperName, ...args: Expr[]): I64
  /** Calls a helper that computes a value from its arguments and never faults. */
  abstract pure(name: HelperName, ...args: Expr[]): I64

  /** Reports an event of `probe.ts`; for instructions that are traced on request (`Shape.traced`). */
  abstract probe(event: number, x: I64, y: I64): void

  /** Counts an attempt of the instruction. A context that may leave the instruction to another one counts when it no longer can. */
  count(counter: number): void {
    const at = L.COUNTERS + 8 * counter
    this.setStateI64(at, add(this.stateI64(at), i64(1)))
  }

  // Flags

  /**
   * States what the flags follow from: `result` and `x` are values of `bits` bits, or for FLAGS_INC, FLAGS_DEC and FLAGS_PARTIAL
   * `x` is an i64 of flag bits. `y`, of a subtraction: its second operand, which a condition that follows may compare with.
   */
  setFlags(kind: number, bits: number, result: Value, x?: Value, y?: Value): void {
    const wide = this.f.let(signed64(result, bits))
    const operand = kind === L.FLAGS_ADD || kind === L.FLAGS_SUB
    const source = x === undefined ? i64(0) : this.f.let(operand ? signed64(x, bits) : (x as I64))
    this.flags = { kind, bits, result: wide, x: source }
    if (y && kind === L.FLAGS_SUB) this.flags.y = signed64(y, bits)
    this.storeFlags(this.flags)
  }

  /** The same, but only if the condition holds (a shift by a count that may be 0). */
  setFlagsWhen(condition: I32, kind: number, bits: number, result: Value, x?: Value): void {
    this.f.if(condition, () => this.setFlags(kind, bits, result, x))
    if (condition.constant === undefined) this.flags = null
  }

  /** Writes CF and OF (0 or 1) and leaves the other flags alone. */
  setCarryOverflow(carry: I32, overflow: I32): void {
    this.flags = null
    this.storeCarryOverflow(carry, overflow)
  }

  setCarryOverflowWhen(condition: I32, carry: I32, overflow: I32): void {
    this.f.if(condition, () => this.setCarryOverflow(carry, overflow))
  }

  protected abstract storeCarryOverflow(carry: I32, overflow: I32): void
  protected abstract storeFlags(source: FlagSource): void
  protected abstract storedCarry(): I32
  protected abstract storedCondition(code: number): I32

  /** All six flags at once, at their places in RFLAGS. */
  setAllFlags(bits: I64): void {
    this.flags = null
    this.storeExplicitFlags(bits)
  }

  /** The same of comparing two floats; `x` and `y` are neither NaN if the context leaves what is rare to another one. */
  setOrderFlags(bits: I64, x: F32 | F64, y: F32 | F64): void {
    void x
    void y
    this.setAllFlags(bits)
  }

  protected abstract storeExplicitFlags(bits: I64): void

  /** RFLAGS with the arithmetic flags materialised. */
  abstract rflags(): I64

  /** CF, 0 or 1, bound. */
  carry(): I32 {
    return this.f.let(this.flags ? carryOf(this.flags) : this.storedCarry())
  }

  /** A condition code of Jcc, 0 … 15, as 0 or 1, bound. */
  condition(code: number): I32 {
    const { flags } = this
    if (!flags) return this.f.let(this.storedCondition(code))
    const known = conditionOf(flags, code, flags.kind === L.FLAGS_SUB ? () => this.#subtrahend(flags) : null)
    return this.f.let(known)
  }

  #subtrahend({ x, y, result, bits }: FlagSource): I64 {
    return y ?? signed64(truncate(sub(x, result), bits), bits)
  }

  // Conveniences

  zero(bits: number): Value {
    return constant(bits, 0)
  }

  constant(bits: number, value: number | bigint): Value {
    return constant(bits, value)
  }

  low32(value: I64): I32 {
    return wrap(value)
  }

  /** The upper half of a 64-bit value. */
  high32(value: I64): I32 {
    return wrap(shrU(value, i64(32)))
  }
}
