import { floatBytes, repeated } from './float.ts'
import type { Lower, Lowering } from './lowering.ts'
import type { Reg } from './mir.ts'
import { type Part, binary, change, expand, make, reversed, unary, withConstant, zeroes } from './vector.ts'

/** Lane-wise floating point, and conversions of vectors. */

/** Predicates of CMPPS. */
const predicates = { eq: 0, lt: 1, le: 2, unordered: 3, ne: 4 } as const

/** The same float in every lane. */
function splat(type: 'f32' | 'f64', value: number): Uint8Array {
  const lane = floatBytes(type, value)
  return Uint8Array.from({ length: 16 }, (_, index) => lane[index % lane.length]!)
}

const compare = (op: string, predicate: number): Lower =>
  expand((lowering, [left, right], to) => void change(lowering, op, left!, [right!, predicate], to))

/** NaN lanes, which have all exponent and some fraction bits set, keep their sign, exponent and quiet bit only. */
function canonical(lowering: Lowering, unordered: Reg, value: Part, suffix: 'ps' | 'pd', to: Reg): void {
  const fraction = change(lowering, suffix === 'ps' ? 'psrld' : 'psrlq', unordered, [
    suffix === 'ps' ? 10 : 13,
  ])
  change(lowering, 'andnps', fraction, [value], to)
}

/** MINPS in both orders: combining the results bitwise settles zeros and lets NaNs through. */
const min = (suffix: 'ps' | 'pd'): Lower =>
  expand((lowering, [left, right], to) => {
    const first = change(lowering, `min${suffix}`, left!, [right!])
    const second = change(lowering, `min${suffix}`, right!, [left!])
    const both = change(lowering, 'orps', second, [first])
    const unordered = change(lowering, `cmp${suffix}`, first, [both, predicates.unordered])
    canonical(lowering, unordered, change(lowering, 'orps', both, [unordered]), suffix, to)
  })

/** Likewise; where the two results differ, subtracting the difference turns −0 into +0 and quiets NaNs. */
const max = (suffix: 'ps' | 'pd'): Lower =>
  expand((lowering, [left, right], to) => {
    const first = change(lowering, `max${suffix}`, left!, [right!])
    const second = change(lowering, `max${suffix}`, right!, [left!])
    const differing = change(lowering, 'xorps', first, [second])
    const both = change(lowering, 'orps', second, [differing])
    const quiet = change(lowering, `sub${suffix}`, both, [differing])
    const unordered = change(lowering, `cmp${suffix}`, differing, [quiet, predicates.unordered])
    canonical(lowering, unordered, quiet, suffix, to)
  })

const lowerings: Record<string, Lower> = {}
for (const [shape, suffix, bits] of [
  ['f32x4', 'ps', 32],
  ['f64x2', 'pd', 64],
] as const) {
  const sign = 1n << BigInt(bits - 1)
  Object.assign(lowerings, {
    [`${shape}.add`]: binary(`add${suffix}`, true),
    [`${shape}.sub`]: binary(`sub${suffix}`),
    [`${shape}.mul`]: binary(`mul${suffix}`, true),
    [`${shape}.div`]: binary(`div${suffix}`),
    [`${shape}.min`]: min(suffix),
    [`${shape}.max`]: max(suffix),
    // MINPS gives its second operand unless the first is less: b < a ? b : a.
    [`${shape}.pmin`]: reversed(`min${suffix}`),
    [`${shape}.pmax`]: reversed(`max${suffix}`),
    [`${shape}.sqrt`]: unary(`sqrt${suffix}`),
    [`${shape}.abs`]: withConstant('andps', repeated(sign - 1n, bits)),
    [`${shape}.neg`]: withConstant('xorps', repeated(sign, bits)),
    [`${shape}.ceil`]: unary(`round${suffix}`, 10),
    [`${shape}.floor`]: unary(`round${suffix}`, 9),
    [`${shape}.trunc`]: unary(`round${suffix}`, 11),
    [`${shape}.nearest`]: unary(`round${suffix}`, 8),
    [`${shape}.eq`]: compare(`cmp${suffix}`, predicates.eq),
    [`${shape}.ne`]: compare(`cmp${suffix}`, predicates.ne),
    [`${shape}.lt`]: compare(`cmp${suffix}`, predicates.lt),
    [`${shape}.le`]: compare(`cmp${suffix}`, predicates.le),
    [`${shape}.gt`]: reversed(`cmp${suffix}`, predicates.lt),
    [`${shape}.ge`]: reversed(`cmp${suffix}`, predicates.le),
  })
}

