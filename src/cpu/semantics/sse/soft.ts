/**
 * Floating point by helper: whatever MXCSR says, whatever the operands are. The helper may raise, so these come before anything that the guest can see.
 */
import * as O from '../../float-operations.ts'
import * as L from '../../layout.ts'
import { i32, i64, loadV128, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { toI32, toI64, type Value } from '../values.ts'
import type { Format } from './float.ts'

/** An operation on lanes of the format; `odd`: another one in the odd lanes. */
export function codeOf(operation: number, f: Format, odd = 0): number {
  return operation | ((f.bits === 32 ? O.FLOAT_SINGLE : O.FLOAT_DOUBLE) << 8) | (odd << 16)
}

/** One lane; operands and result are bits. */
export function softScalar(
  c: Context,
  code: number,
  resultBits: 32 | 64,
  operands: readonly Value[],
  immediate: I32 = i32(0),
): Value {
  const [x, y = i64(0), z = i64(0)] = operands.map(toI64)
  const result = c.systemValue('floatScalar', i32(code), immediate, x!, y, z)
  return resultBits === 64 ? result : toI32(result)
}

/** `count` lanes. Operands are lists of 128 bits, as is the result. */
export function softLanes(
  c: Context,
  code: number,
  count: number,
  operands: readonly (readonly V128[])[],
  immediate: I32 = i32(0),
  results = operands[0]!.length,
): V128[] {
  operands.forEach((operand, n) =>
    operand.forEach((part, at) =>
      c.f.store('v128.store', c.cpu, part, L.FLOAT_OPERANDS + n * L.FLOAT_OPERAND_SIZE + 16 * at),
    ),
  )
  void c.systemValue('floatLanes', i32(code), immediate, i32(count))
  return Array.from({ length: results }, (_, at) => loadV128(c.cpu, L.FLOAT_RESULT + 16 * at))
}

/** `usual` lanes, or when one of the conditions holds, which is rare, others. All bound. */
export function unlessLanes(
  c: Context,
  rare: readonly I32[],
  usual: readonly V128[],
  otherwise: () => readonly V128[],
): V128[] {
  const results = usual.map((value) => c.f.variable('v128', value))
  c.f.unless(rare, () => otherwise().forEach((value, n) => c.f.set(results[n]!, value)))
  return results.map(({ value }) => c.let(value))
}

/** Plain results when `odd` is 0, else those of the helper. All bound. */
export function chooseLanes(
  c: Context,
  odd: I32,
  plain: readonly V128[],
  soft: () => readonly V128[],
): V128[] {
  const results = plain.map((value) => c.f.variable('v128', value))
  c.f.if(odd, () => soft().forEach((value, n) => c.f.set(results[n]!, value)))
  return results.map(({ value }) => c.let(value))
}
