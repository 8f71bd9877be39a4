/** AES, carry-less multiplication and SHA; the work is done by `guest/crypto`, to which vectors go through SCRATCH. */
import type { HelperName } from '../../helpers.ts'
import * as L from '../../layout.ts'
import {
  and,
  i32,
  laneOp,
  loadI64,
  op,
  select,
  type Expr,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition, Definitions } from '../definition.ts'
import { binary, unary, unaryImmediate, withImmediate } from '../sse/form.ts'

/** A vector from the low half that a helper gave and the high half that it left in SCRATCH. */
function collect(c: Context, low: I64): V128 {
  return laneOp('i64x2.replace_lane', 1, op('i64x2.splat', low), loadI64(c.cpu, L.SCRATCH + 8))
}

function compute(c: Context, name: HelperName, sources: readonly V128[], ...args: Expr[]): V128 {
  sources.forEach((v, n) => c.f.store('v128.store', c.cpu, v, L.SCRATCH + 16 * n))
  return c.let(collect(c, c.pure(name, ...args)))
}

/** One helper of two vectors. */
const two = (name: HelperName, ...args: Expr[]): Definition =>
  binary((c, x, y) => compute(c, name, [x, y], ...args))

/** One of the quadwords of a vector, by a bit of the immediate. */
function quadword(v: V128, imm: I32, bit: number): I64 {
  const half = (n: number): I64 => laneOp('i64x2.extract_lane', n, v)
  return select(and(imm, i32(bit)), half(1), half(0))
}

export const crypto: Definitions = {
  mnemonics: {
    aesenc: two('aesRound', i32(0)),
    aesenclast: two('aesRound', i32(1)),
    aesdec: two('aesRound', i32(2)),
    aesdeclast: two('aesRound', i32(3)),
    aesimc: unary((c, x) => compute(c, 'aesInverseMix', [x])),
    aeskeygenassist: unaryImmediate((c, x, imm) => compute(c, 'aesKeyAssist', [x], imm)),
    pclmulqdq: withImmediate((c, x, y, imm) =>
      collect(c, c.pure('carrylessMultiply', quadword(x, imm, 1), quadword(y, imm, 16))),
    ),
    sha1nexte: two('sha1NextE'),
    sha1msg1: two('sha1Message1'),
    sha1msg2: two('sha1Message2'),
    sha1rnds4: withImmediate((c, x, y, imm) => compute(c, 'sha1Rounds', [x, y], imm)),
    sha256rnds2: binary((c, x, y) => compute(c, 'sha256Rounds', [x, y, c.vector(0)])),
    sha256msg1: two('sha256Message1'),
    sha256msg2: two('sha256Message2'),
  },
}
