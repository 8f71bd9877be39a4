/** Registers in translated code are locals. What is known of a value, that it is a register plus a constant or a plain float, goes along with it. */
import { RegisterClass as C } from '../../isa/index.ts'
import * as L from '../layout.ts'
import { toI64, truncate, type Value } from '../semantics/values.ts'
import {
  and,
  extendU,
  fromBits,
  i32,
  i64,
  laneOp,
  loadI64,
  or,
  replaceLowest,
  shl,
  shrU,
  toBits,
  wrap,
  Expr,
  type F64,
  type I32,
  type I64,
  type Int,
  type V128,
  type ValType,
} from '../wasm/index.ts'
import type { Decoded } from './block.ts'
import { FlagContext } from './flag-context.ts'
import { Floats } from './floats.ts'
import type { Frame } from './frame.ts'
import type { Place } from './instruction-context.ts'
import type { Symbolic } from './known.ts'

const I32_ADD = 0x6a
const I32_SUB = 0x6b
const I64_ADD = 0x7c
const I64_SUB = 0x7d
const I64_AND = 0x83
const I32_WRAP = 0xa7
const I64_EXTEND_U = 0xad
const MASK_32 = 0xffff_ffff
/** Symbolic offsets stay exact. */
const MAX_DELTA = 2 ** 40

export abstract class RegisterContext extends FlagContext {
  /** What bound expressions are, as far as it is known. */
  protected readonly symbols = new Map<Expr, Symbolic>()
  readonly #floats: Floats
  /** General registers written in a condition. */
  protected conditional = 0

  constructor(frame: Frame, decoded: Decoded, place: Place) {
    super(frame, decoded, place)
    this.#floats = new Floats(place.known.plain)
  }

  // Symbolic values

  override let<T extends ValType>(value: Expr<T>): Expr<T> {
    const bound = super.let(value)
    const symbol = bound === value ? undefined : this.symbolOf(value)
    if (symbol) this.symbols.set(bound, symbol)
    if (value.type === 'v128' && bound !== value) this.#floats.copy(bound, value)
    return bound
  }

  /** Outside 64-bit code only the low 32 bits count, so cutting and extending make no difference. */
  protected symbolOf(value: Expr): Symbolic | undefined {
    const known = this.symbols.get(value)
    if (known) return known
    const [x, y] = value.args
    const [code] = value.code
    if (!x || (value.type !== 'i64' && this.frame.long)) return undefined
    if (!this.frame.long && (code === I32_WRAP || code === I64_EXTEND_U)) return this.symbolOf(x)
    if (y?.constant === undefined) return undefined
    const delta = Number(y.constant)
    if (!this.frame.long && code === I64_AND && delta === MASK_32) return this.symbolOf(x)
    const sign = code === I64_ADD || code === I32_ADD ? 1 : code === I64_SUB || code === I32_SUB ? -1 : 0
    const base = sign === 0 ? undefined : this.symbolOf(x)
    return base && Math.abs(delta) < MAX_DELTA ? { ...base, offset: base.offset + sign * delta } : undefined
  }

  // Registers

  gpr(number: number, bits: number): Value {
    const whole = this.frame.gpr(number).value
    const bound = this.let(bits === 64 ? whole : truncate(whole, bits))
    if (bits >= this.addressBits) this.symbols.set(bound, this.known.register(number))
    return bound
  }

  setGpr(number: number, bits: number, value: Value): void {
    const local = this.frame.gpr(number)
    this.frame.gprWritten(number)
    const isWhole = bits >= this.addressBits && !this.isConditional
    this.known.setRegister(number, isWhole ? this.symbolOf(value) : undefined)
    if (this.isConditional) this.conditional |= 1 << number
    if (bits === 64) return this.f.set(local, toI64(value))
    const narrow = extendU(value.type === 'i64' ? wrap(value as I64) : (value as I32))
    if (bits === 32) return this.f.set(local, narrow)
    const mask = (1n << BigInt(bits)) - 1n
    this.f.set(local, or(and(local.value, i64(~mask)), and(narrow, i64(mask))))
  }

  gprHigh(number: number): Value {
    return this.let(and(wrap(shrU(this.frame.gpr(number).value, i64(8))), i32(0xff)))
  }

