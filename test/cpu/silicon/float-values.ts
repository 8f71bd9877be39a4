/** Floating-point numbers that matter: zeros, denormals, limits, NaNs with payloads, halves of last places, neighbours and opposites of each other. */
import type { Random } from './random.ts'

export interface FloatFormat {
  bits: 16 | 32 | 64
  /** Bits of the fraction. */
  fraction: number
}
export const half: FloatFormat = { bits: 16, fraction: 10 }
export const single: FloatFormat = { bits: 32, fraction: 23 }
export const double: FloatFormat = { bits: 64, fraction: 52 }

const ones = (n: number): bigint => (1n << BigInt(n)) - 1n

/** A fraction: anything, few ones, few zeros, a tie for a shorter format. */
function fraction(f: FloatFormat, random: Random): bigint {
  const wide = ((BigInt(random.u32()) << 32n) | BigInt(random.u32())) & ones(f.fraction)
  const shift = BigInt(random.below(f.fraction + 1))
  switch (random.below(8)) {
    case 0:
      return 0n
    case 1:
      return ones(f.fraction)
    case 2:
      return (wide >> shift) & ones(f.fraction)
    case 3:
      return (wide << shift) & ones(f.fraction)
    case 4:
      return (1n << shift) & ones(f.fraction)
    case 5:
      return ones(f.fraction) ^ ((1n << shift) & ones(f.fraction))
    default:
      return wide
  }
}

/** Bits of a number of the format. */
export function randomFloat(f: FloatFormat, random: Random): bigint {
  const width = f.bits - 1 - f.fraction
  const top = Number(ones(width))
  const bias = top >> 1
  const make = (exponent: number, part: bigint): bigint =>
    (BigInt(random.below(2)) << BigInt(f.bits - 1)) |
    (BigInt(Math.max(0, Math.min(top, exponent))) << BigInt(f.fraction)) |
    part
  const part = fraction(f, random)
  const near = (exponent: number, spread: number): bigint =>
    make(exponent + random.below(2 * spread + 1) - spread, part)
  switch (random.below(20)) {
    case 0:
      return make(0, 0n)
    case 1:
      return make(top, 0n)
    case 2:
      return make(top, part | (1n << BigInt(f.fraction - 1)))
    case 3:
      return make(top, part & ~(1n << BigInt(f.fraction - 1)))
    case 4:
    case 5:
      return make(0, part)
    case 6:
      return make(random.pick([1, top - 1]), random.pick([0n, 1n, ones(f.fraction)]))
    case 7:
      return near(1, 3)
    case 8:
      return near(top - 1, 2)
    // Where a narrower format, or an integer, ends.
    case 9:
      return near(bias + random.pick([-149, -126, -24, -14, 16, 31, 32, 63, 64, 128]), 1)
    case 10:
      return near(random.pick([bias >> 1, bias + (bias >> 1)]), 2)
    case 11:
      return make(random.below(top + 1), part)
    case 12:
      return make(bias, 0n)
    case 13:
    case 14:
      return near(bias, f.fraction + 2)
    default:
      return near(bias, 3)
  }
}

/** A number whose product with, or quotient by, another one is next to the smallest or the largest number. */
function atTheLimit(f: FloatFormat, random: Random, known: bigint): bigint {
  const top = Number(ones(f.bits - 1 - f.fraction))
  const bias = top >> 1
  const exponent = Number((known >> BigInt(f.fraction)) & BigInt(top))
  const target = random.pick([1, 0, top - 1]) + random.below(2)
  const wanted = random.below(2) ? target + bias - exponent : target - bias + exponent
  const inRange = BigInt(Math.max(0, Math.min(top, wanted)))
  const part = random.below(2) ? fraction(f, random) : random.pick([0n, 1n, ones(f.fraction)])
  return (BigInt(random.below(2)) << BigInt(f.bits - 1)) | (inRange << BigInt(f.fraction)) | part
}

/** Bits of numbers of the format in `bytes`; `like`: other ones, to which some are near, or opposite, or take a result to the limits. */
export function fillFloats(bytes: Uint8Array, f: FloatFormat, random: Random, like?: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const other = like && new DataView(like.buffer, like.byteOffset, like.length)
  for (let at = 0; at < bytes.length; at += f.bits / 8) {
    let value = randomFloat(f, random)
    const choice = random.below(8)
    if (other && choice < 3) {
      const known =
        f.bits === 64
          ? other.getBigUint64(at, true)
          : BigInt(f.bits === 32 ? other.getUint32(at, true) : other.getUint16(at, true))
      const change = (BigInt(random.below(2)) << BigInt(f.bits - 1)) ^ BigInt(random.pick([0, 0, 1, 3, 4]))
      value = choice < 2 ? known ^ change : atTheLimit(f, random, known)
    }
    if (f.bits === 64) view.setBigUint64(at, value, true)
    else if (f.bits === 32) view.setUint32(at, Number(value), true)
    else view.setUint16(at, Number(value), true)
  }
}

/** MXCSR: plain, or with any rounding, flags, and now and then DAZ, FTZ and exceptions that are not masked. */
export function randomMxcsr(random: Random): number {
  const choice = random.below(10)
  if (choice < 2) return 0x1fa0 | random.below(0x40)
  if (choice === 2) return 0x1f80
  let value = 0x1f80 | (random.below(4) << 13)
  if (random.below(3) === 0) value |= random.below(0x40)
  if (random.below(3) === 0) value |= 0x40
  if (random.below(3) === 0) value |= 0x8000
  const unmasked = random.pick([0, 0, 0, random.below(0x40), 1 << random.below(6)])
  value &= ~(unmasked << 7)
  return value
}
