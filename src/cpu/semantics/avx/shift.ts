/** Shifts by a count of its own for each element; one beyond the element gives zeros, or copies of the sign (SDM volume 2: VPSLLV, VPSRLV, VPSRAV). */
import {
  gtU,
  i32,
  i64,
  int,
  laneOp,
  raw,
  select,
  type Expr,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { binary } from '../sse/form.ts'
import { ZERO } from '../sse/lanes.ts'

type Direction = 'shl' | 'shr_u' | 'shr_s'

function shiftEach(bits: 32 | 64, direction: Direction): Definition {
  const type = bits === 32 ? 'i32' : 'i64'
  const element = (c: Context, v: V128, n: number): Expr<'i64'> =>
    c.let(bits === 32 ? laneOp('i32x4.extract_lane', n, v) : laneOp('i64x2.extract_lane', n, v)) as I64
  return binary((c, x, counts) => {
    let result: V128 = ZERO
    for (let n = 0; n < 128 / bits; n++) {
      const count = element(c, counts, n)
      const beyond = gtU(count, int(type, bits - 1) as I64)
      const amount = direction === 'shr_s' ? select(beyond, int(type, bits - 1) as I64, count) : count
      const shifted = raw(`${type}.${direction}`, [element(c, x, n), amount])
      const value = direction === 'shr_s' ? shifted : select(beyond, bits === 32 ? i32(0) : i64(0), shifted)
      result =
        bits === 32
          ? laneOp('i32x4.replace_lane', n, result, value as I32)
          : laneOp('i64x2.replace_lane', n, result, value as I64)
    }
    return result
  })
}

export const avxShift: Definitions = {
  mnemonics: {
    vpsllvd: shiftEach(32, 'shl'),
    vpsllvq: shiftEach(64, 'shl'),
    vpsrlvd: shiftEach(32, 'shr_u'),
    vpsrlvq: shiftEach(64, 'shr_u'),
    vpsravd: shiftEach(32, 'shr_s'),
  },
}
