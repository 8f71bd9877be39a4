import type { Value } from '../ssa/ir.ts'
import { repeated } from './float.ts'
import type { Lower } from './lowering.ts'
import { binary, change, expand, fromRegister, make, ones, reversed, unary, zeroes } from './vector.ts'

/** Lane-wise integer arithmetic and comparison. */

/** wasm operation → x86 operation for 8-, 16-, 32- and 64-bit lanes; `-` where there is none. */
const simple = `
  add       paddb    paddw    paddd  paddq  commutative
  sub       psubb    psubw    psubd  psubq
  add_sat_s paddsb   paddsw   -      -      commutative
  add_sat_u paddusb  paddusw  -      -      commutative
  sub_sat_s psubsb   psubsw   -      -
  sub_sat_u psubusb  psubusw  -      -
  mul       -        pmullw   pmulld -      commutative
  min_s     pminsb   pminsw   pminsd -      commutative
  min_u     pminub   pminuw   pminud -      commutative
  max_s     pmaxsb   pmaxsw   pmaxsd -      commutative
  max_u     pmaxub   pmaxuw   pmaxud -      commutative
  avgr_u    pavgb    pavgw    -      -      commutative
  eq        pcmpeqb  pcmpeqw  pcmpeqd pcmpeqq commutative
  gt_s      pcmpgtb  pcmpgtw  pcmpgtd pcmpgtq`

const shapes = ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const
const letters = ['b', 'w', 'd', 'q'] as const

/** The opposite of a comparison: all bits of its result inverted. */
function inverted(lower: (first: Value, second: Value) => [op: string, first: Value, second: Value]): Lower {
  return expand((lowering, [left, right], to) => {
    const [op, first, second] = lower(left!, right!)
    const compared = change(lowering, op, first, [second])
    change(lowering, 'pxor', compared, [ones], to)
  })
}

/** a ≥ b if the greater of the two is a; a ≤ b if the smaller one is. */
function byExtremum(extremum: string, equal: string, invert: boolean): Lower {
  return expand((lowering, [left, right], to) => {
    const picked = change(lowering, extremum, left!, [right!])
    if (!invert) return void change(lowering, equal, picked, [left!], to)
    const compared = change(lowering, equal, picked, [left!])
    change(lowering, 'pxor', compared, [ones], to)
  })
}

const lowerings: Record<string, Lower> = {}

for (const line of simple.trim().split('\n')) {
  const [name, ...ops] = line.trim().split(/\s+/)
  for (const [index, shape] of shapes.entries()) {
    if (ops[index] !== '-') lowerings[`${shape}.${name}`] = binary(ops[index]!, ops[4] !== undefined)
  }
}

for (const [index, shape] of shapes.entries()) {
  const letter = letters[index]!
  const greater = `pcmpgt${letter}`
  const equal = `pcmpeq${letter}`
  lowerings[`${shape}.lt_s`] = reversed(greater)
  lowerings[`${shape}.le_s`] = inverted((left, right) => [greater, left, right])
  lowerings[`${shape}.ge_s`] = inverted((left, right) => [greater, right, left])
  lowerings[`${shape}.ne`] = inverted((left, right) => [equal, left, right])
  lowerings[`${shape}.neg`] = expand((lowering, [argument], to) => {
    change(lowering, `psub${letter}`, zeroes, [argument!], to)
  })
  if (shape === 'i64x2') continue
  lowerings[`${shape}.ge_u`] = byExtremum(`pmaxu${letter}`, equal, false)
  lowerings[`${shape}.le_u`] = byExtremum(`pminu${letter}`, equal, false)
  lowerings[`${shape}.lt_u`] = byExtremum(`pmaxu${letter}`, equal, true)
  lowerings[`${shape}.gt_u`] = byExtremum(`pminu${letter}`, equal, true)
  lowerings[`${shape}.abs`] = unary(`pabs${letter}`)
}

/** |a| = (a xor sign) − sign. */
const abs64 = expand((lowering, [argument], to) => {
  const sign = change(lowering, 'pcmpgtq', zeroes, [argument!])
  const flipped = change(lowering, 'pxor', argument!, [sign])
  change(lowering, 'psubq', flipped, [sign], to)
})

/** The cross products, shifted up by 32, plus the product of the lower halves. */
const mul64 = expand((lowering, [left, right], to) => {
  const highLeft = change(lowering, 'psrlq', left!, [32])
  const first = change(lowering, 'pmuludq', highLeft, [right!])
  const highRight = change(lowering, 'psrlq', right!, [32])
  const second = change(lowering, 'pmuludq', highRight, [left!])
  const cross = change(lowering, 'psllq', change(lowering, 'paddq', first, [second]), [32])
  const low = change(lowering, 'pmuludq', left!, [right!])
  change(lowering, 'paddq', low, [cross], to)
})

/** Counts the bits of both nibbles by a table of 16 entries. */
const popcount = expand((lowering, [argument], to) => {
  const counts = Uint8Array.from([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4])
  const mask = repeated(0x0fn, 8)
  const low = change(lowering, 'pand', argument!, [mask])
  const high = change(lowering, 'pand', change(lowering, 'psrlw', argument!, [4]), [mask])
  const first = change(lowering, 'pshufb', counts, [low])
  const second = change(lowering, 'pshufb', counts, [high])
  change(lowering, 'paddb', first, [second], to)
})

