/**
 * The `Context` of translated code: operands are constants, registers are locals. Only what is common is translated: an access that the TLB has not,
 * an exception, a helper behind a condition leave the region before the instruction has changed anything, and the interpreter does it again. So no
 * call comes back into the middle of a block, and V8 keeps the guest's registers in the processor's.
 */
import { STATUS_EXCEPTION, type HelperName } from '../helpers.ts'
import * as L from '../layout.ts'
import { and, eq, i32, i64, loadI32, loadI64, ne, Expr, type I32, type I64 } from '../wasm/index.ts'
import type { Decoded } from './block.ts'
import { effects } from './effects.ts'
import { ALL, type Frame } from './frame.ts'
import { Untranslatable, type Place } from './instruction-context.ts'
import { MemoryContext } from './memory-context.ts'
import { usualTransition } from './transitions.ts'

/** Helpers of transitions between rings, after which the region may go on. */
const jumping = new Set<HelperName>(['syscall', 'sysret', 'iret', 'intN'])

/** What an instruction does at the end of its block. */
export type Transfer =
  | { readonly kind: 'jump' }
  | { readonly kind: 'conditional'; readonly condition: I32 }
  | { readonly kind: 'indirect' }

export class RegionContext extends MemoryContext {
  readonly #guess: I64 | null
  /** How the instruction ended its block by itself. */
  transfer: Transfer | null = null
  /** Something has happened that may ask the run to end. */
  mayRequestExit = false

  constructor(frame: Frame, decoded: Decoded, place: Place) {
    super(frame, decoded, place)
    this.#guess = place.guess
  }

  /** The instruction is complete: notes what is known behind it. */
  finish(): void {
    this.commit()
    this.known.flags = this.flags && { kind: this.flags.kind, bits: this.flags.bits, hasY: this.hasY }
    this.known.isOrder = this.isOrder
    this.known.forget(this.conditional)
  }

