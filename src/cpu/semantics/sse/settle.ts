/**
 * From what WebAssembly computes to what the instruction gives. Most numbers are plain; when there are doubts, which a mask of the exponent tells, there is a
 * closer look, and what is odd goes to the helper. A context that can leave what is rare to another one does not even look closely: all it takes is zeros.
 */
import {
  and,
  fromBits,
  i32,
  op,
  or,
  toBits,
  type Expr,
  type I32,
  type V128,
  type ValType,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'
import type { Float, Format } from './float.ts'
import * as P from './plain.ts'
import { chooseLanes, softLanes, softScalar, unlessLanes } from './soft.ts'

/** An operation that is done, with whatever operands; `Operand` is a value's bits or a list of lanes. */
export interface Operation<Operand, Result> {
  readonly operands: readonly Operand[]
  readonly results: readonly Result[]
  /** A zero is no underflow if one of these is zero; null: it never is. */
  readonly sourcesOfZero: readonly Operand[] | null
  /** What is wrong with the results. */
  readonly odd: () => Result extends V128 ? readonly V128[] : I32
  /** The operation as the helper knows it. */
  readonly code: number
}

/** Those that nothing is known of. */
const unknown = (c: Context, f: Format, values: readonly Value[]): Value[] =>
  values.filter((value) => !c.isPlain(value, f.bits))

/** Doubtful numbers are zeros, or it is left to another context. */
function expectZeros(c: Context, f: Format, values: readonly Value[]): void {
  for (const value of unknown(c, f, values)) c.leaveWhen(P.isDoubtful(f, value), P.isNotZero(f, value))
}

export function settleScalar(
  c: Context,
  f: Format,
  { operands, results, sourcesOfZero, odd, code }: Operation<Value, Value>,
): Value {
  const result = results[0]!
  const mode = P.oddMode(c)
  let settled = result
  if (c.leavesRare) {
    expectZeros(c, f, operands)
    const sources = (sourcesOfZero ?? []).map((source) => P.isNotZero(f, source))
    const tiny = sources.length > 0 ? sources.reduce((a, b) => and(a, b)) : i32(0)
    c.leaveWhen(P.isDoubtful(f, result), or(P.isNotZero(f, result), tiny))
  } else {
    const doubts = [...unknown(c, f, operands), result].map((value) => P.isDoubtful(f, value))
    const denormal = operands.map((value) => P.isDenormal(f, value))
    const soft = (): Value => softScalar(c, code, f.bits, operands)
    const closer = (): Value => c.f.choose(P.oneOf(mode, ...denormal, odd()), soft, () => result)
    const float = c.f.chooseUnless<ValType>([mode, ...doubts], fromBits(result), () => fromBits(closer()))
    settled = c.let(toBits(float as Float))
  }
  for (const value of [...operands, settled]) c.notePlain(value, f.bits)
  return settled
}

/** What `usual` makes of x and y that a comparison says nothing about, or what the helper makes of others. Bound. */
export function settleOrder<T extends ValType>(
  c: Context,
  f: Format,
  x: Value,
  y: Value,
  usual: Expr<T>,
  soft: () => Expr<T>,
): Expr<T> {
  let settled = usual
  if (c.leavesRare) expectZeros(c, f, [x, y])
  else {
    const doubts = unknown(c, f, [x, y]).map((value) => P.isDoubtful(f, value))
    const odd = P.oneOf(...[x, y].flatMap((value) => [P.isDenormal(f, value), P.isNaN(f, value)]))
    settled = c.f.chooseUnless(doubts, usual, () => c.f.choose(odd, soft, () => usual))
  }
  for (const value of [x, y]) c.notePlain(value, f.bits)
  return c.let(settled)
}

/** Lanes of the format in a list of 128-bit ones. */
export const countOf = (f: Format, v: readonly V128[]): number => (v.length * 128) / f.bits

export function settleLanes(
  c: Context,
  f: Format,
  { operands, results, sourcesOfZero, odd, code }: Operation<readonly V128[], V128>,
): V128[] {
  const mode = P.oddMode(c)
  const open = operands.flat().filter((v) => !c.isPlain(v, f.bits))
  const looked = [...open, ...results]
  const suspicious = P.anyDoubtful(f, looked)
  let settled = [...results]
  if (c.leavesRare) {
    const zeros = open.map((v) => P.zeroLanes(f, v))
    const exact = results.map((v, n) => {
      const zero = P.zeroLanes(f, v)
      const sources = sourcesOfZero?.map((source) => P.zeroLanes(f, source[n]!))
      return sources
        ? op(
            'v128.and',
            zero,
            sources.reduce((a, b) => op('v128.or', a, b)),
          )
        : zero
    })
    const doubts = looked.map((v) => P.doubtfulLanes(f, v))
    const unusual = [...zeros, ...exact].map((zero, n) => op('v128.andnot', doubts[n]!, zero))
    c.leaveWhen(suspicious, P.anyOf(unusual))
  } else {
    const soft = (): V128[] => softLanes(c, code, countOf(f, results), operands)
    const denormal = operands.flat().map((v) => P.denormalLanes(f, v))
    settled = unlessLanes(c, [mode, suspicious], results, () =>
      chooseLanes(c, or(mode, P.anyOf([...denormal, ...odd()])), results, soft),
    )
  }
  for (const v of [...operands.flat(), ...settled]) c.notePlain(v, f.bits)
  return settled
}
