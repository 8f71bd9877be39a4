/** ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD: imm8[1:0] gives the rounding unless imm8[2] asks for MXCSR.RC; imm8[3] keeps PE from being set. */
import * as O from '../../float-operations.ts'
import * as L from '../../layout.ts'
import { and, eqz, fromBits, i32, op, raw, select, toBits, type Expr, type I32 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { double, rounded, roundingControl, single, type Format } from './float.ts'
import { countOf } from './settle.ts'
import { scalar, secondOf, unaryLanes } from './form.ts'
import { immediate, vector } from './lanes.ts'
import { anyOf, denormalsAreZeros, isNaN, nanLanes, oneOf, tellsInexact } from './plain.ts'
import { chooseLanes, codeOf, softLanes, softScalar } from './soft.ts'

function control(c: Context, imm: I32): I32 {
  const fromState = roundingControl(c, c.stateI32(L.MXCSR))
  return c.let(select(and(imm, i32(4)), fromState, and(imm, i32(3))))
}

/** Not 0 when the helper must tell of an inexact result, if there is one. */
const wantsInexact = (c: Context, imm: I32): I32 => select(and(imm, i32(8)), i32(0), tellsInexact(c))

function packed(f: Format): Definition {
  return unaryLanes((c, x) => {
    const imm = immediate(c, 2)
    const plain = x.map((v) => rounded(c, f.lanes, control(c, imm), v))
    const changed = anyOf(x.map((v, n) => vector(`${f.lanes}.ne`, v, plain[n]!)))
    const odd = oneOf(
      denormalsAreZeros(c),
      anyOf(x.map((v) => nanLanes(f, v))),
      and(op('i32.ne', wantsInexact(c, imm), i32(0)), changed),
    )
    return chooseLanes(c, odd, plain, () => softLanes(c, codeOf(O.FLOAT_ROUND, f), countOf(f, x), [x], imm))
  })
}

function low(f: Format): Definition {
  return scalar(f.bits, (c, _x, bits) => {
    const imm = immediate(c, secondOf(c) + 1)
    const x = c.let(fromBits(bits) as Expr<'f64'>)
    const plain = rounded(c, f.float, control(c, imm), x)
    const changed = raw(`${f.float}.ne`, [x, plain]) as I32
    const inexact = and(eqz(eqz(wantsInexact(c, imm))), changed)
    const odd = oneOf(denormalsAreZeros(c), isNaN(f, bits), inexact)
    return c.f.choose(
      odd,
      () => softScalar(c, codeOf(O.FLOAT_ROUND, f), f.bits, [bits], imm),
      () => toBits(plain),
    )
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