  setGprHigh(number: number, value: Value): void {
    const local = this.frame.gpr(number)
    this.frame.gprWritten(number)
    this.known.setRegister(number, undefined)
    if (this.isConditional) this.conditional |= 1 << number
    const byte = and(toI64(value), i64(0xff))
    this.f.set(local, or(and(local.value, i64(~0xff00)), shl(byte, i64(8))))
  }

  protected readGpr(index: number, bits: number): Value {
    const { registerClass, register } = this.decodedOperand(index)
    return registerClass === C.gpr8High ? this.gprHigh(register - 4) : this.gpr(register, bits)
  }

  // Vectors

  vector(number: number, lane = 0): V128 {
    const value = this.let(this.frame.vector(number, lane).value)
    if (lane === 0) this.#floats.read(number, value)
    return value
  }

  setVector(number: number, value: V128, lane = 0): void {
    this.frame.vectorWritten(number, lane)
    if (lane === 0) {
      this.#copyLowest(number, value)
      this.#floats.write(number, this.isConditional ? null : value)
    }
    this.f.set(this.frame.vector(number, lane), value)
  }

  protected lane(register: number, bits: number): Value {
    if (bits !== 64 || !this.known.lowest.has(register)) return this.lowOf(this.vector(register), bits)
    const value = this.let(toBits(this.frame.lowest(register).value))
    this.#floats.readLowest(register, value, bits)
    return value
  }

  /** Writes a double that scalars were computed to: the next ones need not wait until it is a lane again. */
  protected setLowest(register: number, value: Value): void {
    const { f } = this
    const { lowest } = this.known
    const [low, above] = [this.frame.lowest(register), this.frame.above(register)]
    const old = this.vector(register)
    if (this.isConditional) return this.setVector(register, replaceLowest(old, value))
    if (!lowest.has(register)) f.set(above, old)
    f.set(low, fromBits(value) as F64)
    this.#floats.write(register, replaceLowest(old, value))
    this.frame.vectorWritten(register, 0)
    f.set(this.frame.vector(register, 0), replaceLowest(above.value, value))
    lowest.add(register)
  }

  /** A register gets a vector, maybe that of another, whose lowest double is at hand. */
  #copyLowest(register: number, vector: V128): void {
    const { lowest } = this.known
    const from = this.isConditional ? undefined : this.#floats.sourceOf(vector)
    if (from === register) return
    lowest.delete(register)
    if (from === undefined || !lowest.has(from)) return
    this.f.set(this.frame.lowest(register), this.frame.lowest(from).value)
    this.f.set(this.frame.above(register), this.frame.above(from).value)
    lowest.add(register)
  }

  override isPlain(floats: Value | V128, bits: number): boolean {
    return this.#floats.isPlain(floats, bits)
  }

  override notePlain(floats: Value | V128, bits: number): void {
    if (!this.isConditional && this.frame.isHopeful) this.#floats.notePlain(floats, bits)
  }

  /** Lane 0 of a vector that is bound; reading it costs nothing, so it need not be. */
  protected lowOf(vector: V128, bits: number): Value {
    const lane =
      bits === 64
        ? laneOp('i64x2.extract_lane', 0, vector)
        : bits === 32
          ? laneOp('i32x4.extract_lane', 0, vector)
          : bits === 16
            ? laneOp('i16x8.extract_lane_u', 0, vector)
            : laneOp('i8x16.extract_lane_u', 0, vector)
    return new Expr<Int>(lane.type, lane.code, lane.args, undefined, true)
  }

  protected withLow(register: number, value: Value, bits: number): V128 {
    const old = this.vector(register)
    if (bits === 64) return replaceLowest(old, value)
    const narrow = value.type === 'i64' ? wrap(value as I64) : (value as I32)
    if (bits === 32) return replaceLowest(old, narrow)
    return laneOp(bits === 16 ? 'i16x8.replace_lane' : 'i8x16.replace_lane', 0, old, narrow)
  }

  protected readMmx(register: number, bits: number): Value {
    const value = this.let(loadI64(this.cpu, L.FPU_REGISTERS + L.FPU_STRIDE * register))
    return bits === 64 ? value : this.let(truncate(value, bits))
  }

  protected writeMmx(register: number, value: I64): void {
    const at = L.FPU_REGISTERS + L.FPU_STRIDE * register
    this.f.store('i64.store', this.cpu, value, at)
    this.f.store('i32.store16', this.cpu, i32(0xffff), at + 8)
  }
}
