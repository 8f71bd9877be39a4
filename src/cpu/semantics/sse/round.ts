/** ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD: imm8[1:0] gives the rounding unless imm8[2] asks for MXCSR.RC. */
import { and, i32, select, type Expr, type I32 } from '../../wasm/index.ts'
import * as L from '../../layout.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
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
import { scalar, secondOf, unaryImmediate } from './form.ts'
import { immediate } from './lanes.ts'

function control(c: Context, imm: I32): I32 {
  const fromState = roundingControl(c, c.stateI32(L.MXCSR))
  return c.let(select(and(imm, i32(4)), fromState, and(imm, i32(3))))
}

function packed(f: Format): Definition {
  return unaryImmediate((c, x, imm) => settleVector(c, f, rounded(c, f.lanes, control(c, imm), x), x, x))
}

function low(f: Format): Definition {
  return scalar(f.bits, (c, _x, bits) => {
    const x = c.let(fromBits(f, bits) as Expr<'f64'>)
    const rounding = control(c, immediate(c, secondOf(c) + 1))
    return settle(c, f, rounded(c, f.float, rounding, x), bits, bits)
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
