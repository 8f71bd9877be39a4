/** What the regions of one module share: small functions, made when first asked for, and helpers reached through the table. */
import type { HelperName } from '../helpers.ts'
import { helperType } from '../interpreter/runtime.ts'
import * as L from '../layout.ts'
import { adjustOf, defineStoredArithmetic, defineStoredFlags } from '../semantics/flags.ts'
import {
  add,
  and,
  eqz,
  extendS,
  extendU,
  i32,
  i64,
  loadI64,
  ltS,
  mul,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type Expr,
  type FunctionBuilder,
  type FunctionRef,
  type FuncType,
  type I32,
  type I64,
  type ModuleBuilder,
} from '../wasm/index.ts'

/** Where things stand in the table of what translated code calls. */
export interface TableLayout {
  helper(name: HelperName): number
  /** `raised(cpu, left)`, `left(cpu, left, status)`, `careful(cpu, rip, budget)` and `go(cpu, rip, budget)` of the interpreter's module. */
  readonly raised: number
  readonly left: number
  readonly careful: number
  readonly go: number
}

export const RAISED: FuncType = { params: ['i32', 'i32'], results: ['i32'] }
export const GO: FuncType = { params: ['i32', 'i64', 'i32'], results: ['i32'] }
export const LEFT: FuncType = { params: ['i32', 'i32', 'i32'], results: ['i32'] }

export class Runtime {
  readonly #module: ModuleBuilder
  readonly #table: TableLayout
  readonly #functions = new Map<string, FunctionRef>()

  constructor(module: ModuleBuilder, table: TableLayout) {
    this.#module = module
    this.#table = table
  }

  #function(key: string, type: FuncType, build: (f: FunctionBuilder) => void): FunctionRef {
    const known = this.#functions.get(key)
    if (known) return known
    const made = this.#module.declare(type)
    this.#functions.set(key, made)
    this.#module.define(made, build)
    return made
  }

  /** Calls a helper; null when it has no result. */
  call(f: FunctionBuilder, name: HelperName, cpu: I32, ...args: Expr[]): Expr | null {
    return f.callIndirect(helperType(name), i32(this.#table.helper(name)), cpu, ...args)
  }

  raised(f: FunctionBuilder, cpu: I32, left: I32): void {
    f.returnCallIndirect(RAISED, i32(this.#table.raised), cpu, left)
  }

  left(f: FunctionBuilder, cpu: I32, left: I32, status: I32): void {
    f.returnCallIndirect(LEFT, i32(this.#table.left), cpu, left, status)
  }

  /** Does the instruction at `rip`, and what follows, in the interpreter. */
  careful(f: FunctionBuilder, cpu: I32, rip: I64, left: I32): void {
    f.returnCallIndirect(GO, i32(this.#table.careful), cpu, rip, left)
  }

  /** Enters the block at `rip`, or lets the host find it. */
  go(f: FunctionBuilder, cpu: I32, rip: I64, budget: I32): void {
    f.returnCallIndirect(GO, i32(this.#table.go), cpu, rip, budget)
  }

  /**
   * `(cpu, rip, access, left)`: what helpers and the board want to find in the state block. `access`: length of the instruction, segment << 8.
   * RECORD 0 says that translated code runs.
   */
  sync(long: boolean): FunctionRef {
    return this.#function(`sync${long}`, { params: ['i32', 'i64', 'i32', 'i32'], results: [] }, (f) => {
      const [cpu, rip, access, left] = f.params as [I32, I64, I32, I32]
      const next = add(rip, extendU(and(access, i32(0xff))))
      f.store('i32.store', cpu, shrU(access, i32(8)), L.ACCESS_SEGMENT)
      f.store('i64.store', cpu, rip, L.RIP)
      f.store('i64.store', cpu, long ? next : and(next, i64(0xffff_ffff)), L.NEXT_RIP)
      f.store('i64.store', cpu, sub(loadI64(cpu, L.RETIRED_LIMIT), extendS(left)), L.RETIRED)
      f.store('i32.store', cpu, i32(0), L.RECORD)
    })
  }

  /** `(kind, x, result) → i32`: a flag from a source that is known at run time only. */
  flag(which: 'carry' | 'overflow' | 'sign' | 'parity'): FunctionRef {
    return this.#function(which, { params: ['i32', 'i64', 'i64'], results: ['i32'] }, (f) => {
      const [kind, x, result] = f.params as [I32, I64, I64]
      defineStoredFlags(f, which, { kind, x, result })
    })
  }

  /** `(kind, x, result) → i64`: the six of them at their places. */
  get arithmeticFlags(): FunctionRef {
    return this.#function('arithmetic', { params: ['i32', 'i64', 'i64'], results: ['i64'] }, (f) => {
      defineStoredArithmetic(f, ...(f.params as [I32, I64, I64]))
    })
  }

  /** `(kind, x, result) → i64`: AF at its place, kind not FLAGS_EXPLICIT. */
  get adjust(): FunctionRef {
    return this.#function('adjust', { params: ['i32', 'i64', 'i64'], results: ['i64'] }, (f) => {
      const [kind, x, result] = f.params as [I32, I64, I64]
      f.return(adjustOf(f.let(and(kind, i32(0xff))), x, result))
    })
  }

  /** `(x, y) → i64`: the upper half of the product, by quarters. */
  mulHigh(signed: boolean): FunctionRef {
    return this.#function(`mulHigh${signed}`, { params: ['i64', 'i64'], results: ['i64'] }, (f) => {
      const [x, y] = f.params as [I64, I64]
      const low = (v: I64): I64 => and(v, i64(0xffff_ffff))
      const high = (v: I64): I64 => shrU(v, i64(32))
      const [x0, x1, y0, y1] = [f.let(low(x)), f.let(high(x)), f.let(low(y)), f.let(high(y))]
      const cross = f.let(add(mul(x1, y0), high(mul(x0, y0))))
      const middle = f.let(add(mul(x0, y1), low(cross)))
      const upper = add(add(mul(x1, y1), high(cross)), high(middle))
      if (!signed) return f.return(upper)
      const correction = (v: I64, w: I64): I64 => select(ltS(v, i64(0)), w, i64(0))
      f.return(sub(sub(upper, correction(x, y)), correction(y, x)))
    })
  }

  /** New X of flags whose CF and OF are replaced, and whether they stay explicit. */
  withCarryOverflow(
    f: FunctionBuilder,
    kind: I32,
    x: I64,
    result: I64,
    carry: I32,
    overflow: I32,
  ): [I32, I64] {
    const bits = f.let(extendU(or(carry, shl(overflow, i32(11)))))
    const explicit = f.let(eqz(and(kind, i32(0xff))))
    const adjust = f.call<'i64'>(this.adjust, kind, x, result)
    const kept = select(explicit, and(x, i64(~0x801)), adjust)
    return [f.let(select(explicit, kind, i32(L.FLAGS_PARTIAL))), f.let(or(kept, bits))]
  }
}

export const entryOf = (va: I64): I32 =>
  and(wrap(shrU(va, i64(7))), i32((L.TLB_ENTRIES - 1) * L.TLB_ENTRY_SIZE))
