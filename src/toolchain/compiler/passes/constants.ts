import type { Value } from '../ssa/ir.ts'

/** Wasm's integer arithmetic on constants. i32 values are signed 32-bit numbers, i64 values signed bigints. */

type Fold32 = (a: number, b: number) => number | undefined
type Fold64 = (a: bigint, b: bigint) => bigint | undefined

const bool = (value: boolean): number => (value ? 1 : 0)
const u32 = (value: number): number => value >>> 0
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value)
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotl64 = (a: bigint, by: bigint): bigint => s64((u64(a) << by) | (u64(a) >> (64n - by)))

const binary32: Record<string, Fold32> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div_s: (a, b) => (b === 0 || (b === -1 && a === -0x8000_0000) ? undefined : a / b),
  div_u: (a, b) => (b === 0 ? undefined : u32(a) / u32(b)),
  rem_s: (a, b) => (b === 0 ? undefined : b === -1 ? 0 : a % b),
  rem_u: (a, b) => (b === 0 ? undefined : u32(a) % u32(b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr_s: (a, b) => a >> b,
  shr_u: (a, b) => a >>> b,
  rotl: (a, b) => (a << b) | ((u32(a) >>> (-b & 31)) & -bool((b & 31) !== 0)),
  rotr: (a, b) => (u32(a) >>> b) | ((a << (-b & 31)) & -bool((b & 31) !== 0)),
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  lt_s: (a, b) => bool(a < b),
  lt_u: (a, b) => bool(u32(a) < u32(b)),
  gt_s: (a, b) => bool(a > b),
  gt_u: (a, b) => bool(u32(a) > u32(b)),
  le_s: (a, b) => bool(a <= b),
  le_u: (a, b) => bool(u32(a) <= u32(b)),
  ge_s: (a, b) => bool(a >= b),
  ge_u: (a, b) => bool(u32(a) >= u32(b)),
}

const binary64: Record<string, Fold64> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div_s: (a, b) => (b === 0n || (b === -1n && a === -(1n << 63n)) ? undefined : a / b),
  div_u: (a, b) => (b === 0n ? undefined : u64(a) / u64(b)),
  rem_s: (a, b) => (b === 0n ? undefined : a % b),
  rem_u: (a, b) => (b === 0n ? undefined : u64(a) % u64(b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr_s: (a, b) => a >> (b & 63n),
  shr_u: (a, b) => u64(a) >> (b & 63n),
  rotl: (a, b) => rotl64(a, b & 63n),
  rotr: (a, b) => rotl64(a, -b & 63n),
}

const compare64: Record<string, (a: bigint, b: bigint) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt_s: (a, b) => a < b,
  lt_u: (a, b) => u64(a) < u64(b),
  gt_s: (a, b) => a > b,
  gt_u: (a, b) => u64(a) > u64(b),
  le_s: (a, b) => a <= b,
  le_u: (a, b) => u64(a) <= u64(b),
  ge_s: (a, b) => a >= b,
  ge_u: (a, b) => u64(a) >= u64(b),
}

const trailing = (bits: string): number => bits.length - bits.lastIndexOf('1') - 1
const ones = (bits: string): number => bits.replaceAll('0', '').length

const unary32: Record<string, (a: number) => number> = {
  eqz: (a) => bool(a === 0),
  clz: Math.clz32,
  ctz: (a) => (a === 0 ? 32 : trailing(u32(a).toString(2))),
  popcnt: (a) => ones(u32(a).toString(2)),
  extend8_s: (a) => (a << 24) >> 24,
  extend16_s: (a) => (a << 16) >> 16,
}

const unary64: Record<string, (a: bigint) => bigint> = {
  clz: (a) => (a === 0n ? 64n : BigInt(64 - u64(a).toString(2).length)),
  ctz: (a) => (a === 0n ? 64n : BigInt(trailing(u64(a).toString(2)))),
  popcnt: (a) => BigInt(ones(u64(a).toString(2))),
  extend8_s: (a) => BigInt.asIntN(8, a),
  extend16_s: (a) => BigInt.asIntN(16, a),
  extend32_s: (a) => BigInt.asIntN(32, a),
}

export type Folded = { type: 'i32'; value: number } | { type: 'i64'; value: bigint }

const i32 = (value: number | undefined): Folded | undefined =>
  value === undefined ? undefined : { type: 'i32', value: value | 0 }
const i64 = (value: bigint | undefined): Folded | undefined =>
  value === undefined ? undefined : { type: 'i64', value: s64(value) }

/** The value of an integer operation whose arguments are all constant; `undefined` if it traps or is not integer. */
export function foldConstant(value: Value): Folded | undefined {
  const [a, b] = value.args
  if (!a) return undefined
  const operation = value.op.slice(4)
  if (value.op === 'i32.wrap_i64') return i32(Number(BigInt.asIntN(32, a.wide)))
  if (value.op === 'i64.extend_i32_s') return i64(BigInt(a.imm))
  if (value.op === 'i64.extend_i32_u') return i64(BigInt(u32(a.imm)))
  if (value.op.startsWith('i32.'))
    return b ? i32(binary32[operation]?.(a.imm, b.imm)) : i32(unary32[operation]?.(a.imm))
  if (!value.op.startsWith('i64.')) return undefined
  if (operation === 'eqz') return i32(bool(a.wide === 0n))
  if (!b) return i64(unary64[operation]?.(a.wide))
  const compare = compare64[operation]
  return compare ? i32(bool(compare(a.wide, b.wide))) : i64(binary64[operation]?.(a.wide, b.wide))
}
