/**
 * Builds the body of one function, statement by statement. Expressions are emitted where they are given to a statement. A *recycling* builder gives
 * the locals of a finished `scope` out again, for functions of thousands of statements.
 */
import { Bytes, leb } from './bytes.ts'
import { Expr, f32, f64, hasTypes, i32, i64, noArgs, v128, type I32 } from './expression.ts'
import { floatOf } from './reinterpret.ts'
import { storeCode, type Storable, type StoreName } from './memory.ts'
import { valTypeCodes, type FuncType, type FunctionRef, type ValType } from './types.ts'

/** A mutable local. */
export interface Variable<T extends ValType = ValType> {
  readonly index: number
  readonly type: T
  /** Its value where the expression is used. */
  readonly value: Expr<T>
}

/** The target of a branch: a block's end or a loop's start. */
export interface Label {
  readonly depth: number
}

/** Code that is known only when the rest of the function is: where it goes, and what makes it. */
interface Deferred {
  at: number
  depth: number
  emit: () => void
}

const localGets: number[][] = []

/** `local.get`, the same array each time. */
function localGet(index: number): number[] {
  return (localGets[index] ??= [0x20, ...leb(index)])
}

const zeroes: Record<ValType, Expr> = {
  i32: i32(0),
  i64: i64(0),
  f32: f32(0),
  f64: f64(0),
  v128: v128(0n, 0n),
}

export class FunctionBuilder {
  readonly type: FuncType
  readonly params: readonly Expr[]
  readonly #typeIndex: (type: FuncType) => number
  readonly #recycle: boolean
  #code = new Bytes()
  readonly #locals: ValType[] = []
  readonly #deferred: Deferred[] = []
  readonly #free: Record<ValType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] }
  /** Locals of the open scope. */
  #scoped: number[] | null = null
  #depth = 0

  constructor(type: FuncType, typeIndex: (type: FuncType) => number, recycle = false) {
    this.type = type
    this.#typeIndex = typeIndex
    this.#recycle = recycle
    this.params = type.params.map(
      (param, index) => new Expr(param, [0x20, ...leb(index)], [], undefined, true),
    )
  }

  /** A local of the whole function, outside all scopes; zero at first. */
  local<T extends ValType>(type: T): Variable<T> {
    return this.#variableAt(this.#newLocal(type), type)
  }

  /** A new local that may be assigned more than once; zero at first. */
  variable<T extends ValType>(type: T, initial?: Expr<T>): Variable<T> {
    const variable = this.#variableAt(this.#temporary(type), type)
    if (initial) this.set(variable, initial)
    else if (this.#recycle) this.set(variable, zeroes[type] as Expr<T>)
    return variable
  }

  #variableAt<T extends ValType>(index: number, type: T): Variable<T> {
    return { index, type, value: new Expr(type, localGet(index)) }
  }