/** NaN becomes 0; what is too large comes out as INT32_MIN and is inverted. */
const truncateSigned = expand((lowering, [argument], to) => {
  const ordered = change(lowering, 'cmpps', argument!, [argument!, predicates.eq])
  const number = change(lowering, 'andps', ordered, [argument!])
  const tooLarge = change(lowering, 'cmpps', splat('f32', 2 ** 31), [number, predicates.le])
  const converted = make(lowering, 'cvttps2dq', [number])
  change(lowering, 'pxor', converted, [tooLarge], to)
})

/** What lies above 2^31 is converted apart, after subtracting that, and added. */
const truncateUnsigned = expand((lowering, [argument], to) => {
  const limit = splat('f32', 2 ** 31)
  const positive = change(lowering, 'maxps', argument!, [zeroes])
  const above = change(lowering, 'subps', positive, [limit])
  const tooLarge = change(lowering, 'cmpps', limit, [above, predicates.le])
  const converted = change(lowering, 'pxor', make(lowering, 'cvttps2dq', [above]), [tooLarge])
  const excess = change(lowering, 'pmaxsd', converted, [zeroes])
  change(lowering, 'paddd', make(lowering, 'cvttps2dq', [positive]), [excess], to)
})

const truncateDoubleSigned = expand((lowering, [argument], to) => {
  const ordered = change(lowering, 'cmppd', argument!, [argument!, predicates.eq])
  const limit = change(lowering, 'andps', ordered, [splat('f64', 0x7fff_ffff)])
  make(lowering, 'cvttpd2dq', [change(lowering, 'minpd', argument!, [limit])], to)
})

/** Adding 2^52 leaves the integer in the lower half of each double. */
const truncateDoubleUnsigned = expand((lowering, [argument], to) => {
  const positive = change(lowering, 'maxpd', argument!, [zeroes])
  const clamped = change(lowering, 'minpd', positive, [splat('f64', 0xffff_ffff)])
  const whole = make(lowering, 'roundpd', [clamped, 11])
  const placed = change(lowering, 'addpd', whole, [splat('f64', 2 ** 52)])
  change(lowering, 'shufps', placed, [zeroes, 0x88], to)
})

/** The lower and upper 16 bits are exact on their own; adding them rounds once. */
const convertUnsigned = expand((lowering, [argument], to) => {
  const low = change(lowering, 'pand', argument!, [repeated(0xffffn, 32)])
  const high = change(lowering, 'psrld', change(lowering, 'psubd', argument!, [low]), [1])
  const half = make(lowering, 'cvtdq2ps', [high])
  const doubled = change(lowering, 'addps', half, [half])
  change(lowering, 'addps', doubled, [make(lowering, 'cvtdq2ps', [low])], to)
})

/** The integers become the lower halves of doubles near 2^52, which is then subtracted. */
const convertLowUnsigned = expand((lowering, [argument], to) => {
  const placed = change(lowering, 'unpcklps', argument!, [repeated(0x4330_0000n, 32)])
  change(lowering, 'subpd', placed, [splat('f64', 2 ** 52)], to)
})

export const simdFloatLowerings: Readonly<Record<string, Lower>> = {
  ...lowerings,
  'i32x4.trunc_sat_f32x4_s': truncateSigned,
  'i32x4.trunc_sat_f32x4_u': truncateUnsigned,
  'i32x4.trunc_sat_f64x2_s_zero': truncateDoubleSigned,
  'i32x4.trunc_sat_f64x2_u_zero': truncateDoubleUnsigned,
  'f32x4.convert_i32x4_s': unary('cvtdq2ps'),
  'f32x4.convert_i32x4_u': convertUnsigned,
  'f64x2.convert_low_i32x4_s': expand((lowering, [argument], to) => {
    lowering.emit('cvtdq2pd', [lowering.def(to), lowering.reg(lowering.use(argument!))])
  }),
  'f64x2.convert_low_i32x4_u': convertLowUnsigned,
  'f32x4.demote_f64x2_zero': unary('cvtpd2ps'),
  'f64x2.promote_low_f32x4': expand((lowering, [argument], to) => {
    lowering.emit('cvtps2pd', [lowering.def(to), lowering.reg(lowering.use(argument!))])
  }),
}
