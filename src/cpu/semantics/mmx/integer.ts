/** Packed integer arithmetic, comparison, packing, unpacking and shifts on MM registers. SDM Vol. 2. */
import { and, gtU, i32, i64, op, select, wrap, type I32, type I64, type V128 } from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Definition } from '../definition.ts'
import { direct } from '../sse/integer.ts'
import { lanes, pick, vector, ZERO } from '../sse/lanes.ts'
import { toI64 } from '../values.ts'
import { immediateOf, mmxPlain, packed, readPacked, writePacked, type PackedOperation } from './operand.ts'

/** The low halves of x and y in one vector: what horizontal operations and packing work on. */
const joined = (c: Context, x: V128, y: V128): V128 => c.let(pick(8, [0, 2], x, y))

const pack = (name: string): PackedOperation => {
  return (c, x, y) => vector(name, joined(c, x, y), ZERO)
}

/** Lanes of the low or high half of the 64 bits, alternating. */
const unpack = (bytes: number, high: boolean): PackedOperation => {
  const count = 8 / bytes
  const from = Array.from({ length: 2 * count }, (_, lane) => {
    const first = high ? count / 2 : 0
    return first + ((lane % count) >> 1) + (lane & 1 ? 2 * count : 0)
  })
  return (_c, x, y) => pick(bytes, from, x, y)
}

const horizontal = (bytes: 2 | 4, name: string): PackedOperation => {
  const count = 16 / bytes
  const even = Array.from({ length: count }, (_, lane) => 2 * lane)
  const odd = even.map((lane) => lane + 1)
  return (c, x, y) => {
    const both = joined(c, x, y)
    return vector(name, pick(bytes, even, both, both), pick(bytes, odd, both, both))
  }
}

const multiplyHigh = (sign: 's' | 'u'): PackedOperation => {
  return (c, x, y) => {
    const products = c.let(vector(`i32x4.extmul_low_i16x8_${sign}`, x, y))
    return pick(2, [1, 3, 5, 7, 1, 3, 5, 7], products, products)
  }
}

/** PMADDUBSW: bytes of the destination are unsigned, those of the source signed. */
const multiplyAddBytes: PackedOperation = (_c, x, y) => {
  const eight = i32(8)
  const low = lanes(...Array<number>(8).fill(0xff))
  const even = op('i16x8.mul', op('v128.and', x, low), op('i16x8.shr_s', op('i16x8.shl', y, eight), eight))
  const odd = op('i16x8.mul', op('i16x8.shr_u', x, eight), op('i16x8.shr_s', y, eight))
  return op('i16x8.add_sat_s', even, odd)
}

/** PMULHRSW does not saturate -1 · -1, which wasm's instruction does. */
const multiplyHighRounded: PackedOperation = (_c, x, y) => {
  const lowest = lanes(...Array<number>(8).fill(0x8000))
  const both = op('v128.and', op('i16x8.eq', x, lowest), op('i16x8.eq', y, lowest))
  return op('v128.xor', op('i16x8.q15mulr_sat_s', x, y), both)
}

const sumOfDifferences: PackedOperation = (_c, x, y) => {
  const difference = op('v128.or', op('i8x16.sub_sat_u', x, y), op('i8x16.sub_sat_u', y, x))
  const sums = op('i32x4.extadd_pairwise_i16x8_u', op('i16x8.extadd_pairwise_i8x16_u', difference))
  const low = lanes(0xffffffffn, 0xffffffffn)
  return op('i64x2.add', op('v128.and', sums, low), op('i64x2.shr_u', sums, i32(32)))
}

const sign = (shape: string): PackedOperation => {
  return (_c, x, y) => {
    const negated = op('v128.bitselect', vector(`${shape}.neg`, x), x, vector(`${shape}.lt_s`, y, ZERO))
    return op('v128.andnot', negated, vector(`${shape}.eq`, y, ZERO))
  }
}