  /** What is compared with a place of the region is canonical when it is the same. */
  override checkTarget(rip: I64): void {
    if (!this.#guess || this.shape.segmented) return super.checkTarget(rip)
    this.f.if(ne(rip, this.#guess), () => super.checkTarget(rip))
  }

  jumpRelative(): void {
    this.transfer = { kind: 'jump' }
  }

  jumpIf(condition: I32): void {
    this.transfer = { kind: 'conditional', condition }
  }

  jumpTo(rip: I64): void {
    this.f.set(this.frame.target, this.frame.cut(rip))
    this.transfer = { kind: 'indirect' }
  }

  // State block and helpers

  /** What MODE says was known when the region was found. */
  stateI32(offset: number): I32 {
    if (offset === L.MODE) return i32(this.frame.mode)
    return this.let(loadI32(this.cpu, offset))
  }

  stateI64(offset: number): I64 {
    return this.let(loadI64(this.cpu, offset))
  }

  /** MXCSR is looked at once, and anything but the usual left to the interpreter. */
  override differs(offset: number, mask: number, value: number): I32 {
    if (offset !== L.MXCSR || this.isConditional || !this.frame.isHopeful)
      return super.differs(offset, mask, value)
    const usual = `${mask} ${value}`
    if (this.known.mxcsr !== usual) {
      this.markPlace()
      this.f.brIf(this.frame.counted, ne(and(this.stateI32(offset), i32(mask)), i32(value)))
      this.known.mxcsr = usual
    }
    return i32(0)
  }

  setStateI32(offset: number, value: I32): void {
    if (offset === L.MXCSR) this.known.mxcsr = null
    this.f.store('i32.store', this.cpu, value, offset)
  }

  setStateI64(offset: number, value: I64): void {
    this.f.store('i64.store', this.cpu, value, offset)
  }

  /** Accesses and fetches have other rights from here on: those of the TLB array at `base`. */
  useTlb(base: I32): void {
    const { f } = this
    const { tlb } = this.frame
    f.set(tlb, base)
    f.store('i32.store', this.cpu, tlb.value, L.TLB_BASE)
    this.known.forgetTlb()
  }

  /** What `Runtime.sync` takes: the length, and the segment that an access goes through. */
  #access(): I32 {
    return i32((this.decoded.next - this.decoded.at) | (Number(this.field('segment').constant) << 8))
  }

  #sync(): void {
    const { runtime, long } = this.frame
    this.f.callVoid(runtime.sync(long), this.cpu, this.rip, this.#access(), this.left)
  }

  system(name: HelperName, ...args: Expr[]): void {
    this.#system(null, name, args)
  }

  systemThen(after: () => void, name: HelperName, ...args: Expr[]): void {
    this.#system(after, name, args)
  }

  #system(after: (() => void) | null, name: HelperName, args: readonly Expr[]): void {
    const { f } = this
    const frame = this.frame
    const usual = frame.crossesRings && !this.isConditional ? usualTransition(name, args) : undefined
    if (usual) return usual(this)
    const bound = args.map((arg) => f.let(arg))
    const known = effects[name]
    if (this.isConditional) {
      if (!this.stored) return this.giveUp()
      if (!known) throw new Untranslatable(this.decoded, name)
    }
    this.commit()
    if (known?.light) {
      f.store('i64.store', this.cpu, this.rip, L.RIP)
      f.let(frame.runtime.call(f, name, this.cpu, ...bound)!)
      return
    }
    frame.spill(known ? known.reads | known.writes : ALL, !known)
    this.#sync()
    const status = frame.runtime.call(f, name, this.cpu, ...bound) as I32
    if (!known?.quiet) this.mayRequestExit = true
    if (known) {
      frame.reload(known.writes, false)
      this.known.forget(known.writes)
      f.if(eq(status, i32(STATUS_EXCEPTION)), () => frame.fault(this.left))
      after?.()
      f.if(status, () => frame.leave(status, this.left, false))
    } else {
      this.forgetFlags()
      const jumps = jumping.has(name)
      const elsewhere = jumps ? frame.isElsewhere(status) : status
      f.if(after ? eq(status, i32(STATUS_EXCEPTION)) : elsewhere, () => frame.leave(status, this.left, true))
      if (jumps) this.#jumped()
      frame.reload(ALL, true)
      this.known.forget(ALL)
      after?.()
      if (after) f.if(status, () => frame.leave(status, this.left, false))
    }
    if (!known) this.known.mxcsr = null
    if (!known) {
      this.known.plain.clear()
      this.known.lowest.clear()
    }
    if (known?.quiet) return
    this.known.forgetTlb()
    frame.loadTlb()
  }

  /** The helper has changed RIP, and all the rest is as the region wants it. */
  #jumped(): void {
    this.mayRequestExit = false
    this.f.set(this.frame.target, loadI64(this.cpu, L.RIP))
    this.transfer = { kind: 'indirect' }
  }

  systemValue(name: HelperName, ...args: Expr[]): I64 {
    const { f } = this
    const frame = this.frame
    const bound = args.map((arg) => f.let(arg))
    const known = effects[name]
    // A helper in a condition is for what is rare, unless that has turned out otherwise.
    if (this.isConditional && (!known?.quiet || frame.isHopeful)) {
      if (this.stored) throw new Untranslatable(this.decoded, name)
      this.markPlace()
      f.br(known?.quiet ? frame.counted : frame.rare)
      return i64(0)
    }
    this.commit()
    if (known?.light) {
      f.store('i64.store', this.cpu, this.rip, L.RIP)
      return f.let(frame.runtime.call(f, name, this.cpu, ...bound) as I64)
    }
    frame.spill(known ? known.reads | known.writes : ALL, !known)
    this.#sync()
    const value = frame.runtime.call(f, name, this.cpu, ...bound) as I64
    if (!known?.quiet) this.mayRequestExit = true
    if (!known) this.forgetFlags()
    frame.reload(known?.writes ?? ALL, !known)
    this.known.forget(known?.writes ?? ALL)
    if (!known?.quiet) this.known.forgetTlb()
    f.if(loadI32(this.cpu, L.EXC_PENDING), () => frame.fault(this.left))
    return value
  }

  pure(name: HelperName, ...args: Expr[]): I64 {
    const { runtime } = this.frame
    if (name === 'mulHigh64' || name === 'imulHigh64')
      return this.f.call<'i64'>(runtime.mulHigh(name === 'imulHigh64'), ...args)
    return runtime.call(this.f, name, this.cpu, ...args) as I64
  }

  probe(): void {
    throw new Error('code that is traced is not translated')
  }
}
