/** Integer operations for both widths, with constant folding. Operands of a binary operation have one type. */
import { Expr, i32, int, node, operationOf, raw, type I32, type I64, type Operation } from './expression.ts'
import type { Int, ValType } from './types.ts'

type Fold = (x: bigint, y: bigint, bits: number) => bigint

const unsigned = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value)

const binaryFolds: Record<string, Fold> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, y, bits) => x << (y & BigInt(bits - 1)),
  shr_s: (x, y, bits) => x >> (y & BigInt(bits - 1)),
  shr_u: (x, y, bits) => unsigned(x, bits) >> (y & BigInt(bits - 1)),
}

const compareFolds: Record<string, (x: bigint, y: bigint, bits: number) => boolean> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt_s: (x, y) => x < y,
  gt_s: (x, y) => x > y,
  le_s: (x, y) => x <= y,
  ge_s: (x, y) => x >= y,
  lt_u: (x, y, bits) => unsigned(x, bits) < unsigned(y, bits),
  gt_u: (x, y, bits) => unsigned(x, bits) > unsigned(y, bits),
  le_u: (x, y, bits) => unsigned(x, bits) <= unsigned(y, bits),
  ge_u: (x, y, bits) => unsigned(x, bits) >= unsigned(y, bits),
}

const bitsOf = (type: Int): number => (type === 'i32' ? 32 : 64)
const isConstant = (value: Expr, constant: number): boolean =>
  value.constant !== undefined && Number(value.constant) === constant

type ByType = Record<Int, Operation>
const byType = (name: string): ByType => ({
  i32: operationOf(`i32.${name}`),
  i64: operationOf(`i64.${name}`),
})
const known = new Map<string, ByType>()

function operationFor(type: Int, name: string): Operation {
  let both = known.get(name)
  if (!both) known.set(name, (both = byType(name)))
  return both[type]
}

function binary<T extends Int>(name: string, x: Expr<T>, y: Expr<T>): Expr<T> {
  const fold = binaryFolds[name]
  if (fold && x.constant !== undefined && y.constant !== undefined)
    return int(x.type, fold(BigInt(x.constant), BigInt(y.constant), bitsOf(x.type)))
  return node(operationFor(x.type, name), [x, y]) as Expr<T>
}

function compare<T extends Int>(name: string, x: Expr<T>, y: Expr<T>): I32 {
  const fold = compareFolds[name]
  if (fold && x.constant !== undefined && y.constant !== undefined)
    return i32(Number(fold(BigInt(x.constant), BigInt(y.constant), bitsOf(x.type))))
  return node(operationFor(x.type, name), [x, y]) as I32
}

export function add<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  if (isConstant(y, 0)) return x
  if (isConstant(x, 0)) return y
  return binary('add', x, y)
}

export function sub<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 0) ? x : binary('sub', x, y)
}

export function mul<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 1) ? x : binary('mul', x, y)
}

export function and<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  if (isConstant(y, 0)) return y
  return isConstant(y, -1) ? x : binary('and', x, y)
}

export function or<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  if (isConstant(x, 0)) return y
  return isConstant(y, 0) ? x : binary('or', x, y)
}

export function xor<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 0) ? x : binary('xor', x, y)
}

/** Shift counts are taken modulo the width, as wasm does. */
export function shl<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 0) ? x : binary('shl', x, y)
}

export function shrU<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 0) ? x : binary('shr_u', x, y)
}

export function shrS<T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> {
  return isConstant(y, 0) ? x : binary('shr_s', x, y)
}

export const rotl = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('rotl', x, y)
export const rotr = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('rotr', x, y)
/** Divisions trap on zero and, signed, on overflow: the caller has excluded both. */
export const divU = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('div_u', x, y)
export const divS = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('div_s', x, y)
export const remU = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('rem_u', x, y)
export const remS = <T extends Int>(x: Expr<T>, y: Expr<T>): Expr<T> => binary('rem_s', x, y)

export const clz = <T extends Int>(x: Expr<T>): Expr<T> => raw(`${x.type}.clz`, [x]) as Expr<T>
export const ctz = <T extends Int>(x: Expr<T>): Expr<T> => raw(`${x.type}.ctz`, [x]) as Expr<T>
export const popcnt = <T extends Int>(x: Expr<T>): Expr<T> => raw(`${x.type}.popcnt`, [x]) as Expr<T>
export const not = <T extends Int>(x: Expr<T>): Expr<T> => xor(x, int(x.type, -1))
export const neg = <T extends Int>(x: Expr<T>): Expr<T> => sub(int(x.type, 0), x)

export const eq = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 =>
  isConstant(y, 0) ? eqz(x) : compare('eq', x, y)
export const ne = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('ne', x, y)
export const ltS = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('lt_s', x, y)
export const ltU = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('lt_u', x, y)
export const gtS = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('gt_s', x, y)
export const gtU = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('gt_u', x, y)
export const leS = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('le_s', x, y)
export const leU = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('le_u', x, y)
export const geS = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('ge_s', x, y)
export const geU = <T extends Int>(x: Expr<T>, y: Expr<T>): I32 => compare('ge_u', x, y)

export function eqz<T extends Int>(x: Expr<T>): I32 {
  if (x.constant !== undefined) return i32(Number(BigInt(x.constant) === 0n))
  return node(operationFor(x.type, 'eqz'), [x]) as I32
}

/** i64 → i32, the low half. */
export function wrap(x: I64): I32 {
  if (x.constant !== undefined) return int('i32', x.constant)
  const [inner] = x.args
  // What has just been extended need not be: wrap(extend(x)) = x.
  if (inner?.type === 'i32' && (x.code[0] === 0xac || x.code[0] === 0xad)) return inner as I32
  return raw('i32.wrap_i64', [x]) as I32
}

export function extendU(x: I32): I64 {
  if (x.constant !== undefined) return int('i64', BigInt(x.constant) & 0xffffffffn)
  return raw('i64.extend_i32_u', [x]) as I64
}

export function extendS(x: I32): I64 {
  if (x.constant !== undefined) return int('i64', x.constant)
  return raw('i64.extend_i32_s', [x]) as I64
}

/** Sign-extends the low `bits` (8, 16, 32 or the whole width) within the type. */
export function signExtend<T extends Int>(x: Expr<T>, bits: number): Expr<T> {
  if (bits === bitsOf(x.type)) return x
  if (x.constant !== undefined) return int(x.type, BigInt.asIntN(bits, BigInt(x.constant)))
  return raw(`${x.type}.extend${bits}_s`, [x]) as Expr<T>
}

/** Clears all but the low `bits` (8, 16, 32 or the whole width). */
export function zeroExtend<T extends Int>(x: Expr<T>, bits: number): Expr<T> {
  return bits === bitsOf(x.type) ? x : and(x, int(x.type, 2 ** bits - 1))
}

/** `condition` ? x : y, both evaluated. */
export function select<T extends ValType>(condition: I32, x: Expr<T>, y: Expr<T>): Expr<T> {
  if (condition.constant !== undefined) return condition.constant ? x : y
  const code = x.type === 'v128' ? [0x1c, 1, 0x7b] : [0x1b]
  return new Expr(x.type, code, [x, y, condition])
}