/** PSHUFB: both halves of x are equal, so that bit 3 of an index does not count. */
const shuffleBytes: PackedOperation = (_c, x, y) =>
  op('i8x16.swizzle', x, op('v128.and', y, op('i8x16.splat', i32(0x8f))))

/** PSLL, PSRL, PSRA: one count for all lanes; one beyond the lane gives zeros, or copies of the sign. */
function shift(shape: string, bits: number, direction: 'shl' | 'shr_u' | 'shr_s'): Definition {
  return mmxPlain((c) => {
    const count = c.operand(1).kind === 'immediate' ? toI64(immediateOf(c, 1)) : (c.read(1, 64) as I64)
    const wide = c.let(count)
    const beyond = c.let(gtU(wide, i64(bits - 1)))
    const x = readPacked(c, 0)
    const amount: I32 = and(wrap(wide), i32(bits - 1))
    if (direction === 'shr_s')
      writePacked(c, vector(`${shape}.shr_s`, x, select(beyond, i32(bits - 1), amount)))
    else writePacked(c, select(beyond, ZERO, vector(`${shape}.${direction}`, x, amount)))
  })
}

const operations: Record<string, PackedOperation> = {
  ...Object.fromEntries(
    Object.entries(direct).map(([mnemonic, name]): [string, PackedOperation] => [
      mnemonic,
      (_c, x, y) => vector(name, x, y),
    ]),
  ),
  packsswb: pack('i8x16.narrow_i16x8_s'),
  packuswb: pack('i8x16.narrow_i16x8_u'),
  packssdw: pack('i16x8.narrow_i32x4_s'),
  punpcklbw: unpack(1, false),
  punpcklwd: unpack(2, false),
  punpckldq: unpack(4, false),
  punpckhbw: unpack(1, true),
  punpckhwd: unpack(2, true),
  punpckhdq: unpack(4, true),
  pandn: (_c, x, y) => op('v128.andnot', y, x),
  pmulhw: multiplyHigh('s'),
  pmulhuw: multiplyHigh('u'),
  pmuludq: (_c, x, y) => {
    const even = (v: V128): V128 => pick(4, [0, 2, 0, 2], v, v)
    return op('i64x2.extmul_low_i32x4_u', even(x), even(y))
  },
  pmaddubsw: multiplyAddBytes,
  pmulhrsw: multiplyHighRounded,
  psadbw: sumOfDifferences,
  phaddw: horizontal(2, 'i16x8.add'),
  phaddd: horizontal(4, 'i32x4.add'),
  phaddsw: horizontal(2, 'i16x8.add_sat_s'),
  phsubw: horizontal(2, 'i16x8.sub'),
  phsubd: horizontal(4, 'i32x4.sub'),
  phsubsw: horizontal(2, 'i16x8.sub_sat_s'),
  psignb: sign('i8x16'),
  psignw: sign('i16x8'),
  psignd: sign('i32x4'),
  pabsb: (_c, _x, y) => op('i8x16.abs', y),
  pabsw: (_c, _x, y) => op('i16x8.abs', y),
  pabsd: (_c, _x, y) => op('i32x4.abs', y),
  pshufb: shuffleBytes,
}

/** By mnemonic; `index.ts` gives them to the rows on MM registers. */
export const mmxInteger: Readonly<Record<string, Definition>> = {
  ...Object.fromEntries(Object.entries(operations).map(([mnemonic, f]) => [mnemonic, packed(f)])),
  psllw: shift('i16x8', 16, 'shl'),
  pslld: shift('i32x4', 32, 'shl'),
  psllq: shift('i64x2', 64, 'shl'),
  psrlw: shift('i16x8', 16, 'shr_u'),
  psrld: shift('i32x4', 32, 'shr_u'),
  psrlq: shift('i64x2', 64, 'shr_u'),
  psraw: shift('i16x8', 16, 'shr_s'),
  psrad: shift('i32x4', 32, 'shr_s'),
}
