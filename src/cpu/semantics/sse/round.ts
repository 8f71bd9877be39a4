/** ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD: imm8[1:0] gives the rounding unless imm8[2] asks for MXCSR.RC. */
import { and, i32, select, type Expr, type I32, type V128 } from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import { plain, type Definition, type Definitions } from '../definition.ts'
import {
  double,
  fromBits,
  rounded,
  roundingControl,
  settle,
  settleVector,
  single,
  type Format,
} from './float.ts'
import { immediate, readAligned } from './lanes.ts'

function control(c: Context): I32 {
  const imm = immediate(c, 2)
  const fromState = roundingControl(c, c.stateI32(L.MXCSR))
  return c.let(select(and(imm, i32(4)), fromState, and(imm, i32(3))))
}

function packed(f: Format): Definition {
  return plain((c) => {
    const x: V128 = readAligned(c, 1)
    c.writeVector(0, settleVector(c, f, rounded(c, f.lanes, control(c), x), x, x))
  })
}

function low(f: Format): Definition {
  return plain((c) => {
    const bits = c.read(1, f.bits)
    const x = c.let(fromBits(f, bits) as Expr<'f64'>)
    c.write(0, settle(c, f, rounded(c, f.float, control(c), x), bits, bits), f.bits)
  })
}

export const sseRound: Definitions = {
  mnemonics: {
    roundps: packed(single),
    roundpd: packed(double),
    roundss: low(single),
    roundsd: low(double),
  },
}