  #newLocal(type: ValType): number {
    return this.type.params.length + this.#locals.push(type) - 1
  }

  #temporary(type: ValType): number {
    const index = this.#free[type].pop() ?? this.#newLocal(type)
    this.#scoped?.push(index)
    return index
  }

  /** What is bound inside is not used after it; a recycling builder gives the locals out again. */
  scope(body: () => void): void {
    if (!this.#recycle) return body()
    const outer = this.#scoped
    this.#scoped = []
    body()
    for (const index of this.#scoped) this.#free[this.#locals[index - this.type.params.length]!].push(index)
    this.#scoped = outer
  }

  /** How many blocks, loops and conditions are open. */
  get depth(): number {
    return this.#depth
  }

  /** Statements for this place, given when the function is finished; they bind nothing by `let`. */
  defer(emit: () => void): void {
    this.#deferred.push({ at: this.#code.length, depth: this.#depth, emit })
  }

  /** Evaluates `value` here and now; the result may be used any number of times and costs nothing. */
  let<T extends ValType>(value: Expr<T>): Expr<T> {
    if (value.stable) return value
    const float = floatOf(value)
    if (float) return new Expr(value.type, value.code, [this.let(float)], undefined, true)
    const index = this.#temporary(value.type)
    this.#assign(index, value)
    return new Expr(value.type, localGet(index), noArgs, undefined, true)
  }

  #assign(index: number, value: Expr): void {
    value.emit(this.#code)
    this.#code.u8(0x21)
    this.#code.u32(index)
  }

  set<T extends ValType>(variable: Variable<T>, value: Expr<T>): void {
    if (variable.type !== value.type)
      throw new TypeError(`a local of type ${variable.type} cannot hold ${value.type}`)
    this.#assign(variable.index, value)
  }

  store<N extends StoreName>(name: N, address: I32, value: Storable<N>, offset = 0): void {
    const { code, type } = storeCode(name, offset)
    if (value.type !== type || address.type !== 'i32')
      throw new TypeError(`${name} cannot store ${value.type}`)
    address.emit(this.#code)
    value.emit(this.#code)
    this.#code.append(code)
  }

  /** `memory.copy` within the one memory; the ranges may overlap. */
  copy(to: I32, from: I32, count: I32): void {
    for (const arg of [to, from, count]) arg.emit(this.#code)
    this.#code.append([0xfc, 0x0a, 0, 0])
  }

  /** The result of a call; it is made here, once. Without results it gives no expression. */
  call<T extends ValType = 'i32'>(target: FunctionRef, ...args: Expr[]): Expr<T> {
    const [result] = this.#emitCall(target, args)
    if (!result) throw new TypeError('the function has no result')
    return this.#bindResult(result) as Expr<T>
  }

  #bindResult(type: ValType): Expr {
    const index = this.#temporary(type)
    this.#code.u8(0x21)
    this.#code.u32(index)
    return new Expr(type, localGet(index), noArgs, undefined, true)
  }

  /** `table[entry](args)`; null when the function has no result. */
  callIndirect(type: FuncType, entry: I32, ...args: Expr[]): Expr | null {
    this.#checkArgs(type, args)
    for (const arg of args) arg.emit(this.#code)
    entry.emit(this.#code)
    this.#code.u8(0x11)
    this.#code.u32(this.#typeIndex(type))
    this.#code.u8(0)
    const [result] = type.results
    return result ? this.#bindResult(result) : null
  }

  /** A call of a function without results. */
  callVoid(target: FunctionRef, ...args: Expr[]): void {
    if (this.#emitCall(target, args).length > 0) throw new TypeError('the function has a result')
  }

  #emitCall(target: FunctionRef, args: readonly Expr[]): readonly ValType[] {
    this.#checkArgs(target, args)
    for (const arg of args) arg.emit(this.#code)
    this.#code.u8(0x10)
    this.#code.u32(target.index)
    return target.results
  }

  #checkArgs(target: FuncType, args: readonly Expr[]): void {
    if (hasTypes(args, target.params)) return
    const types = args.map((arg) => arg.type).join()
    throw new TypeError(`call takes (${target.params.join()}), not (${types})`)
  }

  /** `return f(args)` without growing the stack. */
  returnCall(target: FunctionRef, ...args: Expr[]): void {
    this.#checkArgs(target, args)
    for (const arg of args) arg.emit(this.#code)
    this.#code.u8(0x12)
    this.#code.u32(target.index)
  }

  /** `return table[entry](args)` without growing the stack. */
  returnCallIndirect(type: FuncType, entry: I32, ...args: Expr[]): void {
    this.#checkArgs(type, args)
    for (const arg of args) arg.emit(this.#code)
    entry.emit(this.#code)
    this.#code.u8(0x13)
    this.#code.u32(this.#typeIndex(type))
    this.#code.u8(0)
  }

  /** Two-way branch; only one side is built when the condition is a constant. */
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    if (condition.constant !== undefined) {
      if (condition.constant) then()
      else otherwise?.()
      return
    }
    condition.emit(this.#code)
    this.#code.append([0x04, 0x40])
    this.#depth++
    then()
    if (otherwise) {
      this.#code.u8(0x05)
      otherwise()
    }
    this.#depth--
    this.#code.u8(0x0b)
  }

  /** A value chosen by a two-way branch; each side is evaluated only when taken. */
  choose<T extends ValType>(condition: I32, then: () => Expr<T>, otherwise: () => Expr<T>): Expr<T> {
    if (condition.constant !== undefined) return condition.constant ? then() : otherwise()
    let result: Variable<T> | undefined
    const assign = (value: Expr<T>): void => this.set((result ??= this.variable(value.type)), value)
    this.if(
      condition,
      () => assign(then()),
      () => assign(otherwise()),
    )
    return new Expr(result!.type, result!.value.code, [], undefined, true)
  }

  /** What is done when one of the conditions holds, which is rare. */
  unless(conditions: readonly I32[], rarely: () => void): void {
    const open = conditions.filter(({ constant }) => constant !== 0)
    if (open.length === 0) return
    this.block((end) => {
      this.block((exception) => {
        for (const condition of open) this.brIf(exception, condition)
        this.br(end)
      })
      rarely()
    })
  }

  /** `usual`, or when one of the conditions holds, which is rare, something else. */
  chooseUnless<T extends ValType>(rare: readonly I32[], usual: Expr<T>, otherwise: () => Expr<T>): Expr<T> {
    const result = this.variable(usual.type, usual)
    this.unless(rare, () => this.set(result, otherwise()))
    return new Expr(result.type, result.value.code, [], undefined, true)
  }

  #nest(opcode: number, body: (label: Label) => void): void {
    this.#code.append([opcode, 0x40])
    this.#depth++
    body({ depth: this.#depth })
    this.#depth--
    this.#code.u8(0x0b)
  }

  /** A block that `br` leaves at its end. */
  block(body: (end: Label) => void): void {
    this.#nest(0x02, body)
  }

  /** A loop that `br` starts again. */
  loop(body: (start: Label) => void): void {
    this.#nest(0x03, body)
  }

  br(label: Label): void {
    this.#code.u8(0x0c)
    this.#code.u32(this.#depth - label.depth)
  }

  brIf(label: Label, condition: I32): void {
    condition.emit(this.#code)
    this.#code.u8(0x0d)
    this.#code.u32(this.#depth - label.depth)
  }

  /** Branches to the label at `index`, or to the last one. */
  brTable(index: I32, labels: readonly Label[]): void {
    index.emit(this.#code)
    this.#code.u8(0x0e)
    this.#code.u32(labels.length - 1)
    for (const label of labels) this.#code.u32(this.#depth - label.depth)
  }

  /** One of several sides by `index`; the last also takes every larger index. */
  switch(index: I32, sides: readonly (() => void)[]): void {
    if (index.constant !== undefined) {
      sides[Math.min(Number(index.constant) >>> 0, sides.length - 1)]?.()
      return
    }
    this.block((end) => {
      // Opened outside in: block n-1 … block 0, then the table.
      const build = (side: number): void => {
        if (side < 0) {
          index.emit(this.#code)
          this.#code.u8(0x0e)
          this.#code.u32(sides.length - 1)
          for (let i = 0; i < sides.length; i++) this.#code.u32(i)
          return
        }
        this.block(() => build(side - 1))
        sides[side]!()
        if (side < sides.length - 1) this.br(end)
      }
      build(sides.length - 1)
    })
  }

  return(value?: Expr): void {
    value?.emit(this.#code)
    this.#code.u8(0x0f)
  }

  unreachable(): void {
    this.#code.u8(0x00)
  }

  /** The code with what was deferred in its place. */
  #assembled(): Bytes {
    if (this.#deferred.length === 0) return this.#code
    const whole = new Bytes()
    const body = this.#code.view()
    let done = 0
    this.#code = whole
    for (const { at, depth, emit } of this.#deferred) {
      whole.append(body.subarray(done, at))
      done = at
      this.#depth = depth
      emit()
    }
    whole.append(body.subarray(done))
    return whole
  }

  /** The function's entry in the code section. */
  finish(): Bytes {
    const code = this.#assembled()
    const body = new Bytes()
    body.u32(this.#locals.length)
    for (const local of this.#locals) {
      body.u32(1)
      body.u8(valTypeCodes[local])
    }
    body.append(code.view())
    // Every path has returned or tail-called, or falls off the end of a function without results.
    if (this.type.results.length > 0) body.u8(0x00)
    body.u8(0x0b)
    return body
  }
}
