/** Packed integer arithmetic, comparison, packing and logic. */
import {
  add,
  and,
  eqz,
  extendU,
  i32,
  laneOp,
  op,
  or,
  select,
  shl,
  shrU,
  type I32,
  type V128,
} from '../../wasm/index.ts'
import type { Definition, Definitions } from '../definition.ts'
import { binary, readSource, unary, vectored, withImmediate } from './form.ts'
import { IOTA, lanes, pick, vector, ZERO } from './lanes.ts'

/** Instructions that one of wasm's computes: `xmm ← op(xmm, xmm/m128)`. */
export const direct: Readonly<Record<string, string>> = {
  paddb: 'i8x16.add',
  paddw: 'i16x8.add',
  paddd: 'i32x4.add',
  paddq: 'i64x2.add',
  psubb: 'i8x16.sub',
  psubw: 'i16x8.sub',
  psubd: 'i32x4.sub',
  psubq: 'i64x2.sub',
  paddsb: 'i8x16.add_sat_s',
  paddsw: 'i16x8.add_sat_s',
  paddusb: 'i8x16.add_sat_u',
  paddusw: 'i16x8.add_sat_u',
  psubsb: 'i8x16.sub_sat_s',
  psubsw: 'i16x8.sub_sat_s',
  psubusb: 'i8x16.sub_sat_u',
  psubusw: 'i16x8.sub_sat_u',
  pavgb: 'i8x16.avgr_u',
  pavgw: 'i16x8.avgr_u',
  pminub: 'i8x16.min_u',
  pminsb: 'i8x16.min_s',
  pminuw: 'i16x8.min_u',
  pminsw: 'i16x8.min_s',
  pminud: 'i32x4.min_u',
  pminsd: 'i32x4.min_s',
  pmaxub: 'i8x16.max_u',
  pmaxsb: 'i8x16.max_s',
  pmaxuw: 'i16x8.max_u',
  pmaxsw: 'i16x8.max_s',
  pmaxud: 'i32x4.max_u',
  pmaxsd: 'i32x4.max_s',
  pmullw: 'i16x8.mul',
  pmulld: 'i32x4.mul',
  pmaddwd: 'i32x4.dot_i16x8_s',
  pcmpeqb: 'i8x16.eq',
  pcmpeqw: 'i16x8.eq',
  pcmpeqd: 'i32x4.eq',
  pcmpeqq: 'i64x2.eq',
  pcmpgtb: 'i8x16.gt_s',
  pcmpgtw: 'i16x8.gt_s',
  pcmpgtd: 'i32x4.gt_s',
  pcmpgtq: 'i64x2.gt_s',
  packsswb: 'i8x16.narrow_i16x8_s',
  packuswb: 'i8x16.narrow_i16x8_u',
  packssdw: 'i16x8.narrow_i32x4_s',
  packusdw: 'i16x8.narrow_i32x4_u',
  pand: 'v128.and',
  andps: 'v128.and',
  andpd: 'v128.and',
  por: 'v128.or',
  orps: 'v128.or',
  orpd: 'v128.or',
  pxor: 'v128.xor',
  xorps: 'v128.xor',
  xorpd: 'v128.xor',
}

const directDefinitions = Object.fromEntries(
  Object.entries(direct).map(([mnemonic, name]) => [mnemonic, binary((_c, x, y) => vector(name, x, y))]),
)

/** The destination is the operand that is inverted. */
const andNot = binary((_c, x, y) => op('v128.andnot', y, x))

/** The high halves of the 16-bit products. */
function multiplyHigh(sign: 's' | 'u'): Definition {
  return binary((_c, x, y) =>
    pick(
      2,
      [1, 3, 5, 7, 9, 11, 13, 15],
      vector(`i32x4.extmul_low_i16x8_${sign}`, x, y),
      vector(`i32x4.extmul_high_i16x8_${sign}`, x, y),
    ),
  )
}

/** The products of the even doublewords. */
function multiplyEven(sign: 's' | 'u'): Definition {
  const even = (v: V128): V128 => pick(4, [0, 2, 0, 2], v, v)
  return binary((_c, x, y) => vector(`i64x2.extmul_low_i32x4_${sign}`, even(x), even(y)))
}

/** PMADDUBSW: bytes of the destination are unsigned, those of the source signed. */
const multiplyAddBytes = binary((_c, x, y) => {
  const eight = i32(8)
  const even = op(
    'i16x8.mul',
    op('v128.and', x, lanes(...Array<number>(8).fill(0xff))),
    op('i16x8.shr_s', op('i16x8.shl', y, eight), eight),
  )
  const odd = op('i16x8.mul', op('i16x8.shr_u', x, eight), op('i16x8.shr_s', y, eight))
  return op('i16x8.add_sat_s', even, odd)
})

/** PMULHRSW does not saturate -1 · -1, which wasm's instruction does. */
const multiplyHighRounded = binary((_c, x, y) => {
  const lowest = lanes(...Array<number>(8).fill(0x8000))
  const both = op('v128.and', op('i16x8.eq', x, lowest), op('i16x8.eq', y, lowest))
  return op('v128.xor', op('i16x8.q15mulr_sat_s', x, y), both)
})

