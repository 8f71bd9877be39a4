/**
 * When an operation of WebAssembly is all that there is to do: tests that are 0 in the common case, so that one branch guards a fast path.
 *
 * MXCSR is *plain* when it rounds to nearest, masks every exception, and has PE set already. PE is sticky, so an inexact result then changes nothing, and whether one
 * is inexact need not be known. What remains are operands and results that are special, which are easy to tell. DAZ and FTZ do not count: denormals are special.
 */
import * as L from '../../layout.ts'
import {
  add,
  and,
  eqz,
  f32,
  f64,
  fromBits,
  geU,
  i32,
  i64,
  int,
  ltU,
  op,
  or,
  raw,
  shl,
  shrU,
  sub,
  toBits,
  wrap,
  xor,
  type I32,
  type I64,
  type V128,
} from '../../wasm/index.ts'
import type { Context } from '../context.ts'
import type { Value } from '../values.ts'
import type { Format } from './float.ts'
import { repeated, vector } from './lanes.ts'

export const DAZ = 0x40
export const PE = 0x20
export const PE_MASK = 0x1000

const MODE_BITS = 0x7fa0
const PLAIN = 0x1fa0

/** 0 when MXCSR is plain. */
export function oddMode(c: Context): I32 {
  return c.differs(L.MXCSR, MODE_BITS, PLAIN)
}

/** 0 unless MXCSR.DAZ is set. */
export function denormalsAreZeros(c: Context): I32 {
  return and(c.stateI32(L.MXCSR), i32(DAZ))
}

/** 0 when MXCSR takes an inexact result without a change. */
export function tellsInexact(c: Context): I32 {
  return xor(and(c.stateI32(L.MXCSR), i32(PE | PE_MASK)), i32(PE | PE_MASK))
}

// Scalars, by their bits

const magnitude2 = (f: Format, bits: Value): Value => shl(bits as I32, int(f.int, 1) as I32)

export function isDenormal(f: Format, bits: Value): I32 {
  const one = int(f.int, 1) as I32
  return ltU(sub(magnitude2(f, bits) as I32, one), int(f.int, 2n * f.smallest - 1n) as I32)
}

export function isZero(f: Format, bits: Value): I32 {
  return eqz(magnitude2(f, bits) as I32)
}

/** By comparing floats, for when these are at hand. */
export function isNotZero(f: Format, bits: Value): I32 {
  return raw(`${f.float}.ne`, [fromBits(bits), f.bits === 64 ? f64(0) : f32(0)]) as I32
}

export function isNaN(f: Format, bits: Value): I32 {
  return raw(`${f.int}.gt_u`, [magnitude2(f, bits), int(f.int, 2n * f.infinity)]) as I32
}

export function isNotFinite(f: Format, bits: Value): I32 {
  return geU(magnitude2(f, bits) as I32, int(f.int, 2n * f.infinity) as I32)
}

/** Not between the smallest normal number and infinity; the smallest itself may be what a smaller one was rounded to. */
export function isNotOrdinary(f: Format, bits: Value): I32 {
  const from = 2n * f.smallest + 1n
  const shifted = sub(magnitude2(f, bits) as I32, int(f.int, from) as I32)
  return geU(shifted, int(f.int, 2n * f.infinity - from) as I32)
}

/**
 * Quickly told: holds of zeros, of denormals and the numbers next to them, of infinities and NaNs. Exponents of all ones and of 0 to 2 lie together when
 * one is added, as bits that are clear in all of them.
 */
export function isDoubtful(f: Format, bits: Value): I32 {
  const high = bits.type === 'i64' ? wrap(shrU(toBits(fromBits(bits)) as I64, i64(32))) : (bits as I32)
  return eqz(and(add(high, i32(highOf(f, f.smallest))), i32(highOf(f, f.infinity - 3n * f.smallest))))
}

const highOf = (f: Format, bits: bigint): number => Number(bits >> BigInt(f.bits - 32))

// Lanes: masks

const magnitudes = (f: Format, v: V128): V128 => op('v128.and', v, repeated(f.bits, f.sign - 1n))

/** Of each lane the number that is 0 if it `isDoubtful`; less than 1024. */
function distances(f: Format, v: V128): V128 {
  const unit = f.smallest.toString(2).length
  const twice = vector(`${f.intLanes}.shl`, v, i32(1))
  // Constants of one shift are cheaper for V8 than others.
  const moved = vector(
    `${f.intLanes}.sub`,
    twice,
    vector(`${f.intLanes}.shl`, repeated(f.bits, -1n), i32(unit)),
  )
  return vector(`${f.intLanes}.shr_u`, moved, i32(unit + 2))
}

/** `isDoubtful` of each lane. */
export function doubtfulLanes(f: Format, v: V128): V128 {
  return vector(`${f.intLanes}.eq`, distances(f, v), repeated(f.bits, 0n))
}

/** 0 when `isDoubtful` holds of no lane. */
export function anyDoubtful(f: Format, vectors: readonly V128[]): I32 {
  const least = vectors.map((v) => distances(f, v)).reduce((x, y) => vector('i32x4.min_u', x, y))
  return op('i8x16.bitmask', vector(`${f.intLanes}.eq`, least, repeated(f.bits, 0n)))
}

/** Compared as signed numbers, moved so that zero is the largest. */
export function denormalLanes(f: Format, v: V128): V128 {
  const moved = vector(`${f.intLanes}.add`, magnitudes(f, v), repeated(f.bits, f.sign - 1n))
  return vector(`${f.intLanes}.lt_s`, moved, repeated(f.bits, f.sign + f.smallest - 1n))
}

export function zeroLanes(f: Format, v: V128): V128 {
  return vector(`${f.lanes}.eq`, v, repeated(f.bits, 0n))
}

export function nanLanes(f: Format, v: V128): V128 {
  return vector(`${f.lanes}.ne`, v, v)
}

export function notFiniteLanes(f: Format, v: V128): V128 {
  return vector(`${f.intLanes}.ge_s`, magnitudes(f, v), repeated(f.bits, f.infinity))
}

/** At most the smallest normal number. */
export function smallLanes(f: Format, v: V128): V128 {
  return vector(`${f.intLanes}.le_s`, magnitudes(f, v), repeated(f.bits, f.smallest))
}

/** 0 when no lane of any mask is set. */
export function anyOf(masks: readonly V128[]): I32 {
  return op(
    'v128.any_true',
    masks.reduce((a, b) => op('v128.or', a, b)),
  )
}

export const oneOf = (...conditions: readonly I32[]): I32 => conditions.reduce((a, b) => or(a, b))
