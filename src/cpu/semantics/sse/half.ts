/** F16C: VCVTPH2PS and VCVTPS2PH. SDM Vol. 2C. */
import * as O from '../../float-operations.ts'
import { f32, i32, i64, laneOp, op, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definitions } from '../definition.ts'
import { vectored, wideningLanes } from './form.ts'
import { immediate, lanes, pick } from './lanes.ts'
import { anyOf } from './plain.ts'
import { chooseLanes, softLanes } from './soft.ts'

const FROM_HALF = O.FLOAT_FROM_HALF | (O.FLOAT_HALF << 8)
const TO_HALF = O.FLOAT_TO_HALF | (O.FLOAT_SINGLE << 8)

const fours = (value: number): V128 => lanes(value, value, value, value)

/** Four halves in the low part of 32 bits each, as singles, but for infinities and NaNs: moving them in place leaves the exponent too small by 112. */
function singles(c: Context, wide: V128): V128 {
  const magnitude = op('i32x4.shl', op('v128.and', wide, fours(0x7fff)), i32(13))
  const value = op('f32x4.mul', magnitude, op('f32x4.splat', f32(2 ** 112)))
  const sign = op('i32x4.shl', op('v128.and', wide, fours(0x8000)), i32(16))
  return c.let(op('v128.or', value, sign))
}

/** Exact, and silent but for signaling NaNs. */
function fromHalves(c: Context, x: V128, count: number): V128[] {
  const upper = pick(8, [1, 0], x, x)
  const wide = [x, upper].slice(0, count).map((v) => c.let(op('i32x4.extend_low_i16x8_u', v)))
  const special = wide.map((v) => op('i32x4.ge_u', op('v128.and', v, fours(0x7fff)), fours(0x7c00)))
  const plain = wide.map((v) => singles(c, v))
  return chooseLanes(c, anyOf(special), plain, () => softLanes(c, FROM_HALF, 4 * count, [[x]], i32(0), count))
}

export const half: Definitions = {
  mnemonics: {
    vcvtph2ps: wideningLanes(64, fromHalves),
    vcvtps2ph: vectored((c) => {
      const x = c.readVectors(1)
      const toMemory = c.operand(0).kind === 'memory'
      // Flags change with the result, so what storing may raise comes first.
      if (toMemory) c.system('probeWrite', c.address(0, 'write'), i32(8 * x.length))
      const [all] = softLanes(c, TO_HALF, 4 * x.length, [x], immediate(c, 2), 1)
      const result = c.let(x.length === 1 ? laneOp('i64x2.replace_lane', 1, all!, i64(0)) : all!)
      if (!toMemory) c.writeVectors(0, [result])
      else if (x.length === 1) c.write(0, c.let(laneOp('i64x2.extract_lane', 0, result)), 64)
      else c.writeVector(0, result)
    }),
  },
}