/** PMULHRSW does not saturate −1 · −1: its result 0x8000 there is inverted. */
const q15 = expand((lowering, [left, right], to) => {
  const product = change(lowering, 'pmulhrsw', left!, [right!])
  const overflowed = change(lowering, 'pcmpeqw', product, [repeated(0x8000n, 16)])
  change(lowering, 'pxor', product, [overflowed], to)
})

/** PMADDUBSW and PMADDWD by ones add neighbours; unsigned 16-bit lanes are moved into the signed range and back. */
const pairwise: Record<string, Lower> = {
  'i16x8.extadd_pairwise_i8x16_s': expand((lowering, [argument], to) => {
    change(lowering, 'pmaddubsw', repeated(1n, 8), [argument!], to)
  }),
  'i16x8.extadd_pairwise_i8x16_u': expand((lowering, [argument], to) => {
    change(lowering, 'pmaddubsw', argument!, [repeated(1n, 8)], to)
  }),
  'i32x4.extadd_pairwise_i16x8_s': expand((lowering, [argument], to) => {
    change(lowering, 'pmaddwd', argument!, [repeated(1n, 16)], to)
  }),
  'i32x4.extadd_pairwise_i16x8_u': expand((lowering, [argument], to) => {
    const moved = change(lowering, 'pxor', argument!, [repeated(0x8000n, 16)])
    const sums = change(lowering, 'pmaddwd', moved, [repeated(1n, 16)])
    change(lowering, 'paddd', sums, [repeated(0x10000n, 32)], to)
  }),
}

/** Widening by PMOVSX and PMOVZX; the upper half is brought down first. */
const widenings = [
  ['i16x8', 'i8x16', 'bw'],
  ['i32x4', 'i16x8', 'wd'],
  ['i64x2', 'i32x4', 'dq'],
] as const
for (const [shape, from, letters2] of widenings) {
  for (const [sign, kind] of [
    ['s', 'sx'],
    ['u', 'zx'],
  ] as const) {
    const op = `pmov${kind}${letters2}`
    lowerings[`${shape}.extend_low_${from}_${sign}`] = expand((lowering, [argument], to) => {
      fromRegister(lowering, op, argument!, to)
    })
    lowerings[`${shape}.extend_high_${from}_${sign}`] = expand((lowering, [argument], to) => {
      fromRegister(lowering, op, make(lowering, 'pshufd', [argument!, 0xee]), to)
    })
    for (const half of ['low', 'high'] as const) {
      lowerings[`${shape}.extmul_${half}_${from}_${sign}`] = extendedProduct(shape, half, op, sign)
    }
  }
}

function extendedProduct(shape: string, half: 'low' | 'high', op: string, sign: 's' | 'u'): Lower {
  return expand((lowering, [left, right], to) => {
    if (shape === 'i16x8') {
      const widen = (each: Value) =>
        fromRegister(lowering, op, half === 'low' ? each : make(lowering, 'pshufd', [each, 0xee]))
      change(lowering, 'pmullw', widen(left!), [widen(right!)], to)
    } else if (shape === 'i32x4') {
      const low = change(lowering, 'pmullw', left!, [right!])
      const high = change(lowering, sign === 's' ? 'pmulhw' : 'pmulhuw', left!, [right!])
      change(lowering, half === 'low' ? 'punpcklwd' : 'punpckhwd', low, [high], to)
    } else {
      const spread = (each: Value) => make(lowering, 'pshufd', [each, half === 'low' ? 0x50 : 0xfa])
      change(lowering, sign === 's' ? 'pmuldq' : 'pmuludq', spread(left!), [spread(right!)], to)
    }
  })
}

export const simdIntegerLowerings: Readonly<Record<string, Lower>> = {
  ...lowerings,
  ...pairwise,
  'i64x2.abs': abs64,
  'i64x2.mul': mul64,
  'i8x16.popcnt': popcount,
  'i16x8.q15mulr_sat_s': q15,
  'i32x4.dot_i16x8_s': binary('pmaddwd', true),
  'i8x16.narrow_i16x8_s': binary('packsswb'),
  'i8x16.narrow_i16x8_u': binary('packuswb'),
  'i16x8.narrow_i32x4_s': binary('packssdw'),
  'i16x8.narrow_i32x4_u': binary('packusdw'),
  'v128.and': binary('pand', true),
  'v128.or': binary('por', true),
  'v128.xor': binary('pxor', true),
  'v128.andnot': reversed('pandn'),
  'v128.not': expand((lowering, [argument], to) => void change(lowering, 'pxor', argument!, [ones], to)),
  'v128.bitselect': expand((lowering, [whenOne, whenZero, mask], to) => {
    const differing = change(lowering, 'pxor', whenOne!, [whenZero!])
    const chosen = change(lowering, 'pand', differing, [mask!])
    change(lowering, 'pxor', chosen, [whenZero!], to)
  }),
}