const sumOfDifferences = binary((_c, x, y) => {
  const difference = op('v128.or', op('i8x16.sub_sat_u', x, y), op('i8x16.sub_sat_u', y, x))
  const sums = op('i32x4.extadd_pairwise_i16x8_u', op('i16x8.extadd_pairwise_i8x16_u', difference))
  const low = lanes(0xffffffffn, 0xffffffffn)
  return op('i64x2.add', op('v128.and', sums, low), op('i64x2.shr_u', sums, i32(32)))
})

function horizontal(shape: 'i16x8' | 'i32x4', name: string): Definition {
  const count = shape === 'i16x8' ? 8 : 4
  const even = Array.from({ length: count }, (_, lane) => 2 * lane)
  const odd = even.map((lane) => lane + 1)
  return binary((_c, x, y) =>
    vector(`${shape}.${name}`, pick(16 / count, even, x, y), pick(16 / count, odd, x, y)),
  )
}

function sign(shape: string): Definition {
  return binary((_c, x, y) => {
    const negated = op('v128.bitselect', vector(`${shape}.neg`, x), x, vector(`${shape}.lt_s`, y, ZERO))
    return op('v128.andnot', negated, vector(`${shape}.eq`, y, ZERO))
  })
}

/** PHMINPOSUW: the smallest word and its index; the first of equal ones. */
const smallestWord = unary((c, x) => {
  // Value and index in one number: the smallest of these has the smallest index among equals.
  const key = (lane: number): I32 => add(shl(laneOp('i16x8.extract_lane_u', lane, x), i32(3)), i32(lane))
  let best = c.let(key(0))
  for (let lane = 1; lane < 8; lane++) {
    const next = c.let(key(lane))
    best = c.let(select(op('i32.lt_u', next, best), next, best))
  }
  const both = or(shrU(best, i32(3)), shl(and(best, i32(7)), i32(16)))
  return laneOp('i32x4.replace_lane', 0, ZERO, both)
})

/** MPSADBW: eight sums of four absolute differences, of a sliding group of x and a fixed one of y; each lane has three bits of the immediate. */
const slidingSums = withImmediate((c, x, y, imm, lane) => {
  const choice = c.let(shrU(imm, i32(3 * lane)))
  const group = c.let(and(choice, i32(4)))
  const fixed = c.let(shl(and(choice, i32(3)), i32(2)))
  let sum: V128 = ZERO
  for (let step = 0; step < 4; step++) {
    const sliding = op('i8x16.swizzle', x, op('i8x16.add', IOTA, op('i8x16.splat', add(group, i32(step)))))
    const same = op('i8x16.swizzle', y, op('i8x16.splat', add(fixed, i32(step))))
    const difference = op(
      'i16x8.sub',
      op('i16x8.extend_low_i8x16_u', sliding),
      op('i16x8.extend_low_i8x16_u', same),
    )
    sum = op('i16x8.add', sum, op('i16x8.abs', difference))
  }
  return sum
})

/** PTEST, VTESTPS, VTESTPD, on the bits of `mask`: ZF when x AND y is zero, CF when NOT x AND y is. */
export function testBits(mask: V128 | null): Definition {
  return vectored((c) => {
    const y = readSource(c, 1)
    const x = readSource(c, 0)
    const any = (combine: (x: V128, y: V128) => V128): I32 => {
      const all = x.map((v, n) => combine(v, y[n]!)).reduce((a, b) => op('v128.or', a, b))
      return op('v128.any_true', mask ? op('v128.and', all, mask) : all)
    }
    const none = eqz(any((a, b) => op('v128.and', a, b)))
    const covered = eqz(any((a, b) => op('v128.andnot', b, a)))
    c.setAllFlags(extendU(or(shl(none, i32(6)), covered)))
  })
}

export const sseInteger: Definitions = {
  mnemonics: {
    ...directDefinitions,
    pandn: andNot,
    andnps: andNot,
    andnpd: andNot,
    pmulhw: multiplyHigh('s'),
    pmulhuw: multiplyHigh('u'),
    pmuludq: multiplyEven('u'),
    pmuldq: multiplyEven('s'),
    pmaddubsw: multiplyAddBytes,
    pmulhrsw: multiplyHighRounded,
    psadbw: sumOfDifferences,
    phaddw: horizontal('i16x8', 'add'),
    phaddd: horizontal('i32x4', 'add'),
    phaddsw: horizontal('i16x8', 'add_sat_s'),
    phsubw: horizontal('i16x8', 'sub'),
    phsubd: horizontal('i32x4', 'sub'),
    phsubsw: horizontal('i16x8', 'sub_sat_s'),
    psignb: sign('i8x16'),
    psignw: sign('i16x8'),
    psignd: sign('i32x4'),
    pabsb: unary((_c, x) => op('i8x16.abs', x)),
    pabsw: unary((_c, x) => op('i16x8.abs', x)),
    pabsd: unary((_c, x) => op('i32x4.abs', x)),
    phminposuw: smallestWord,
    mpsadbw: slidingSums,
    ptest: testBits(null),
  },
}
