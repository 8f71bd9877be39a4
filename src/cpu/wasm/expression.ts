/**
 * Expressions: immutable trees that leave one value on the operand stack. Operations on constants are folded, so the same
 * code that reads operands out of a record makes tight code when it is given constants. A tree that loads from memory is
 * evaluated where it is used, not where it is written: `FunctionBuilder.let` fixes the place.
 */
import { leb, signedLeb, type Bytes } from './bytes.ts'
import { numeric, saturating } from './numeric.ts'
import { vector, vectorLanes } from './vector.ts'
import type { Int, ValType } from './types.ts'

export const noArgs: readonly Expr[] = []

/** One node: the arguments in order, then the bytes of the instruction. */
export class Expr<T extends ValType = ValType> {
  readonly type: T
  readonly code: readonly number[]
  readonly args: readonly Expr[]
  /** Value of a constant: number for i32 (signed), bigint for i64 (signed). */
  readonly constant: number | bigint | undefined
  /** Reading it costs nothing and always gives the same value: a constant, a parameter or a `let`. */
  readonly stable: boolean

  constructor(
    type: T,
    code: readonly number[],
    args: readonly Expr[] = noArgs,
    constant?: number | bigint,
    stable: boolean = constant !== undefined,
  ) {
    this.type = type
    this.code = code
    this.args = args
    this.constant = constant
    this.stable = stable
  }

  emit(out: Bytes): void {
    for (const arg of this.args) arg.emit(out)
    out.append(this.code)
  }
}

export type I32 = Expr<'i32'>
export type I64 = Expr<'i64'>
export type F32 = Expr<'f32'>
export type F64 = Expr<'f64'>
export type V128 = Expr<'v128'>

const makeI32 = (value: number): I32 => new Expr('i32', [0x41, ...signedLeb(value)], noArgs, value)
const makeI64 = (value: bigint): I64 => new Expr('i64', [0x42, ...signedLeb(value)], noArgs, value)

/** Constants that are made again and again. */
const SMALL = 256
const smallI32 = Array.from({ length: SMALL }, (_, value) => makeI32(value))
const smallI64 = Array.from({ length: SMALL }, (_, value) => makeI64(BigInt(value)))

export function i32(value: number): I32 {
  return smallI32[value] ?? makeI32(value | 0)
}

export function i64(value: bigint | number): I64 {
  if (value >= 0 && value < SMALL) return smallI64[Number(value)]!
  return makeI64(BigInt.asIntN(64, BigInt(value)))
}

function floatBytes(opcode: number, size: 4 | 8, value: number): number[] {
  const view = new DataView(new ArrayBuffer(8))
  if (size === 4) view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  return [opcode, ...new Uint8Array(view.buffer, 0, size)]
}

export function f32(value: number): F32 {
  return new Expr('f32', floatBytes(0x43, 4, value))
}

export function f64(value: number): F64 {
  return new Expr('f64', floatBytes(0x44, 8, value))
}

/** A vector constant; `low` and `high` are its 64-bit halves. */
export function v128(low: bigint, high: bigint): V128 {
  const view = new DataView(new ArrayBuffer(16))
  view.setBigUint64(0, BigInt.asUintN(64, low), true)
  view.setBigUint64(8, BigInt.asUintN(64, high), true)
  return new Expr('v128', [0xfd, 0x0c, ...new Uint8Array(view.buffer)])
}

/** An integer constant of the given type. */
export function int<T extends Int>(type: T, value: number | bigint): Expr<T> {
  if (type === 'i64') return i64(value) as Expr as Expr<T>
  return i32(typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value))) as Expr as Expr<T>
}

type Row = readonly [number, ValType, ...ValType[]]
type Plain = typeof numeric & typeof saturating & typeof vector
/** Names of all instructions without immediates. */
export type OpName = keyof Plain
type ResultOf<N extends OpName> = Plain[N][1] & ValType
type Params<R> = R extends readonly [number, ValType, ...infer P]
  ? { [K in keyof P]: P[K] extends ValType ? Expr<P[K]> : never }
  : never

export interface Operation {
  name: string
  result: ValType
  params: readonly ValType[]
  code: readonly number[]
}

const operations = new Map<string, Operation>()
function register(rows: Record<string, Row>, encode: (opcode: number) => number[]): void {
  for (const [name, [opcode, result, ...params]] of Object.entries(rows))
    operations.set(name, { name, result, params, code: encode(opcode) })
}
register(numeric, (opcode) => [opcode])
register(saturating, (opcode) => [0xfc, opcode])
register(vector, (opcode) => [0xfd, ...leb(opcode)])

/** A node without folding; checks the types of the arguments. */
export function raw(name: string, args: readonly Expr[]): Expr {
  return node(operationOf(name), args)
}

export function operationOf(name: string): Operation {
  const operation = operations.get(name)
  if (!operation) throw new TypeError(`no such instruction: ${name}`)
  return operation
}

/** The same for an operation that has been looked up. */
export function node(operation: Operation, args: readonly Expr[]): Expr {
  if (!hasTypes(args, operation.params)) {
    const types = args.map((arg) => arg.type).join()
    throw new TypeError(`${operation.name} takes (${operation.params.join()}), not (${types})`)
  }
  return new Expr(operation.result, operation.code, args)
}

export function hasTypes(args: readonly Expr[], types: readonly ValType[]): boolean {
  if (args.length !== types.length) return false
  for (let i = 0; i < args.length; i++) if (args[i]!.type !== types[i]) return false
  return true
}

/** Any instruction without immediates, by its name in the text format; scalars' folding forms are in `integer.ts`. */
export function op<N extends OpName>(name: N, ...args: Params<Plain[N]> & Expr[]): Expr<ResultOf<N>> {
  return raw(name, args) as Expr<ResultOf<N>>
}

type Lanes = typeof vectorLanes

/** `extract_lane` and `replace_lane`; `lane` is the immediate. */
export function laneOp<N extends keyof Lanes>(
  name: N,
  lane: number,
  ...args: Params<Lanes[N]> & Expr[]
): Expr<Lanes[N][1] & ValType> {
  const [opcode, result] = vectorLanes[name]
  return new Expr<Lanes[N][1] & ValType>(result, [0xfd, ...leb(opcode), lane], args)
}

/** `i8x16.shuffle`: byte `i` of the result is byte `lanes[i]` of x followed by y (0 … 31). */
export function shuffle(lanes: readonly number[], x: V128, y: V128): V128 {
  if (lanes.length !== 16) throw new RangeError('a shuffle takes 16 lanes')
  return new Expr('v128', [0xfd, 0x0d, ...lanes], [x, y])
}
