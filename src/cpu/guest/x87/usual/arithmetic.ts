/** Sums, products and quotients of two normal numbers with a normal result, rounded to 64 bits to nearest. SDM Vol. 1, 4.8.4. */
import { BIAS, INTEGER_BIT } from '../../softfloat/number'
import * as wide from '../../softfloat/wide'
import { DIV, DIVR, MUL, SUB, SUBR } from '../operation'
import { isNormal } from './state'

const SIGN: u32 = 0x8000

/** The result: significand, digits below it (then the flags of rounding), exponent with its bias. */
export let significand: u64 = 0
let rest: u64 = 0
export let signExponent: u32 = 0
export let isInexact: bool = false
export let isUp: bool = false

function set(high: u64, low: u64): void {
  significand = high
  rest = low
}

/** Of the larger number a and the smaller b, their exponents `distance` apart; what is to be added to the exponent. */
function addMagnitudes(a: u64, b: u64, distance: u32): i32 {
  const high = a + wide.shiftJamWide(b, 0, distance)
  const low = wide.low
  if (high >= a) {
    set(high, low)
    return 0
  }
  set(INTEGER_BIT | (high >> 1), (high << 63) | (low >> 1) | (low & 1))
  return 1
}

/** The same of a difference; its significand is 0 when there are fewer than 64 digits. */
function subtractMagnitudes(a: u64, b: u64, distance: u32): i32 {
  const shifted = wide.shiftJamWide(b, 0, distance)
  const high = a - shifted - u64(wide.low != 0)
  const low = 0 - wide.low
  const shift = <u32>clz(high)
  if (!shift || !high) set(high, low)
  else set((high << shift) | (low >> (64 - shift)), low << shift)
  return -(<i32>shift)
}

function multiply(a: u64, b: u64): i32 {
  const high = wide.multiply(a, b)
  const low = wide.low
  if (<i64>high < 0) {
    set(high, low)
    return 1
  }
  set((high << 1) | (low >> 63), low << 1)
  return 0
}

/** Where the remainder stands against half of the divisor is all that rounding asks for. */
function divide(a: u64, b: u64): i32 {
  const isBelow = a < b
  const quotient = isBelow ? wide.divide(a, 0, b) : wide.divide(a >> 1, a << 63, b)
  const left = wide.remainder
  const twice = left << 1
  const isAbove = <i64>left < 0 || twice > b
  set(quotient, !left ? 0 : isAbove ? INTEGER_BIT | 1 : twice == b ? INTEGER_BIT : 1)
  return isBelow ? -1 : 0
}

/** Rounds; whether the result is a normal number. */
function round(sign: u32, exponent: i32): bool {
  isInexact = rest != 0
  isUp = rest > INTEGER_BIT || (rest == INTEGER_BIT && (significand & 1) != 0)
  let biased = exponent
  if (isUp && !++significand) {
    significand = INTEGER_BIT
    biased++
  }
  signExponent = sign | <u32>biased
  return isNormal(significand, <u32>biased)
}

/** a op b, given by significand, and sign and exponent; false when any of the three is not normal. */
export function operateUsual(operation: u32, a: u64, headA: u32, b: u64, headB: u32): bool {
  const exponentA = <i32>(headA & 0x7fff)
  const exponentB = <i32>(headB & 0x7fff)
  if (!isNormal(a, exponentA) || !isNormal(b, exponentB)) return false
  const sign = (headA ^ headB) & SIGN
  if (operation == MUL) return round(sign, exponentA + exponentB - BIAS + multiply(a, b))
  if (operation == DIV) return round(sign, exponentA - exponentB + BIAS + divide(a, b))
  if (operation == DIVR) return round(sign, exponentB - exponentA + BIAS + divide(b, a))
  const signA = (operation == SUBR ? headA ^ SIGN : headA) & SIGN
  const signB = (operation == SUB ? headB ^ SIGN : headB) & SIGN
  const isSum = signA == signB
  if (exponentA > exponentB || (exponentA == exponentB && a >= b)) {
    const distance = <u32>min(exponentA - exponentB, 200)
    return round(
      signA,
      exponentA + (isSum ? addMagnitudes(a, b, distance) : subtractMagnitudes(a, b, distance)),
    )
  }
  const distance = <u32>min(exponentB - exponentA, 200)
  return round(
    signB,
    exponentB + (isSum ? addMagnitudes(b, a, distance) : subtractMagnitudes(b, a, distance)),
  )
}

/** Answers of `compareUsual`. */
export const LESS: i32 = -1
export const EQUAL: i32 = 0
export const GREATER: i32 = 1
export const UNUSUAL: i32 = 2

/** Of two numbers that are normal or zero. */
export function compareUsual(a: u64, headA: u32, b: u64, headB: u32): i32 {
  const exponentA = headA & 0x7fff
  const exponentB = headB & 0x7fff
  const isZeroA = !(a | exponentA)
  const isZeroB = !(b | exponentB)
  if (!(isZeroA || isNormal(a, exponentA)) || !(isZeroB || isNormal(b, exponentB))) return UNUSUAL
  if (isZeroA && isZeroB) return EQUAL
  const above = headA & SIGN ? LESS : GREATER
  if (isZeroA) return headB & SIGN ? GREATER : LESS
  if (isZeroB || (headA ^ headB) & SIGN) return above
  if (exponentA != exponentB) return exponentA > exponentB ? above : -above
  return a == b ? EQUAL : a > b ? above : -above
}
