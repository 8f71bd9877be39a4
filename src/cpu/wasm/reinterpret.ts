/**
 * Floats and their bits. What is an integer only in name stays a float: conversions back and forth cancel out, and a lane of a vector is read and
 * replaced as what it is wanted as, because the way between a processor's general and vector registers is long.
 */
import { Expr, laneOp, operationOf, raw, type F32, type F64, type V128 } from './expression.ts'
import type { Int } from './types.ts'

const SIMD = 0xfd
const EXTRACT_I32 = 0x1b
const EXTRACT_I64 = 0x1d
const [FROM_F32, FROM_F64] = ['i32.reinterpret_f32', 'i64.reinterpret_f64'].map(
  (name) => operationOf(name).code[0],
)

/** The float that an integer is the bits of, if it was made of one. */
export function floatOf({ code, args }: Expr): F32 | F64 | undefined {
  return code[0] === FROM_F32 || code[0] === FROM_F64 ? (args[0] as F32 | F64) : undefined
}

/** The same, or what can be read as a float at no more expense. */
export function readAsFloat(bits: Expr): F32 | F64 | undefined {
  const [prefix, opcode, lane] = bits.code
  if (prefix !== SIMD) return floatOf(bits)
  if (opcode === EXTRACT_I64) return laneOp('f64x2.extract_lane', lane!, bits.args[0] as V128)
  if (opcode === EXTRACT_I32) return laneOp('f32x4.extract_lane', lane!, bits.args[0] as V128)
  return undefined
}

/** The float with these bits, as wide as they are. */
export function fromBits(bits: Expr<Int>): F32 | F64 {
  const reinterpreted = bits.type === 'i64' ? 'f64.reinterpret_i64' : 'f32.reinterpret_i32'
  return readAsFloat(bits) ?? (raw(reinterpreted, [bits]) as F32 | F64)
}

export function toBits(float: F32 | F64): Expr<Int> {
  return raw(float.type === 'f64' ? 'i64.reinterpret_f64' : 'i32.reinterpret_f32', [float]) as Expr<Int>
}

/** v with its lowest lane, as wide as `bits`, replaced. */
export function replaceLowest(v: V128, bits: Expr<Int>): V128 {
  const float = readAsFloat(bits)
  if (float?.type === 'f64') return laneOp('f64x2.replace_lane', 0, v, float)
  if (float?.type === 'f32') return laneOp('f32x4.replace_lane', 0, v, float)
  if (bits.type === 'i64') return laneOp('i64x2.replace_lane', 0, v, bits as Expr<'i64'>)
  return laneOp('i32x4.replace_lane', 0, v, bits as Expr<'i32'>)
}
