/**
 * Numbers taken apart. One that is finite and not zero is significand · 2^(exponent - 63), its significand with the top bit set: that holds
 * the formats of 16, 32, 64 and 80 bits and integers exactly. SDM Vol. 1, 4.2.
 */

/* Kinds of operands, in the order of FXAM's conditions. */
export const UNSUPPORTED: u32 = 0
export const NAN: u32 = 1
export const NORMAL: u32 = 2
export const INFINITY: u32 = 3
export const ZERO: u32 = 4
export const DENORMAL: u32 = 6

export const BIAS: i32 = 0x3fff
export const INTEGER_BIT: u64 = 0x8000_0000_0000_0000
export const QUIET_BIT: u64 = 0x4000_0000_0000_0000

@unmanaged
export class Extended {
  kind: u32
  /** 0 or 1. */
  sign: u32
  /** Without bias. */
  exponent: i32
  significand: u64
  /** As it was read, in the format of 80 bits. */
  rawExponent: u32
  rawSignificand: u64
}

/** The operands of one call. */
export const X: Extended = changetype<Extended>(memory.data(40))
export const Y: Extended = changetype<Extended>(memory.data(40))
export const Z: Extended = changetype<Extended>(memory.data(40))

/** From the format of 80 bits. */
export function unpack(n: Extended, significand: u64, signExponent: u32): void {
  const exponent = signExponent & 0x7fff
  n.sign = (signExponent >> 15) & 1
  n.rawExponent = signExponent & 0xffff
  n.rawSignificand = significand
  n.significand = significand
  n.exponent = <i32>exponent - BIAS
  if (exponent == 0x7fff) {
    if (!(significand >> 63)) n.kind = UNSUPPORTED
    else n.kind = significand << 1 ? NAN : INFINITY
  } else if (exponent == 0) {
    n.kind = significand ? DENORMAL : ZERO
    if (significand) {
      const shift = <u32>clz(significand)
      n.significand = significand << shift
      n.exponent = 1 - BIAS - <i32>shift
    }
  } else n.kind = significand >> 63 ? NORMAL : UNSUPPORTED
}

/** From a format with `precision` significant bits, the hidden one included, and `width` bits of exponent. A signaling NaN stays one. */
export function unpackFormat(n: Extended, precision: u32, width: u32, bits: u64): void {
  const top: u32 = (1 << width) - 1
  const exponent = <u32>(bits >> (precision - 1)) & top
  const fraction = (bits << (65 - precision)) >> 1
  const sign = (<u32>(bits >> (precision + width - 1)) & 1) << 15
  if (exponent == top) return unpack(n, fraction | INTEGER_BIT, sign | 0x7fff)
  const bias = BIAS - <i32>(top >> 1)
  if (exponent) return unpack(n, fraction | INTEGER_BIT, sign | (exponent + bias))
  if (!fraction) return unpack(n, 0, sign)
  const shift = <u32>clz(fraction)
  unpack(n, fraction << shift, sign | (1 + bias - shift))
  n.kind = DENORMAL
}

export function unpackSingle(n: Extended, bits: u32): void {
  unpackFormat(n, 24, 8, bits)
}

export function unpackDouble(n: Extended, bits: u64): void {
  unpackFormat(n, 53, 11, bits)
}

export function unpackInteger(n: Extended, value: i64): void {
  const sign: u32 = value < 0 ? 0x8000 : 0
  if (!value) return unpack(n, 0, 0)
  const magnitude = value < 0 ? <u64>0 - <u64>value : <u64>value
  const shift = <u32>clz(magnitude)
  unpack(n, magnitude << shift, sign | (<u32>BIAS + 63 - shift))
}

export function isSignaling(n: Extended): bool {
  return n.kind == NAN && !(n.significand & QUIET_BIT)
}

/** X < Y, X = Y, X > Y as -1, 0, 1, for numbers. */
export function order(x: Extended, y: Extended): i32 {
  if (x.kind == ZERO) return y.kind == ZERO ? 0 : y.sign ? 1 : -1
  const above = x.sign ? -1 : 1
  if (y.kind == ZERO || x.sign != y.sign) return above
  if (x.kind == INFINITY || y.kind == INFINITY) {
    if (x.kind == y.kind) return 0
    return x.kind == INFINITY ? above : -above
  }
  if (x.exponent != y.exponent) return x.exponent > y.exponent ? above : -above
  if (x.significand == y.significand) return 0
  return x.significand > y.significand ? above : -above
}
