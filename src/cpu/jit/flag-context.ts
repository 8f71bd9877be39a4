/** Flags in translated code: what they follow from stands in the frame's locals, and is put together where it is read. */
import * as L from '../layout.ts'
import { adjustOf, arithmeticFlagsOf, type FlagSource } from '../semantics/flags.ts'
import type { Value } from '../semantics/values.ts'
import {
  and,
  eqz,
  extendU,
  i32,
  i64,
  loadI64,
  ltU,
  op,
  or,
  shl,
  shrU,
  sub,
  wrap,
  xor,
  type F32,
  type F64,
  type I32,
  type I64,
} from '../wasm/index.ts'
import type { Decoded } from './block.ts'
import type { Frame } from './frame.ts'
import { InstructionContext, type Place } from './instruction-context.ts'

/** What the flags follow from, as far as it is known here; values stand in the frame's locals. Null: known at run time only. */
export interface KnownFlags {
  readonly kind: number
  readonly bits: number
  /** Whether the frame's `flagY` holds the second operand. */
  readonly hasY: boolean
}

export abstract class FlagContext extends InstructionContext {
  protected hasY = false
  protected isOrder: boolean

  constructor(frame: Frame, decoded: Decoded, place: Place) {
    super(frame, decoded, place)
    this.isOrder = place.known.isOrder
    this.#setKnown(place.known.flags)
  }

  #setKnown(known: KnownFlags | null): void {
    const { flagResult, flagX, flagY } = this.frame
    this.hasY = known?.hasY ?? false
    this.flags = known && {
      kind: known.kind,
      bits: known.bits,
      result: flagResult.value,
      x: flagX.value,
      ...(known.hasY ? { y: flagY.value } : {}),
    }
  }

  // Flags

  protected storeFlags({ kind, bits, result, x, y }: FlagSource): void {
    const { f } = this
    const { flagResult, flagX, flagY } = this.frame
    this.frame.flagsWritten()
    this.isOrder = false
    f.set(this.frame.flagKind, i32(kind | ((bits - 1) << 8)))
    f.set(flagResult, result)
    if (kind !== L.FLAGS_LOGIC) f.set(flagX, x)
    this.hasY = y !== undefined
    if (y) f.set(flagY, y)
  }

  protected forgetFlags(): void {
    this.isOrder = false
    this.flags = null
    this.hasY = false
  }

  override setFlagsWhen(condition: I32, kind: number, bits: number, result: Value, x?: Value): void {
    if (condition.constant !== undefined) {
      if (condition.constant) this.setFlags(kind, bits, result, x)
      return
    }
    this.f.if(condition, () => this.setFlags(kind, bits, result, x))
    this.forgetFlags()
  }

  override setCarryOverflow(carry: I32, overflow: I32): void {
    const { f } = this
    const { flags } = this
    const { flagResult, flagX } = this.frame
    this.frame.flagsWritten()
    this.isOrder = false
    if (!flags) return this.storeCarryOverflow(carry, overflow)
    const place = this.let(extendU(or(carry, shl(overflow, i32(11)))))
    f.set(flagX, or(adjustOf(i32(flags.kind), flags.x, flags.result), place))
    const kind = L.FLAGS_PARTIAL
    f.set(this.frame.flagKind, i32(kind | ((flags.bits - 1) << 8)))
    this.hasY = false
    this.flags = { kind, bits: flags.bits, result: flagResult.value, x: flagX.value }
  }

  override setCarryOverflowWhen(condition: I32, carry: I32, overflow: I32): void {
    if (condition.constant !== undefined) {
      if (condition.constant) this.setCarryOverflow(carry, overflow)
      return
    }
    this.forgetFlags()
    this.f.if(condition, () => this.setCarryOverflow(carry, overflow))
  }

  protected storeCarryOverflow(carry: I32, overflow: I32): void {
    const { f } = this
    const { flagKind, flagResult, flagX, runtime } = this.frame
    const [kind, x] = runtime.withCarryOverflow(
      f,
      flagKind.value,
      flagX.value,
      flagResult.value,
      carry,
      overflow,
    )
    f.set(flagKind, kind)
    f.set(flagX, x)
  }

  protected storeExplicitFlags(flags: I64): void {
    const { f } = this
    const { flagResult, flagX } = this.frame
    this.frame.flagsWritten()
    const bits = this.let(and(flags, i64(0x8d5)))
    f.set(flagX, bits)
    f.set(flagResult, xor(and(shrU(bits, i64(6)), i64(1)), i64(1)))
    // SF and PF stand in X, where a condition that is made now would not look for them.
    f.set(this.frame.flagKind, i32(L.FLAGS_EXPLICIT))
    this.forgetFlags()
  }

  override setOrderFlags(bits: I64, x: F32 | F64, y: F32 | F64): void {
    this.storeExplicitFlags(bits)
    if (!this.frame.isHopeful || this.isConditional) return
    const wide = (value: F32 | F64): F64 => (value.type === 'f64' ? value : op('f64.promote_f32', value))
    this.f.set(this.frame.floatX, wide(x))
    this.f.set(this.frame.floatY, wide(y))
    this.isOrder = true
  }

  /** Behind a comparison of floats of which neither is a NaN. */
  #orderCondition(code: number): I32 {
    const { floatX, floatY } = this.frame
    const names = { 2: 'lt', 3: 'ge', 4: 'eq', 5: 'ne', 6: 'le', 7: 'gt', 14: 'eq', 15: 'ne' } as const
    const name = names[code as keyof typeof names]
    // OF, SF and PF are clear.
    return name ? op(`f64.${name}`, floatX.value, floatY.value) : i32(code & 1)
  }

  override setAllFlags(bits: I64): void {
    this.storeExplicitFlags(bits)
  }

  rflags(): I64 {
    const { flagKind, flagX, flagResult, runtime } = this.frame
    const arithmetic = this.flags
      ? arithmeticFlagsOf(this.flags)
      : this.f.call<'i64'>(runtime.arithmeticFlags, flagKind.value, flagX.value, flagResult.value)
    return or(loadI64(this.cpu, L.RFLAGS), arithmetic)
  }

  #flag(which: 'carry' | 'overflow' | 'sign' | 'parity'): I32 {
    const { flagKind, flagX, flagResult, runtime } = this.frame
    return this.f.call(runtime.flag(which), flagKind.value, flagX.value, flagResult.value)
  }

  /** Behind INC and DEC, which are the ones to ask most often, CF mostly stands in X already. */
  protected storedCarry(): I32 {
    const { flagKind, flagX } = this.frame
    const isImplied = ltU(sub(and(flagKind.value, i32(0xff)), i32(L.FLAGS_ADD)), i32(L.FLAGS_LOGIC))
    return this.f.choose(
      isImplied,
      () => this.#flag('carry'),
      () => and(wrap(flagX.value), i32(1)),
    )
  }

  protected storedCondition(code: number): I32 {
    if (this.isOrder) return this.#orderCondition(code)
    const zero = (): I32 => eqz(this.frame.flagResult.value)
    const less = (): I32 => xor(this.#flag('sign'), this.#flag('overflow'))
    const even = [
      () => this.#flag('overflow'),
      () => this.#flag('carry'),
      zero,
      () => or(zero(), this.#flag('carry')),
      () => this.#flag('sign'),
      () => this.#flag('parity'),
      less,
      () => or(zero(), less()),
    ][code >> 1]!()
    return code & 1 ? eqz(even) : even
  }
}
