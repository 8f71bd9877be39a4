import type { Immediate, Opcode } from './opcodes.ts'
import type { ValueType } from './types.ts'

/**
 * The 236 instructions of SIMD128, prefix 0xfd, in the order of their codes; `-` is a code that is not assigned.
 * A name without a dot belongs to the shape before it.
 */
const names = `
v128.load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat
  load64_splat store const
i8x16.shuffle swizzle splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat
i8x16.extract_lane_s extract_lane_u replace_lane i16x8.extract_lane_s extract_lane_u replace_lane
i32x4.extract_lane replace_lane i64x2.extract_lane replace_lane f32x4.extract_lane replace_lane
f64x2.extract_lane replace_lane
i8x16.eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
i16x8.eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
i32x4.eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
f32x4.eq ne lt gt le ge f64x2.eq ne lt gt le ge
v128.not and andnot or xor bitselect any_true
  load8_lane load16_lane load32_lane load64_lane store8_lane store16_lane store32_lane store64_lane
  load32_zero load64_zero
f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
i8x16.abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u f32x4.ceil floor trunc nearest
i8x16.shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u f64x2.ceil floor
i8x16.min_s min_u max_s max_u f64x2.trunc i8x16.avgr_u
i16x8.extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u
i16x8.abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u
  extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u
  shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u f64x2.nearest
i16x8.mul min_s min_u max_s max_u - avgr_u
  extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u
i32x4.abs neg - all_true bitmask - - extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u
  shl shr_s shr_u add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s -
  extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u
i64x2.abs neg - all_true bitmask - - extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u
  shl shr_s shr_u add - - sub - - - mul eq ne lt_s gt_s le_s ge_s
  extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u
f32x4.abs neg - sqrt add sub mul div min max pmin pmax
f64x2.abs neg - sqrt add sub mul div min max pmin pmax
i32x4.trunc_sat_f32x4_s trunc_sat_f32x4_u f32x4.convert_i32x4_s convert_i32x4_u
i32x4.trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s convert_low_i32x4_u`

const lanes: Record<string, ValueType> = {
  i8x16: 'i32',
  i16x8: 'i32',
  i32x4: 'i32',
  i64x2: 'i64',
  f32x4: 'f32',
  f64x2: 'f64',
}

const unary =
  /^(not|abs|neg|sqrt|ceil|floor|trunc|nearest|popcnt|demote_.*|promote_.*|extend_.*|extadd_.*|trunc_sat_.*|convert_.*)$/

type Shape = [params: ValueType[], result: ValueType | null, immediate?: Immediate]

function shapeOf(shape: string, operation: string): Shape {
  const lane = lanes[shape] ?? 'v128'
  if (/^load\d+_lane$/.test(operation)) return [['i32', 'v128'], 'v128', 'memarg+lane']
  if (/^store\d+_lane$/.test(operation)) return [['i32', 'v128'], null, 'memarg+lane']
  if (operation.startsWith('load')) return [['i32'], 'v128', 'memarg']
  if (operation === 'store') return [['i32', 'v128'], null, 'memarg']
  if (operation === 'const') return [[], 'v128', 'v128']
  if (operation === 'shuffle') return [['v128', 'v128'], 'v128', 'lanes16']
  if (operation === 'splat') return [[lane], 'v128']
  if (operation.startsWith('extract_lane')) return [['v128'], lane, 'lane']
  if (operation === 'replace_lane') return [['v128', lane], 'v128', 'lane']
  if (operation === 'bitselect') return [['v128', 'v128', 'v128'], 'v128']
  if (/^(any_true|all_true|bitmask)$/.test(operation)) return [['v128'], 'i32']
  if (/^(shl|shr_[su])$/.test(operation)) return [['v128', 'i32'], 'v128']
  if (unary.test(operation)) return [['v128'], 'v128']
  return [['v128', 'v128'], 'v128']
}

const opcodes: [number, Opcode][] = []
let shape = ''
for (const [code, word] of names.trim().split(/\s+/).entries()) {
  if (word === '-') continue
  if (word.includes('.')) shape = word.slice(0, word.indexOf('.'))
  const operation = word.slice(word.indexOf('.') + 1)
  const [params, result, immediate = 'none'] = shapeOf(shape, operation)
  opcodes.push([code, { name: `${shape}.${operation}`, immediate, params, result }])
}

export const simdOpcodes: readonly [number, Opcode][] = opcodes
