/** Loads and stores of the elements whose mask has its sign bit set; the others are not touched and cannot fault (SDM volume 2: VMASKMOV, VPMASKMOV). */
import * as L from '../../layout.ts'
import { add, i32, loadV128, op, or, shl, type I32, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'

type Shape = 'i32x4' | 'i64x2'

/** A bit for each element. */
function bitsOf(c: Context, shape: Shape, masks: readonly V128[]): I32 {
  const count = shape === 'i32x4' ? 4 : 2
  const signs = masks.map((v, n) => shl(op(`${shape}.bitmask`, v), i32(count * n)))
  return c.let(signs.reduce((a, b) => or(a, b)))
}

/** The helpers move between memory and SCRATCH. */
function masked(shape: Shape): Definition {
  const size = i32(shape === 'i32x4' ? 4 : 8)
  return plain((c) => {
    const mask = bitsOf(c, shape, c.readVectors(1))
    if (c.operand(0).kind === 'memory') {
      const lanes = c.readVectors(2)
      lanes.forEach((v, n) => c.f.store('v128.store', c.cpu, v, L.SCRATCH + 16 * n))
      c.system('maskedStore', c.address(0, 'write'), mask, size)
      return
    }
    const count = c.operand(0).bits / 128
    const scratch = add(c.cpu, i32(L.SCRATCH))
    const write = (): void =>
      c.writeVectors(
        0,
        Array.from({ length: count }, (_, n) => c.let(loadV128(scratch, 16 * n))),
      )
    c.systemThen(write, 'maskedLoad', c.address(2), mask, size)
  })
}

export const avxMasked: Definitions = {
  mnemonics: {
    vmaskmovps: masked('i32x4'),
    vmaskmovpd: masked('i64x2'),
    vpmaskmovd: masked('i32x4'),
    vpmaskmovq: masked('i64x2'),
  },
}
