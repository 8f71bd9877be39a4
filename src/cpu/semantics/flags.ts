/**
 * The arithmetic flags as generated code sees them. Writing them stores their source (layout's FLAGS_KIND …). When one function both
 * writes and reads them the source is known, and a condition becomes a comparison of the operands.
 */
import * as L from '../layout.ts'
import {
  and,
  eq,
  eqz,
  extendU,
  geS,
  geU,
  gtS,
  gtU,
  i32,
  i64,
  leS,
  leU,
  ltS,
  ltU,
  ne,
  or,
  popcnt,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
  type FunctionBuilder,
  type I32,
  type I64,
} from '../wasm/index.ts'

/** CF, PF, AF, ZF, SF, OF: bits of RFLAGS. */
export const CF = 0x001
export const PF = 0x004
export const AF = 0x010
export const ZF = 0x040
export const SF = 0x080
export const OF = 0x800

/** Where the flags come from; 64-bit values are sign-extended from `bits` and stable. */
export interface FlagSource {
  /** One of layout's FLAGS_ kinds. */
  kind: number
  bits: number
  result: I64
  x: I64
  /** Of FLAGS_SUB, where it is at hand: the second operand, sign-extended. */
  y?: I64
}

/** The condition codes of Jcc, SETcc and CMOVcc (manual, appendix B.1.4.7). */
export const conditionNames = [
  'o',
  'no',
  'b',
  'ae',
  'e',
  'ne',
  'be',
  'a',
  's',
  'ns',
  'p',
  'np',
  'l',
  'ge',
  'le',
  'g',
]

/** Parity flag of the low byte: 1 when the number of ones is even. */
export function parity(result: I64): I32 {
  return xor(and(popcnt(and(wrap(result), i32(0xff))), i32(1)), i32(1))
}

/** CF, 0 or 1; the comparisons hold for every size because sign extension keeps the unsigned order. */
export function carryOf({ kind, x, result }: FlagSource): I32 {
  if (kind === L.FLAGS_ADD) return ltU(result, x)
  if (kind === L.FLAGS_SUB) return gtU(result, x)
  if (kind === L.FLAGS_LOGIC) return i32(0)
  return and(wrap(x), i32(1))
}

/** OF, 0 or 1. */
export function overflowOf(source: FlagSource): I32 {
  return overflowAt(source, i64(source.bits - 1))
}

/** The same where the number of the sign bit may be known at run time only. */
function overflowAt({ kind, x, result }: Omit<FlagSource, 'bits'>, top: I64): I32 {
  const bit = (value: I64): I32 => and(wrap(shrU(value, top)), i32(1))
  if (kind === L.FLAGS_ADD) return bit(and(xor(x, result), xor(sub(result, x), result)))
  if (kind === L.FLAGS_SUB) return bit(and(xor(x, sub(x, result)), xor(x, result)))
  if (kind === L.FLAGS_LOGIC) return i32(0)
  if (kind === L.FLAGS_INC) return eq(result, shl(i64(-1), top))
  if (kind === L.FLAGS_DEC) return eq(result, sub(shl(i64(1), top), i64(1)))
  return and(shrU(wrap(x), i32(11)), i32(1))
}

/** AF at its place, from a source whose kind is known only at run time and is not FLAGS_EXPLICIT. */
export function adjustOf(op: I32, x: I64, result: I64): I64 {
  const is = (kind: number): I32 => eq(op, i32(kind))
  const low = and(result, i64(15))
  const place = (bit: I32): I64 => shl(extendU(bit), i64(4))
  const y = select(is(L.FLAGS_ADD), sub(result, x), sub(x, result))
  const ofSum = and(xor(xor(x, y), result), i64(AF))
  const others = select(
    is(L.FLAGS_INC),
    place(eqz(low)),
    select(is(L.FLAGS_DEC), place(eq(low, i64(15))), select(is(L.FLAGS_PARTIAL), and(x, i64(AF)), i64(0))),
  )
  return select(or(is(L.FLAGS_ADD), is(L.FLAGS_SUB)), ofSum, others)
}

