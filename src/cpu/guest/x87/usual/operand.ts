/** Operands in memory, to and from the format with 80 bits, as long as they are normal or zero. SDM Vol. 1, 4.2. */
import { BIAS, INTEGER_BIT } from '../../softfloat/number'
import { DOUBLE, EXTENDED, INTEGER, SINGLE } from '../memory-operand'
import { isNormal } from './state'

const SIGN: u32 = 0x8000

/** The operand that has been taken: its significand, and sign and exponent as the format of 80 bits has them. */
export let significand: u64 = 0
export let signExponent: u32 = 0

function take(value: u64, sign: u32): bool {
  significand = value
  signExponent = sign
  return true
}

/** `width` bits of exponent over `precision` - 1 of fraction. */
function takeFloat(precision: u32, width: u32, bits: u64): bool {
  const top: u32 = (1 << width) - 1
  const exponent = <u32>(bits >> (precision - 1)) & top
  const sign = (<u32>(bits >> (precision + width - 1)) & 1) << 15
  if (exponent - 1 < top - 1)
    return take(INTEGER_BIT | ((bits << (65 - precision)) >> 1), sign | (exponent + BIAS - (top >> 1)))
  return !exponent && !(bits << (65 - precision)) && take(0, sign)
}

function takeInteger(value: i64): bool {
  if (!value) return take(0, 0)
  const magnitude = value < 0 ? <u64>0 - <u64>value : <u64>value
  const shift = <u32>clz(magnitude)
  return take(magnitude << shift, (value < 0 ? SIGN : 0) | (<u32>BIAS + 63 - shift))
}

/** Takes an operand that is normal or zero. `high`: bits 64 to 79 of EXTENDED. */
export function takeOperand(format: u32, value: u64, high: u32): bool {
  if (format == DOUBLE) return takeFloat(53, 11, value)
  if (format == SINGLE) return takeFloat(24, 8, value & 0xffff_ffff)
  if (format == INTEGER) return takeInteger(<i64>value)
  return format == EXTENDED && isNormal(value, high & 0x7fff) && take(value, high)
}

/** What `narrowUsual` has made, whether digits were lost, and whether that rounded up. */
export let image: u64 = 0
export let isInexact: bool = false
export let isUp: bool = false

/** To SINGLE or DOUBLE, rounded to nearest; the result must be normal, or zero. */
export function narrowUsual(format: u32, value: u64, signExponent: u32): bool {
  const precision: u32 = format == DOUBLE ? 53 : 24
  const width: u32 = format == DOUBLE ? 11 : 8
  const sign = (<u64>(signExponent >> 15)) << (precision + width - 1)
  const exponent = signExponent & 0x7fff
  isInexact = false
  isUp = false
  image = sign
  if (!(value | exponent)) return true
  if (!isNormal(value, exponent)) return false
  const top: u32 = (1 << width) - 1
  const biased = exponent - (BIAS - (top >> 1))
  if (biased - 1 >= top - 2) return false
  let kept = value >> (64 - precision)
  const lost = value << precision
  isInexact = lost != 0
  isUp = lost > INTEGER_BIT || (lost == INTEGER_BIT && (kept & 1) != 0)
  if (isUp) kept++
  // The hidden bit adds one to the exponent, a carry out of it another one.
  image = sign | (((<u64>(biased - 1)) << (precision - 1)) + kept)
  return true
}