/** All six at their places in RFLAGS, from a source that is not FLAGS_EXPLICIT. */
export function arithmeticFlagsOf(source: FlagSource, top: I64 = i64(source.bits - 1)): I64 {
  const { kind, x, result } = source
  const place = (bit: I32, at: number): I64 => shl(extendU(bit), i64(at))
  const others = [
    adjustOf(i32(kind), x, result),
    place(parity(result), 2),
    place(eqz(result), 6),
    and(shrU(result, i64(56)), i64(SF)),
    place(overflowAt(source, top), 11),
  ]
  return others.reduce((flags, flag) => or(flags, flag), extendU(carryOf(source)))
}

/** A condition from a known source; `subtrahend` gives the second operand of a SUB. */
export function conditionOf(source: FlagSource, code: number, subtrahend: (() => I64) | null): I32 {
  const { kind, result, x } = source
  if (kind === L.FLAGS_SUB && subtrahend) {
    const y = subtrahend()
    const compare = { 2: ltU, 3: geU, 4: eq, 5: ne, 6: leU, 7: gtU, 12: ltS, 13: geS, 14: leS, 15: gtS }[code]
    if (compare) return compare(x, y)
  }
  const zero = eqz(result)
  const negative = ltS(result, i64(0))
  const positive: Record<number, () => I32> = {
    0: () => overflowOf(source),
    2: () => carryOf(source),
    4: () => zero,
    6: () => or(carryOf(source), zero),
    8: () => negative,
    10: () => parity(result),
    12: () => xor(negative, overflowOf(source)),
    14: () => or(xor(negative, overflowOf(source)), zero),
  }
  const even = positive[code & ~1]!()
  return code & 1 ? eqz(even) : even
}

/** Functions of the generated module that compute flags from the stored source, each `(cpu) → i32`. */
export function defineStoredFlags(
  f: FunctionBuilder,
  which: 'carry' | 'overflow' | 'sign' | 'parity',
  load: {
    kind: I32
    x: I64
    result: I64
  },
): void {
  const kind = f.let(load.kind)
  const op = f.let(and(kind, i32(0xff)))
  const x = f.let(load.x)
  const result = f.let(load.result)
  if (which === 'sign' || which === 'parity') {
    const shift = which === 'sign' ? 7 : 2
    f.if(eqz(op), () => f.return(and(shrU(wrap(x), i32(shift)), i32(1))))
    return f.return(which === 'sign' ? wrap(shrU(result, i64(63))) : parity(result))
  }
  const source = (k: number, bits: number): FlagSource => ({ kind: k, bits, result, x })
  if (which === 'carry') {
    for (const k of [L.FLAGS_SUB, L.FLAGS_ADD, L.FLAGS_LOGIC])
      f.if(eq(op, i32(k)), () => f.return(carryOf(source(k, 64))))
    return f.return(carryOf(source(L.FLAGS_PARTIAL, 64)))
  }
  // The overflow of ADD and SUB stands at the sign bit of the operand size, which is stored beside the kind.
  const top = f.let(shrU(kind, i32(8)))
  for (const bits of [64, 32, 16, 8])
    f.if(eq(top, i32(bits - 1)), () => {
      for (const k of [L.FLAGS_SUB, L.FLAGS_ADD, L.FLAGS_LOGIC, L.FLAGS_INC, L.FLAGS_DEC])
        f.if(eq(op, i32(k)), () => f.return(overflowOf(source(k, bits))))
    })
  f.return(overflowOf(source(L.FLAGS_PARTIAL, 64)))
}

/** The same for all six flags at once, as an i64. */
export function defineStoredArithmetic(f: FunctionBuilder, kind: I32, x: I64, result: I64): void {
  const op = f.let(and(kind, i32(0xff)))
  const top = f.let(extendU(shrU(kind, i32(8))))
  f.if(eqz(op), () => f.return(x))
  const of = (k: number): I64 => arithmeticFlagsOf({ kind: k, bits: 64, x, result }, top)
  for (const k of [L.FLAGS_SUB, L.FLAGS_ADD, L.FLAGS_LOGIC, L.FLAGS_INC, L.FLAGS_DEC])
    f.if(eq(op, i32(k)), () => f.return(of(k)))
  f.return(of(L.FLAGS_PARTIAL))
}
